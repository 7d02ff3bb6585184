import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import { detailOf, FINGERPRINT_LENGTH, type Seen, UNKNOWN_FINGERPRINT } from '../ledger/seen.ts'
import { keyLines, linesIn } from '../mapping/lines.ts'
import { fieldOn, type LinesRule, type Side } from '../mapping/mapping.ts'
import { fingerprint } from './fingerprint.ts'

/**
 * What was seen of a record's lines: for each line, under the fingerprint of its key, a `Seen` of its fields in the order
 * of the rule. A field of a line that was never seen has another mark than a field of a record: only the record's own
 * may say that a record was never seen in full.
 */
export type LinesSeen = ReadonlyMap<string, Seen>

const UNSEEN_IN_LINE = '........'

/** The name of a line's key in a `LinesSeen`. */
export function lineName(key: string): string {
  return fingerprint(key)
}

/** What a line looks like: fields that it lacks are unknown. */
export function seenOfLine(rule: LinesRule, side: Side, line: { readonly [name: string]: Value }): Seen {
  return rule.fields
    .map((field) => {
      const value = line[fieldOn(field, side)]
      return value === undefined ? UNKNOWN_FINGERPRINT : fingerprint(value)
    })
    .join('')
}

/** What a value's lines look like; null where it holds no lines. Never throws. */
export function detailOfLines(rule: LinesRule, side: Side, value: Value): LinesSeen | null {
  try {
    return new Map(
      keyLines(rule, side, linesIn(value)).map(({ key, line }) => [lineName(key), seenOfLine(rule, side, line)]),
    )
  } catch (error) {
    if (error instanceof SyncError) return null
    throw error
  }
}

/** A head with what tells each line; null: that is not known. */
export function linesEntry(head: string, detail: string | null): string {
  return detail === null ? head : `${head}:${detail}`
}

export function formatDetail(lines: LinesSeen | null): string | null {
  if (lines === null) return null
  return [...lines].map(([name, seen]) => name + seen.replaceAll(UNKNOWN_FINGERPRINT, UNSEEN_IN_LINE)).join('')
}

/** Reads back what `formatDetail` made; null where an entry tells of no lines. */
export function linesSeen(rule: LinesRule, entry: string): LinesSeen | null {
  const detail = detailOf(entry)
  if (detail === null) return null
  const size = FINGERPRINT_LENGTH * (rule.fields.length + 1)
  const lines = new Map<string, Seen>()
  for (let start = 0; start + size <= detail.length; start += size) {
    const line = detail.slice(start, start + size)
    const seen = line.slice(FINGERPRINT_LENGTH).replaceAll(UNSEEN_IN_LINE, UNKNOWN_FINGERPRINT)
    lines.set(line.slice(0, FINGERPRINT_LENGTH), seen)
  }
  return lines
}
