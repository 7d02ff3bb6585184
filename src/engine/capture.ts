import { isSameVersion, type RecordId, type RecordState } from '../contract/change.ts'
import type { NewChange, StoredChange } from '../ledger/change.ts'
import type { Link } from '../ledger/link.ts'
import { seenAt, UNKNOWN_FINGERPRINT } from '../ledger/seen.ts'
import { type FieldRule, fieldOn, flows, type Mapping, otherSide, type Side } from '../mapping/mapping.ts'
import { fingerprint } from './fingerprint.ts'
import { seenOf } from './seen.ts'

/** What the ledger knows of a record. */
export interface Known {
  readonly link: Link | null
  readonly change: StoredChange | null
}

export interface Captured {
  readonly changes: readonly NewChange[]
  /** Linked records that look as they did, read at a new version. */
  readonly touched: readonly { readonly id: RecordId; readonly version: RecordState['version'] }[]
  readonly unchanged: number
}

/**
 * Sorts out what changed from what only passed by: echoes of our own writes, repeats, overlaps. A record counts as
 * changed when a field that matters on this side differs from what was last seen of it, or, while an older state of it
 * still waits to be applied, from that state.
 */
export function capture(
  mapping: Mapping,
  side: Side,
  states: readonly RecordState[],
  known: ReadonlyMap<RecordId, Known>,
): Captured {
  const changes: NewChange[] = []
  const touched: { id: RecordId; version: RecordState['version'] }[] = []
  let unchanged = 0
  for (const state of states) {
    const { link, change } = known.get(state.id) ?? { link: null, change: null }
    if (isChanged(mapping, side, state, link, change)) {
      changes.push(changeOf(side, state))
      continue
    }
    unchanged += 1
    if (link && !isSameVersion(link.version[side], state.version))
      touched.push({ id: state.id, version: state.version })
  }
  return { changes, touched, unchanged }
}

export function changeOf(side: Side, state: RecordState): NewChange {
  const { id, version, changedAtMs, byUs, fields } = state
  return { side, id, kind: 'state', version, changedAtMs, byUs, fields }
}

function isChanged(
  mapping: Mapping,
  side: Side,
  state: RecordState,
  link: Link | null,
  change: StoredChange | null,
): boolean {
  if (change) return change.kind === 'gone' || !isSameState(mapping.fields, side, state, change)
  if (!link) return true
  if (link.state === `${side}-gone`) return true
  if (link.state !== 'live') return false
  return changedRules(mapping.fields, side, state, link).length > 0
}

/** The indexes of the rules whose field on `side` is not what was seen, and whose change there has consequences. */
export function changedRules(
  rules: readonly FieldRule[],
  side: Side,
  state: Pick<RecordState, 'fields'>,
  link: Link,
): readonly number[] {
  const now = seenOf(rules, side, state.fields)
  const before = link.seen[side]
  if (now === before) return []
  const changed: number[] = []
  rules.forEach((rule, index) => {
    const fingerprintNow = seenAt(now, index)
    if (fingerprintNow === UNKNOWN_FINGERPRINT || fingerprintNow === seenAt(before, index)) return
    if (matters(rule, side)) changed.push(index)
  })
  return changed
}

/** Whether a change of this field on `side` leads to anything: it flows to the other side, or is put back from there. */
export function matters(rule: FieldRule, side: Side): boolean {
  return flows(rule.direction, side) || rule.owner === otherSide(side)
}

/** Whether a state shows nothing that a stored change of the same record does not. */
export function isSameState(
  rules: readonly FieldRule[],
  side: Side,
  state: Pick<RecordState, 'fields'>,
  change: Pick<StoredChange, 'fields'>,
): boolean {
  return rules.every((rule) => {
    const name = fieldOn(rule, side)
    const now = state.fields[name]
    if (now === undefined || !matters(rule, side)) return true
    const before = change.fields[name]
    return before !== undefined && fingerprint(now) === fingerprint(before)
  })
}
