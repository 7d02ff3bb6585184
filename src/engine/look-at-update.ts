import type { RecordState } from '../contract/change.ts'
import type { Value } from '../contract/value.ts'
import type { Intent } from '../ledger/intent.ts'
import type { Link } from '../ledger/link.ts'
import { entryAt, seenAt, UNKNOWN_FINGERPRINT, withSeen } from '../ledger/seen.ts'
import { type FieldRule, fieldOn, type LinesRule, otherSide, type Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import { fingerprint } from './fingerprint.ts'
import { areLinesAsSent, areLinesThere, type WrittenLines } from './lines-written.ts'
import { setDelta } from './merge-sets.ts'
import { storedEntry } from './stored-entry.ts'
import { isStoredForm } from './stored-form.ts'

/** An update that was in doubt and was done. */
export interface DoneUpdate {
  readonly intent: Intent
  readonly state: RecordState
}

export interface Finding {
  /** All that was sent is there. */
  readonly isDone: boolean
  /** There is something that we neither knew nor sent: for the next decision to see. */
  readonly isForeign: boolean
  /** With what was surely written. */
  readonly seen: Link['seen'] | null
}

/**
 * Whether what an update in doubt was to write stands there, and what was seen by it.
 * @param beside the update of the link's other side, where that was done, too.
 */
export function lookAtUpdate(
  context: Context,
  intent: Intent,
  state: RecordState,
  link: Link | null,
  beside: DoneUpdate | null,
): Finding {
  const { operation, side } = intent
  if (operation.kind !== 'update') return { isDone: false, isForeign: false, seen: null }
  const seen: Record<Side, Map<number, string>> = { odoo: new Map(), external: new Map() }
  let isDone = true
  let isForeign = false
  context.mapping.fields.forEach((rule, index) => {
    const sent = operation.fields[fieldOn(rule, side)]
    const stored = state.fields[fieldOn(rule, side)]
    if (sent === undefined || stored === undefined) return
    if (rule.set?.side === side) {
      const before = operation.expected?.[fieldOn(rule, side)] ?? null
      if (!isDeltaDone(before, sent, stored)) {
        isDone = false
        return
      }
      // What others added or took out meanwhile is theirs: it is captured, and what we sent was seen.
      isForeign ||= !rule.isSame(side, sent, stored)
      seen[side].set(index, fingerprint(sent))
      const source = seenAt(intent.sourceSeen, index)
      if (source !== UNKNOWN_FINGERPRINT) seen[otherSide(side)].set(index, source)
      return
    }
    const now = fingerprint(stored)
    const isOld = link !== null && now === seenAt(link.seen[side], index)
    const written = writtenOf(rule, intent, state)
    if (!written) return
    const isOurs =
      !isOld &&
      (rule.lines
        ? areLinesOurs(rule.lines, state, side, written)
        : state.byUs === true || isStoredForm(rule, side, sent, stored))
    if (!rule.isSame(side, sent, stored) && !isOurs) {
      isDone = false
      isForeign ||= link !== null && !isOld
      return
    }
    const known = link === null ? null : entryAt(link.seen[side], index)
    seen[side].set(index, storedEntry(rule, side, known, written))
    // What others did to the lines meanwhile is theirs.
    isForeign ||= rule.lines !== undefined && !rule.isSame(side, sent, stored)
    const sentSeen = entryAt(intent.sourceSeen, index)
    if (sentSeen === UNKNOWN_FINGERPRINT) return
    // Lines are written on both sides at once: what was seen there is what it was before the write that is done there.
    const there = beside && writtenOf(rule, beside.intent, beside.state)
    const sourceSeen = there && rule.lines ? storedEntry(rule, otherSide(side), sentSeen, there) : sentSeen
    seen[otherSide(side)].set(index, sourceSeen)
  })
  if (!link) return { isDone, isForeign, seen: null }
  const after = { odoo: withSeen(link.seen.odoo, seen.odoo), external: withSeen(link.seen.external, seen.external) }
  return { isDone, isForeign, seen: after }
}

/** What an update did to a field; null: nothing, or it cannot be known. */
function writtenOf(rule: FieldRule, { operation, side }: Intent, state: RecordState): WrittenLines | null {
  if (operation.kind !== 'update') return null
  const name = fieldOn(rule, side)
  const [sent, stored] = [operation.fields[name], state.fields[name]]
  if (sent === undefined || stored === undefined) return null
  return { before: operation.expected?.[name] ?? null, sent, stored }
}

/** Whether the lines that we sent stand there, whatever stands there besides. */
function areLinesOurs(rule: LinesRule, state: RecordState, side: Side, written: WrittenLines): boolean {
  return areLinesThere(rule, side, written) && (state.byUs === true || areLinesAsSent(rule, side, written))
}

/** Whether a set holds what was to be added to it, and nothing of what was to be taken out. */
function isDeltaDone(before: Value, sent: Value, stored: Value): boolean {
  if (!Array.isArray(sent) || !Array.isArray(stored)) return false
  const { added, removed } = setDelta(Array.isArray(before) ? before : [], sent)
  const names = new Set(stored.map(String))
  return added.every((id) => names.has(String(id))) && !removed.some((id) => names.has(String(id)))
}
