import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import { seenAt, UNKNOWN_FINGERPRINT } from '../ledger/seen.ts'
import { linesIn } from '../mapping/lines.ts'
import { type FieldRule, otherSide, SIDES, type Side } from '../mapping/mapping.ts'
import type { Findings } from './findings.ts'
import { fingerprint } from './fingerprint.ts'
import type { LinesDraft } from './lines-draft.ts'
import { formatDetail, type LinesSeen, linesEntry } from './lines-seen.ts'

/** What is to be done about the lines of a pair. */
export interface LinesPlan extends Findings {
  /** Sides that must be read first; then everything else is void. */
  readonly needs: readonly Side[]
  /** All lines of a side as they are to be, those that stay with what names them there. */
  readonly write: Partial<Record<Side, Value>>
  /** What was seen of a side without any write. */
  readonly seen: Partial<Record<Side, string>>
  /** What was seen of the other side once this side is written. */
  readonly sourceSeen: Partial<Record<Side, string>>
}

/** The plan that a draft comes to, once each line was decided about. `values` are the fields as both sides have them. */
export function linesPlan(draft: LinesDraft, index: number, values: Readonly<Record<Side, Value>>): LinesPlan {
  const { edits, additions, findings, rule, pair } = draft
  const isOpen = findings.conflicts.length > 0 || findings.waitsFor.length > 0
  const isWritten = (side: Side): boolean => edits[side].size > 0 || additions[side].length > 0
  const entry = (side: Side, seen: LinesSeen, isSettled: boolean): string => {
    const now = fingerprint(values[side])
    const before = seenAt(pair.seen[side], index)
    // What is still to be done must look changed the next time.
    const open = before === now ? UNKNOWN_FINGERPRINT : before
    return linesEntry(isSettled ? now : open, formatDetail(seen))
  }
  const plan = { write: {}, seen: {}, sourceSeen: {} } as {
    write: Partial<Record<Side, Value>>
    seen: Partial<Record<Side, string>>
    sourceSeen: Partial<Record<Side, string>>
  }
  const isQuiet = !isOpen && !SIDES.some(isWritten)
  for (const side of SIDES) {
    plan.seen[side] = entry(side, draft.seen[side], isQuiet)
    if (!isWritten(side)) continue
    const kept = linesIn(values[side]).flatMap((line) => {
      const edited = edits[side].get(line)
      return edited === null ? [] : [edited ?? line]
    })
    plan.write[side] = [...kept, ...additions[side]]
    const source = otherSide(side)
    plan.sourceSeen[side] = entry(source, draft.after[source], !isOpen && !isWritten(source))
  }
  return { needs: [], ...plan, ...findings, error: findings.error === null ? null : inField(rule, findings.error) }
}

/** The same failure with the field in front. */
export function inField({ odoo }: FieldRule, error: SyncError): SyncError {
  const hint = error.hint === null ? {} : { hint: error.hint }
  return new SyncError(error.code, `${odoo}: ${error.message}`, { cause: error, ...hint })
}
