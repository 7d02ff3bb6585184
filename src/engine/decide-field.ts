import type { Value } from '../contract/value.ts'
import { seenAt, UNKNOWN_FINGERPRINT } from '../ledger/seen.ts'
import { type FieldRule, fieldOn, flows, otherSide, type References, type Side } from '../mapping/mapping.ts'
import { fingerprint } from './fingerprint.ts'
import { isInStep } from './in-step.ts'
import { commonOrigin } from './merge-sets.ts'
import type { Pair } from './pair.ts'
import type { PlanDraft } from './plan.ts'
import { byPolicy } from './policy.ts'

/** One field as both sides show it. */
interface FieldNow {
  readonly value: Value | undefined
  readonly fingerprint: string | null
  readonly isChanged: boolean
  readonly isSeen: boolean
}

/** A field that is decided about, and the draft that it adds to. */
interface FieldCase {
  readonly draft: PlanDraft
  readonly rule: FieldRule
  readonly index: number
  readonly pair: Pair
  readonly both: Readonly<Record<Side, FieldNow>>
  readonly references: References
}

/** Decides about one field that is not made of lines, and adds what follows to the draft. */
export function decideField(
  draft: PlanDraft,
  rule: FieldRule,
  index: number,
  pair: Pair,
  references: References,
): void {
  const odoo = fieldNow(rule, index, pair, 'odoo')
  const external = fieldNow(rule, index, pair, 'external')
  if (!odoo.isChanged && !external.isChanged) return
  const both = { odoo, external }
  const field: FieldCase = { draft, rule, index, pair, both, references }
  if (rule.isWatched) {
    absorb(field, 'odoo')
    absorb(field, 'external')
    return
  }
  if (odoo.isChanged && external.isChanged) {
    decideBoth(field)
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
    else overwrite(field, to)
    return
  }
  if (!flows(rule.direction, from) || (rule.isKey && both[from].value === null)) {
    absorb(field, from)
    return
  }
  overwrite(field, from)
}

function fieldNow(rule: FieldRule, index: number, pair: Pair, side: Side): FieldNow {
  const before = seenAt(pair.seen[side], index)
  const isSeen = before !== UNKNOWN_FINGERPRINT
  const value = pair.now[side]?.fields[fieldOn(rule, side)]
  if (value === undefined) return { value, fingerprint: null, isChanged: false, isSeen }
  const now = fingerprint(value)
  return { value, fingerprint: now, isChanged: now !== before, isSeen }
}

function decideBoth(field: FieldCase): void {
  const { draft, rule, pair, both, references } = field
  if (isInStep(rule, both, references)) {
    absorb(field, 'odoo')
    absorb(field, 'external')
    return
  }
  if (rule.set?.isMerged && mergeSets(field)) return
  const winner = winnerOf(rule, pair, both)
  if (winner === null) {
    draft.findings.conflicts.push({
      field: rule.name,
      odoo: both.odoo.value ?? null,
      external: both.external.value ?? null,
    })
    return
  }
  if (!flows(rule.direction, winner)) {
    absorb(field, winner)
    absorb(field, otherSide(winner))
    return
  }
  overwrite(field, winner)
}

/**
 * Carries what was added and taken out in a set on the side of keys over to the side of ids, which keeps its own changes.
 * What that makes of the set is a change for the next round to bring back: one write a time, so that a crash between
 * the two leaves nothing half merged. False: what they were changed from is not known, and the policy decides.
 */
function mergeSets(field: FieldCase): boolean {
  const { draft, rule, index, pair, both } = field
  const side = rule.set?.side ?? 'odoo'
  const from = otherSide(side)
  const across = valueAcross(field, from, both[from].value ?? null)
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
  { draft, rule, references }: FieldCase,
  from: Side,
  value: Value,
  current?: Value,
): { readonly value: Value } | null {
  const { findings } = draft
  const translated = rule.translate(from, value, references, current)
  if (translated.kind === 'value') return translated
  if (translated.kind === 'wait') findings.waitsFor.push(translated.for)
  else findings.error ??= translated.error
  if (translated.kind === 'missing') findings.missing.push(translated.missing)
  return null
}

/** Which side's value stays; null: nobody may decide but a person. */
function winnerOf(rule: FieldRule, pair: Pair, both: Readonly<Record<Side, FieldNow>>): Side | null {
  if (rule.direction === 'from-odoo') return 'odoo'
  if (rule.direction === 'to-odoo') return 'external'
  const isFirstContact = !both.odoo.isSeen && !both.external.isSeen
  if (isFirstContact || rule.isKey) {
    if (both.odoo.value === null) return 'external'
    if (both.external.value === null) return 'odoo'
  }
  return rule.owner ?? byPolicy(rule.conflict, pair)
}

function absorb({ draft, index, both }: FieldCase, side: Side): void {
  const now = both[side].fingerprint
  if (now !== null) draft.absorbed[side].set(index, now)
}

/** Plans to write the value of `from` to the other side. */
function overwrite(field: FieldCase, from: Side): void {
  const { draft, rule, index, both, references } = field
  const to = otherSide(from)
  const source = both[from]
  const target = both[to]
  if (source.value === undefined || source.fingerprint === null) return
  if (isInStep(rule, both, references)) {
    absorb(field, from)
    absorb(field, to)
    return
  }
  if (!rule.writable[to].update) {
    absorb(field, from)
    return
  }
  if (rule.readsTarget && target.value === undefined) {
    draft.needs.add(to)
    return
  }
  const translated = valueAcross(field, from, source.value, target.value)
  if (translated === null) return
  if (target.isChanged && target.isSeen && target.value !== undefined) {
    draft.findings.lost.push({ field: rule.name, side: to, value: target.value, winner: source.value })
  }
  draft.write[to][fieldOn(rule, to)] = translated.value
  draft.sourceSeen[to].set(index, source.fingerprint)
}
