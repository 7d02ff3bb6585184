import type { SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import { type FieldConflict, type Seen, UNKNOWN_FINGERPRINT } from '../ledger/ledger.ts'
import { seenAt, withSeen } from '../ledger/seen.ts'
import {
  type FieldRule,
  fieldOn,
  flows,
  type Missing,
  otherSide,
  type RecordRef,
  type References,
  SIDES,
  type Side,
} from '../mapping/mapping.ts'
import { decideLines, type LinesPlan } from './decide-lines.ts'
import { fingerprint } from './fingerprint.ts'
import { commonOrigin } from './merge-sets.ts'
import { byPolicy } from './policy.ts'
import { unknownSeen } from './seen.ts'

/** What is known of one side of a linked pair right now. */
export interface Now {
  readonly fields: Fields
  /** When it changed, in milliseconds since 1970 by our clock (the offset of its own is taken out); null: unknown. */
  readonly changedAtMs: number | null
}

/** A linked pair to decide about. null: nothing says that this side is not as it was seen. */
export interface Pair {
  readonly seen: Readonly<Record<Side, Seen>>
  readonly now: Readonly<Record<Side, Now | null>>
}

/** A value that was overwritten although it had changed as well. */
export interface Lost {
  readonly field: string
  readonly side: Side
  readonly value: Value
  readonly winner: Value
}

export interface Plan {
  /** Fields to write on each side, in that side's names and values. */
  readonly write: Readonly<Record<Side, Fields>>
  /** What a written set is changed from, where that is not what the side holds now: see `Operation.expected`. */
  readonly origin: Readonly<Record<Side, Fields>>
  /** For what is written on a side: the source values' fingerprints, unknown elsewhere. Seen once the write is done. */
  readonly sourceSeen: Readonly<Record<Side, Seen>>
  /** `seen` as it becomes without any write: for fields that turned out to be in step, or that do not flow. */
  readonly seen: Readonly<Record<Side, Seen>>
  readonly conflicts: readonly FieldConflict[]
  readonly lost: readonly Lost[]
  readonly waitsFor: readonly RecordRef[]
  /** Records that must be made before this can be decided. */
  readonly missing: readonly Missing[]
  /** Sides that must be read before this can be decided; then everything else in the plan is void. */
  readonly needs: readonly Side[]
  /** A value that cannot be brought to the other side: the record is parked. */
  readonly error: SyncError | null
}

/** The plan under construction. */
interface Draft {
  write: Record<Side, Record<string, Value>>
  origin: Record<Side, Record<string, Value>>
  sourceSeen: Record<Side, Map<number, string>>
  absorbed: Record<Side, Map<number, string>>
  conflicts: FieldConflict[]
  lost: Lost[]
  waitsFor: RecordRef[]
  missing: Missing[]
  needs: Set<Side>
  error: SyncError | null
}

/** One field as both sides show it. */
interface FieldNow {
  readonly value: Value | undefined
  readonly fingerprint: string | null
  readonly isChanged: boolean
  readonly isSeen: boolean
}

/**
 * The three-way comparison: what each side last looked like, against what it looks like now. Pure.
 *
 * Field by field: changed on one side → written to the other; changed on both to the same → nothing to do; changed on both
 * to different values → the policy picks the winner, and the loser is reported. A field never seen on both sides (first
 * contact, a field new in the mapping) counts as changed on both, but there an empty value never wins over a full one.
 */
export function decide(rules: readonly FieldRule[], pair: Pair, references: References): Plan {
  const draft: Draft = {
    write: { odoo: {}, external: {} },
    origin: { odoo: {}, external: {} },
    sourceSeen: { odoo: new Map(), external: new Map() },
    absorbed: { odoo: new Map(), external: new Map() },
    conflicts: [],
    lost: [],
    waitsFor: [],
    missing: [],
    needs: new Set(),
    error: null,
  }
  rules.forEach((rule, index) => {
    if (rule.lines) addLines(draft, rule, index, decideLines(rule, rule.lines, index, pair, references, decide))
    else decideField(draft, rule, index, pair, references)
  })
  const unknown = unknownSeen(rules)
  return {
    write: draft.write,
    origin: draft.origin,
    sourceSeen: {
      odoo: withSeen(unknown, draft.sourceSeen.odoo),
      external: withSeen(unknown, draft.sourceSeen.external),
    },
    seen: {
      odoo: withSeen(pair.seen.odoo, draft.absorbed.odoo),
      external: withSeen(pair.seen.external, draft.absorbed.external),
    },
    conflicts: draft.conflicts,
    lost: draft.lost,
    waitsFor: draft.waitsFor,
    missing: draft.missing,
    needs: [...draft.needs],
    error: draft.error,
  }
}

function addLines(draft: Draft, rule: FieldRule, index: number, plan: LinesPlan): void {
  for (const side of SIDES) {
    const [written, seen, source] = [plan.write[side], plan.seen[side], plan.sourceSeen[side]]
    if (written !== undefined) draft.write[side][fieldOn(rule, side)] = written
    if (seen !== undefined) draft.absorbed[side].set(index, seen)
    if (source !== undefined) draft.sourceSeen[side].set(index, source)
  }
  for (const side of plan.needs) draft.needs.add(side)
  draft.conflicts.push(...plan.conflicts)
  draft.lost.push(...plan.lost)
  draft.waitsFor.push(...plan.waitsFor)
  draft.missing.push(...plan.missing)
  draft.error ??= plan.error
}

function fieldNow(rule: FieldRule, index: number, pair: Pair, side: Side): FieldNow {
  const before = seenAt(pair.seen[side], index)
  const isSeen = before !== UNKNOWN_FINGERPRINT
  const value = pair.now[side]?.fields[fieldOn(rule, side)]
  if (value === undefined) return { value, fingerprint: null, isChanged: false, isSeen }
  const now = fingerprint(value)
  return { value, fingerprint: now, isChanged: now !== before, isSeen }
}

function decideField(draft: Draft, rule: FieldRule, index: number, pair: Pair, references: References): void {
  const odoo = fieldNow(rule, index, pair, 'odoo')
  const external = fieldNow(rule, index, pair, 'external')
  if (!odoo.isChanged && !external.isChanged) return
  const both = { odoo, external }
  if (rule.isWatched) {
    absorb(draft, index, 'odoo', both)
    absorb(draft, index, 'external', both)
    return
  }
  if (odoo.isChanged && external.isChanged) {
    decideBoth(draft, rule, index, pair, both, references)
    return
  }

  const from: Side = odoo.isChanged ? 'odoo' : 'external'
  const to = otherSide(from)
  if (both[to].value === undefined && !both[to].isSeen) {
    // Never seen over there: whether it is in step can only be told by looking.
    if (pair.now[to] === null) draft.needs.add(to)
    return
  }
  if (rule.owner === to && flows(rule.direction, to)) {
    if (both[to].value === undefined) draft.needs.add(to)
    else overwrite(draft, rule, index, to, both, references)
    return
  }
  if (!flows(rule.direction, from) || (rule.isKey && both[from].value === null)) {
    absorb(draft, index, from, both)
    return
  }
  overwrite(draft, rule, index, from, both, references)
}

function decideBoth(
  draft: Draft,
  rule: FieldRule,
  index: number,
  pair: Pair,
  both: Record<Side, FieldNow>,
  references: References,
): void {
  if (isInStep(rule, both, references)) {
    absorb(draft, index, 'odoo', both)
    absorb(draft, index, 'external', both)
    return
  }
  if (rule.set?.isMerged && mergeSets(draft, rule, index, pair, both, references)) return
  const winner = winnerOf(rule, pair, both)
  if (winner === null) {
    draft.conflicts.push({ field: rule.name, odoo: both.odoo.value ?? null, external: both.external.value ?? null })
    return
  }
  if (!flows(rule.direction, winner)) {
    absorb(draft, index, winner, both)
    absorb(draft, index, otherSide(winner), both)
    return
  }
  overwrite(draft, rule, index, winner, both, references)
}

/**
 * Carries what was added and taken out in a set on the side of keys over to the side of ids, which keeps its own changes.
 * What that makes of the set is a change for the next round to bring back: one write a time, so that a crash between
 * the two leaves nothing half merged. False: what they were changed from is not known, and the policy decides.
 */
function mergeSets(
  draft: Draft,
  rule: FieldRule,
  index: number,
  pair: Pair,
  both: Record<Side, FieldNow>,
  references: References,
): boolean {
  const side = rule.set?.side ?? 'odoo'
  const from = otherSide(side)
  const across = valueAcross(draft, rule, from, both[from].value ?? null, references)
  if (across === null) return true
  const theirs = across.value
  const ours = both[side].value ?? []
  if (!Array.isArray(ours) || !Array.isArray(theirs)) return false
  const isFirstContact = !both.odoo.isSeen && !both.external.isSeen
  const origin = isFirstContact ? [] : commonOrigin(ours, theirs, seenAt(pair.seen[side], index))
  if (origin === null) return false
  draft.write[side][fieldOn(rule, side)] = theirs
  draft.origin[side][fieldOn(rule, side)] = origin
  const source = both[from].fingerprint
  if (source !== null) draft.sourceSeen[side].set(index, source)
  return true
}

/** The value as the other side would write it; null: it waits, is missing or wrong, and the draft says so. */
function valueAcross(
  draft: Draft,
  rule: FieldRule,
  from: Side,
  value: Value,
  references: References,
  current?: Value,
): { readonly value: Value } | null {
  const translated = rule.translate(from, value, references, current)
  if (translated.kind === 'value') return translated
  if (translated.kind === 'wait') draft.waitsFor.push(translated.for)
  else draft.error ??= translated.error
  if (translated.kind === 'missing') draft.missing.push(translated.missing)
  return null
}

/** Which side's value stays; null: nobody may decide but a person. */
function winnerOf(rule: FieldRule, pair: Pair, both: Record<Side, FieldNow>): Side | null {
  if (rule.direction === 'from-odoo') return 'odoo'
  if (rule.direction === 'to-odoo') return 'external'
  const isFirstContact = !both.odoo.isSeen && !both.external.isSeen
  if (isFirstContact || rule.isKey) {
    if (both.odoo.value === null) return 'external'
    if (both.external.value === null) return 'odoo'
  }
  return rule.owner ?? byPolicy(rule.conflict, pair)
}

/** Whether both sides already say the same, whichever way one looks at it. */
export function isInStep(
  rule: FieldRule,
  both: Record<Side, { value: Value | undefined }>,
  references: References,
): boolean {
  const { odoo, external } = both
  if (odoo.value === undefined || external.value === undefined) return false
  const isSame = references.isSameContent?.(odoo.value, external.value)
  if (isSame !== undefined) return isSame
  const there = rule.translate('odoo', odoo.value, references, external.value)
  if (there.kind === 'value' && rule.isSame('external', there.value, external.value)) return true
  const back = rule.translate('external', external.value, references, odoo.value)
  return back.kind === 'value' && rule.isSame('odoo', back.value, odoo.value)
}

function absorb(draft: Draft, index: number, side: Side, both: Record<Side, FieldNow>): void {
  const now = both[side].fingerprint
  if (now !== null) draft.absorbed[side].set(index, now)
}

/** Plans to write the value of `from` to the other side. */
function overwrite(
  draft: Draft,
  rule: FieldRule,
  index: number,
  from: Side,
  both: Record<Side, FieldNow>,
  references: References,
): void {
  const to = otherSide(from)
  const source = both[from]
  const target = both[to]
  if (source.value === undefined || source.fingerprint === null) return
  if (isInStep(rule, both, references)) {
    absorb(draft, index, from, both)
    absorb(draft, index, to, both)
    return
  }
  if (!rule.writable[to].update) {
    absorb(draft, index, from, both)
    return
  }
  if (rule.readsTarget && target.value === undefined) {
    draft.needs.add(to)
    return
  }
  const translated = valueAcross(draft, rule, from, source.value, references, target.value)
  if (translated === null) return
  if (target.isChanged && target.isSeen && target.value !== undefined) {
    draft.lost.push({ field: rule.name, side: to, value: target.value, winner: source.value })
  }
  draft.write[to][fieldOn(rule, to)] = translated.value
  draft.sourceSeen[to].set(index, source.fingerprint)
}
