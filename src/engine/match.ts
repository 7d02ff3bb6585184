import type { RecordId, RecordState } from '../contract/change.ts'
import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import type { StoredChange } from '../ledger/change.ts'
import type { Link } from '../ledger/link.ts'
import { fold, keyText } from '../mapping/key.ts'
import { fieldOn, type KeyRule, otherSide, type Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import { idOn } from './job.ts'
import { resolveReferences } from './references.ts'

/** What the other side has for a record without a link. */
export type Match =
  | { readonly kind: 'none' }
  | { readonly kind: 'one'; readonly state: RecordState }
  /** The record found had a partner that was deleted: its tombstone becomes this record's link. */
  | { readonly kind: 'tombstone'; readonly state: RecordState; readonly link: Link }
  /** They were linked since the change was taken: it is decided again, with the link. */
  | { readonly kind: 'linked' }
  /** A person must say which belongs to which. */
  | { readonly kind: 'ambiguous'; readonly error: SyncError }

const NONE: Match = { kind: 'none' }

/** Said where a person mends it in the systems: see `match-again.ts`. */
const GOES_ON = 'Then it goes on by itself.'
const GIVE_EACH_ITS_OWN = `Give each its own, or merge them. ${GOES_ON}`

/**
 * Finds, for records of `side` without a link, the records on the other side that are the same thing: by the key, then by
 * each further rule. Existing data is adopted, never doubled, and never guessed at: several candidates, or several
 * claimants for one, are ambiguous.
 */
export async function matchRecords(
  context: Context,
  side: Side,
  changes: readonly StoredChange[],
  signal: AbortSignal,
): Promise<ReadonlyMap<RecordId, Match>> {
  const matches = new Map<RecordId, Match>()
  const taken = new Set<RecordId>()
  let open = changes
  for (const [index, rule] of context.mapping.match.entries()) {
    if (open.length === 0) break
    const scope = index === 0 ? await scopeOf(context, side, open, signal) : NO_SCOPE
    const found = await matchByRule(context, side, open, { ...rule, scope, isKey: index === 0 }, taken, signal)
    for (const [id, match] of found) matches.set(id, match)
    open = open.filter((change) => !matches.has(change.id))
  }
  for (const change of open) matches.set(change.id, NONE)
  return matches
}

/** Within what a key names a record, as text. The key of a record without an answer cannot be compared yet. */
interface Scope {
  /** Of a record of the side that is matched, in the terms of the other side. */
  across(change: StoredChange): string | null
  /** Of a record of a side, in that side's own terms. */
  own(side: Side, fields: StoredChange['fields']): string
}

const NO_SCOPE: Scope = { across: () => '', own: () => '' }

/** A rule by which records are matched. */
interface MatchRule extends KeyRule {
  readonly scope: Scope
  readonly isKey: boolean
}

async function scopeOf(
  context: Context,
  side: Side,
  changes: readonly StoredChange[],
  signal: AbortSignal,
): Promise<Scope> {
  const { within } = context.mapping.key
  if (!within) return NO_SCOPE
  const references = await resolveReferences(
    context,
    changes.map(({ fields }) => ({ side, fields })),
    signal,
  )
  return {
    across(change) {
      const translated = within.translate(side, change.fields[fieldOn(within, side)] ?? null, references)
      return translated.kind === 'value' ? scopeText(translated.value) : null
    },
    own: (each, fields) => scopeText(fields[fieldOn(within, each)] ?? null),
  }
}

/** The number 7 and the text "7" are the same, as they are in a key. */
function scopeText(value: Value): string {
  return keyText(value) ?? ''
}

async function matchByRule(
  context: Context,
  side: Side,
  changes: readonly StoredChange[],
  rule: MatchRule,
  taken: Set<RecordId>,
  signal: AbortSignal,
): Promise<ReadonlyMap<RecordId, Match>> {
  const target = otherSide(side)
  const claimants = groupByKey(changes, side, rule, rule.scope.across)
  const matches = new Map<RecordId, Match>()
  const candidates = await findByKey(context, target, rule, valuesOf(claimants, side, rule), signal)
  const links = await context.ledger.links(
    context.mapping.name,
    target,
    [...candidates.values()].flat().map((state) => state.id),
  )
  const adopting: StoredChange[] = []
  for (const [key, sameKey] of claimants) {
    const found = candidates.get(key) ?? []
    if (found.length === 0 && sameKey.length === 1) continue
    const isLinked = (change: StoredChange): boolean =>
      found.some((state) => links.get(state.id)?.state === 'live' && idOfLink(links.get(state.id), side) === change.id)
    const free = found.filter((state) => !taken.has(state.id) && isFree(links.get(state.id), side))
    for (const change of sameKey) {
      if (isLinked(change)) {
        matches.set(change.id, { kind: 'linked' })
        continue
      }
      const match = chooseMatch(side, rule, key, found, free, links, sameKey)
      if (match) matches.set(change.id, match)
      if (match?.kind === 'one' || match?.kind === 'tombstone') {
        taken.add(match.state.id)
        adopting.push(change)
      }
    }
  }
  await refuseRivals(context, side, rule, adopting, matches, taken, signal)
  return matches
}

/** Records with the same key on one side are one group; a record without a value has no key here. */
function groupByKey(
  changes: readonly StoredChange[],
  side: Side,
  rule: KeyRule,
  scopeOfChange: (change: StoredChange) => string | null,
): ReadonlyMap<string, readonly StoredChange[]> {
  const groups = new Map<string, StoredChange[]>()
  for (const change of changes) {
    const key = scopedKey(foldedKey(change.fields[fieldOn(rule, side)], rule), scopeOfChange(change))
    if (key === null) continue
    const group = groups.get(key)
    if (group) group.push(change)
    else groups.set(key, [change])
  }
  return groups
}

function valuesOf(groups: ReadonlyMap<string, readonly StoredChange[]>, side: Side, rule: KeyRule): readonly Value[] {
  return [...groups.values()].map(([first]) => first?.fields[fieldOn(rule, side)] ?? null)
}

/** The records of a side by folded key. */
async function findByKey(
  context: Context,
  side: Side,
  rule: MatchRule,
  values: readonly Value[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly RecordState[]>> {
  const { sink } = context.sides[side].collection
  const groups = new Map<string, RecordState[]>()
  if (!sink || values.length === 0) return groups
  for (const state of await sink.find({ field: fieldOn(rule, side), values, fold: rule.fold }, signal)) {
    const key = scopedKey(foldedKey(state.fields[fieldOn(rule, side)], rule), rule.scope.own(side, state.fields))
    if (key === null) continue
    const group = groups.get(key)
    if (group) group.push(state)
    else groups.set(key, [state])
  }
  return groups
}

function idOfLink(link: Link | undefined, side: Side): RecordId | null {
  return link ? idOn(link, side) : null
}

function isFree(link: Link | undefined, side: Side): boolean {
  return link === undefined || link.state === `${side}-gone`
}

function chooseMatch(
  side: Side,
  rule: MatchRule,
  key: string,
  found: readonly RecordState[],
  free: readonly RecordState[],
  links: ReadonlyMap<RecordId, Link>,
  claimants: readonly StoredChange[],
): Match | null {
  const what = nameOf(rule, side, key)
  const { isKey } = rule
  const target = otherSide(side)
  if (claimants.length > 1 && (isKey || free.length > 0)) {
    const ids = claimants.map((change) => change.id).join(', ')
    return ambiguous(`${what} is carried by several ${side} records: ${ids}.`, GIVE_EACH_ITS_OWN)
  }
  if (free.length > 1) {
    const ids = free.map((state) => state.id).join(', ')
    return ambiguous(
      `${what} fits several ${target} records: ${ids}.`,
      `Keep one of them, or change the others. ${GOES_ON}`,
    )
  }
  const [only] = free
  if (only) {
    const link = links.get(only.id)
    return link ? { kind: 'tombstone', state: only, link } : { kind: 'one', state: only }
  }
  const [other] = found
  if (!isKey || !other) return null
  const link = links.get(other.id)
  const owner = link ? `${side} ${idOn(link, side)}` : `another ${side} record`
  return ambiguous(
    `${what} belongs to ${target} ${other.id}, which is linked with ${owner}.`,
    `Give this one its own key. ${GOES_ON}`,
  )
}

/** Before a record is adopted: does another record of its own side, seen or not, lay claim to the same key? */
async function refuseRivals(
  context: Context,
  side: Side,
  rule: MatchRule,
  adopting: readonly StoredChange[],
  matches: Map<RecordId, Match>,
  taken: Set<RecordId>,
  signal: AbortSignal,
): Promise<void> {
  const groups = groupByKey(adopting, side, rule, ({ fields }) => rule.scope.own(side, fields))
  const rivals = await findByKey(context, side, rule, valuesOf(groups, side, rule), signal)
  for (const [key, [change]] of groups) {
    const others = (rivals.get(key) ?? []).filter((state) => state.id !== change?.id)
    if (!change || others.length === 0) continue
    const match = matches.get(change.id)
    if (match?.kind === 'one' || match?.kind === 'tombstone') taken.delete(match.state.id)
    const ids = [change.id, ...others.map((state) => state.id)].join(', ')
    matches.set(
      change.id,
      ambiguous(`${nameOf(rule, side, key)} is carried by several ${side} records: ${ids}.`, GIVE_EACH_ITS_OWN),
    )
  }
}

function ambiguous(message: string, hint: string): Match {
  return { kind: 'ambiguous', error: new SyncError('key', message, { hint }) }
}

/** A key and what it holds in, as one text: no key holds the character zero. */
function scopedKey(key: string | null, scope: string | null): string | null {
  if (key === null || scope === null) return null
  return scope === '' ? key : `${key}\0${scope}`
}

function nameOf(rule: KeyRule, side: Side, scoped: string): string {
  const [key = '', scope] = scoped.split('\0')
  return `${fieldOn(rule, side)} "${key}"${scope === undefined ? '' : ` (within ${scope})`}`
}

/** A value as a rule compares it; null: it names nothing. */
export function foldedKey(value: Value | undefined, rule: KeyRule): string | null {
  const text = keyText(value ?? null)
  return text === null ? null : fold(text, rule.fold)
}
