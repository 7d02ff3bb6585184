import type { FieldRule, Side } from '../mapping/mapping.ts'
import { fingerprint } from './fingerprint.ts'
import { linesSeen } from './lines-seen.ts'
import { linesAfterWrite, type WrittenLines } from './lines-written.ts'

/** What was seen of a value that we sent. `known`: the field's entry before that. */
export function storedEntry(rule: FieldRule, side: Side, known: string | null, written: WrittenLines): string {
  if (!rule.lines) return fingerprint(written.stored)
  const base = known === null ? null : linesSeen(rule.lines, known)
  return linesAfterWrite(rule.lines, side, base, written).entry
}
