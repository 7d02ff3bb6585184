import type { RecordState } from '../contract/change.ts'
import { asSyncError, SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import { changeOf } from '../engine/capture.ts'
import type { Context } from '../engine/context.ts'
import { type Draft, newDraft, settle } from '../engine/draft.ts'
import { fingerprint } from '../engine/fingerprint.ts'
import { idOn } from '../engine/job.ts'
import { readRecords } from '../engine/pull.ts'
import type { RunMemory } from '../engine/run-memory.ts'
import { entryOf } from '../engine/seen.ts'
import type { FieldConflict, StoredChange } from '../ledger/change.ts'
import type { Link } from '../ledger/link.ts'
import { UNKNOWN_FINGERPRINT, withSeen } from '../ledger/seen.ts'
import { type FieldRule, fieldOn, otherSide, SIDES, type Side } from '../mapping/mapping.ts'
import { didYouMean } from '../mapping/suggestion.ts'
import { changedError, putValues } from './put-values.ts'
import type { RecordName } from './site.ts'
import { leftOf, workOff } from './work-off.ts'

const PAGE = 200

/** A side whose value counts, or a value in the terms of `side` that both sides get. */
export type Choice = { readonly take: Side } | { readonly value: Value; readonly side: Side }

/** Decides conflicts of fields in a person's place of the mapping's policy, and carries the decision out. */
export interface ResolveJob {
  readonly kind: 'resolve'
  readonly mapping: string
  /** null: every conflict of the mapping. */
  readonly records: readonly RecordName[] | null
  /** For each field in conflict that `fields` does not name; null: those stay in conflict. */
  readonly take: Side | null
  /** By the pair's name ("email:email") or the field's name on either side. */
  readonly fields: Readonly<Record<string, Choice>>
  readonly by: string
}

export interface ResolveResult {
  readonly mapping: string
  readonly resolved: number
  /** Records that are still in conflict or could not be written, and why. */
  readonly left: readonly (RecordName & { readonly state: StoredChange['state'] | null; readonly message: string })[]
}

export interface ResolveProgress {
  readonly resolved: number
  readonly left: number
}

/** A linked pair in conflict, as both sides are now. */
interface Pair {
  readonly name: RecordName
  readonly link: Link
  readonly conflicts: readonly FieldConflict[]
  readonly now: Record<Side, RecordState>
}

/**
 * Where a side's value is taken, the other side counts as seen the way it is, so that only the winner has changed: what
 * follows is an ordinary update, guarded against edits that come in between. The value that loses is kept in the history.
 * A record that is not as the conflict shows it is left alone. May be repeated.
 */
export async function resolveConflicts(
  context: Context,
  job: ResolveJob,
  memory: RunMemory,
  onProgress: (progress: ResolveProgress) => void,
  signal: AbortSignal,
): Promise<ResolveResult> {
  const left: ResolveResult['left'][number][] = []
  let resolved = 0
  for await (const names of pagesOf(context, job)) {
    const decided: Pair[] = []
    for (const name of names) {
      try {
        decided.push(await decideOne(context, job, name, signal))
      } catch (thrown) {
        const error = asSyncError(thrown)
        if (job.records?.length === 1 || error.disposition === 'halt' || signal.aborted) throw error
        left.push({ ...name, state: 'conflict', message: error.advice })
      }
    }
    await workOff(context, memory, signal)
    for (const { name, link } of decided) {
      const change = await leftOf(context, { odoo: link.odooId, external: link.externalId })
      if (change) left.push({ ...name, state: change.state, message: reasonOf(change) })
      else resolved += 1
    }
    onProgress({ resolved, left: left.length })
  }
  return { mapping: context.mapping.name, resolved, left }
}

function reasonOf({ state, fault, conflicts }: StoredChange): string {
  if (fault) return fault.message
  if (state === 'conflict') return `still in conflict: ${conflicts.map(({ field }) => field).join(', ')}`
  return `is ${state}`
}

/** Pages of the records to decide about. What is left in conflict does not come again. */
async function* pagesOf({ ledger, mapping }: Context, { records }: ResolveJob): AsyncGenerator<readonly RecordName[]> {
  if (records) {
    for (let start = 0; start < records.length; start += PAGE) yield records.slice(start, start + PAGE)
    return
  }
  const done = new Set<number>()
  for (let afterSeq: number | undefined; ; ) {
    const from = afterSeq === undefined ? {} : { afterSeq }
    const page = await ledger.changes(mapping.name, { state: 'conflict', limit: PAGE, ...from })
    const fresh = page.filter(({ link }) => link !== null && !done.has(link.id) && done.add(link.id))
    const names = fresh.filter(({ change }) => change.conflicts.length > 0)
    if (names.length > 0) yield names.map(({ change: { side, id } }) => ({ side, id }))
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    afterSeq = last.change.seq
  }
}

async function decideOne(context: Context, job: ResolveJob, name: RecordName, signal: AbortSignal): Promise<Pair> {
  const pair = await readPair(context, name, signal)
  const choices = choicesOf(context, job, pair)
  checkUnchanged(context, pair, [...choices.keys()])
  const nowMs = context.clock.nowMs()
  const draft = newDraft(nowMs)
  const replaced: Record<Side, Map<number, string>> = { odoo: new Map(), external: new Map() }
  for (const [rule, choice] of choices) {
    const winner = 'take' in choice ? choice.take : choice.side
    if ('value' in choice) await putTyped(context, job, pair, rule, choice, signal)
    const loser = otherSide(winner)
    const index = context.mapping.fields.indexOf(rule)
    const lost = pair.now[loser].fields[fieldOn(rule, loser)] ?? null
    replaced[loser].set(index, entryOf(rule, loser, lost))
    replaced[winner].set(index, UNKNOWN_FINGERPRINT)
    tellOfLoser(
      context,
      job,
      pair,
      rule,
      { loser, lost, winner: pair.now[winner].fields[fieldOn(rule, winner)] ?? null },
      draft,
    )
  }
  const { link } = pair
  const seen = {
    odoo: withSeen(link.seen.odoo, replaced.odoo),
    external: withSeen(link.seen.external, replaced.external),
  }
  draft.links.push({ kind: 'update', id: link.id, seen })
  for (const side of SIDES) draft.changes.push(changeOf(side, pair.now[side]))
  await settle(context, draft)
  return pair
}

async function readPair(context: Context, name: RecordName, signal: AbortSignal): Promise<Pair> {
  const { ledger, mapping } = context
  const link = (await ledger.links(mapping.name, name.side, [name.id])).get(name.id)
  const found = link && (await conflictOf(context, link))
  if (!link || !found) {
    throw new SyncError('config', `${mapping.name} has no fields in conflict for ${name.side} ${name.id}.`, {
      hint: `See which there are: tandem conflicts list ${mapping.name}`,
    })
  }
  const now: Partial<Record<Side, RecordState>> = {}
  for (const side of SIDES) {
    const record = (await readRecords(context, side, [idOn(link, side)], signal)).get(idOn(link, side))
    if (!record)
      throw new SyncError('invalid', `${context.sides[side].schema.name} ${idOn(link, side)} does not exist any more.`)
    now[side] = record
  }
  return { name, link, conflicts: found.conflicts, now: now as Record<Side, RecordState> }
}

async function conflictOf({ ledger, mapping }: Context, link: Link): Promise<StoredChange | null> {
  for (const side of SIDES) {
    const change = (await ledger.known(mapping.name, side, [idOn(link, side)])).get(idOn(link, side))?.change
    if (change?.state === 'conflict' && change.conflicts.length > 0) return change
  }
  return null
}

/** What was chosen for each pair in conflict. @throws SyncError `invalid` for a field that is not in conflict. */
function choicesOf({ mapping }: Context, job: ResolveJob, { conflicts }: Pair): ReadonlyMap<FieldRule, Choice> {
  const rules = new Map<string, FieldRule>()
  for (const { field } of conflicts) {
    // A line's conflict is told as "order_line[10].qty"; the decision is about all lines of the record.
    const rule = mapping.fields.find(({ name, odoo, external }) => {
      return (
        name === field || [odoo, external].some((each) => field.startsWith(`${each}[`)) || field.startsWith(`${name}[`)
      )
    })
    if (rule) rules.set(rule.name, rule)
  }
  const choices = new Map<FieldRule, Choice>()
  for (const [name, choice] of Object.entries(job.fields)) {
    const rule = [...rules.values()].find((each) => [each.name, each.odoo, each.external].includes(name))
    if (!rule) {
      const known = [...rules.values()]
      const names = known.map((each) => each.name)
      const guess = didYouMean(name, [...new Set(known.flatMap((each) => [each.odoo, each.external]))])
      throw new SyncError('invalid', `"${name}" is not in conflict${guess}; in conflict: ${names.join(', ')}.`)
    }
    choices.set(rule, choice)
  }
  if (job.take) for (const rule of rules.values()) if (!choices.has(rule)) choices.set(rule, { take: job.take })
  if (choices.size === 0) throw new SyncError('config', 'Say for at least one field whose value counts.')
  return choices
}

/** The person decided about the values that the conflict shows, not about later ones. */
function checkUnchanged(context: Context, { conflicts, now, link }: Pair, rules: readonly FieldRule[]): void {
  for (const rule of rules) {
    const conflict = conflicts.find(({ field }) => field === rule.name)
    if (!conflict || rule.lines) continue
    for (const side of SIDES) {
      const name = fieldOn(rule, side)
      const value = now[side].fields[name]
      if (value !== undefined && fingerprint(value) !== fingerprint(conflict[side])) {
        throw changedError(context.sides[side].schema.name, idOn(link, side), name)
      }
    }
  }
}

async function putTyped(
  context: Context,
  { by }: ResolveJob,
  pair: Pair,
  rule: FieldRule,
  { value, side }: Extract<Choice, { readonly value: Value }>,
  signal: AbortSignal,
): Promise<void> {
  const field = fieldOn(rule, side)
  const put = { side, id: idOn(pair.link, side), fields: { [field]: value }, expected: null, note: { by } }
  pair.now[side] = await putValues(context, put, signal)
}

function tellOfLoser(
  context: Context,
  { by }: ResolveJob,
  { link }: Pair,
  rule: FieldRule,
  { loser, lost, winner }: { readonly loser: Side; readonly lost: Value; readonly winner: Value },
  draft: Draft,
): void {
  const { odooId, externalId, key } = link
  const values = context.options.keepsValues ? { value: lost, winner } : {}
  const detail = { field: rule.name, ...values, by }
  draft.history.push({ atMs: draft.nowMs, event: 'lost', side: loser, odooId, externalId, key, detail })
}
