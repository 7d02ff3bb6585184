import { asSyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import type { StoredChange } from '../ledger/change.ts'
import type { Work } from '../ledger/work.ts'
import { keyText } from '../mapping/key.ts'
import { fieldOn, flows, otherSide, type References, type Side } from '../mapping/mapping.ts'
import { assignKeys, hasKey } from './assign-key.ts'
import { changeOf, isSameState } from './capture.ts'
import type { Context } from './context.ts'
import { type CreatePlan, planCreate } from './create.ts'
import { createMissing, type Refusals, refusalOf } from './create-missing.ts'
import { decide } from './decide.ts'
import { type Draft, faultOf, keep, keepFailed, resolve } from './draft.ts'
import { isBrought } from './is-brought.ts'
import { type Job, jobOf } from './job.ts'
import { type Match, matchRecords } from './match.ts'
import { nowOf } from './now.ts'
import { resolveReferences, type SideFields } from './references.ts'
import { unknownSeen } from './seen.ts'

/** Shared by all creates. */
const NOTHING: Fields = {}

interface Newcomer {
  readonly work: Work
  readonly change: StoredChange
}

/** Records of `side` without a link: adopted where the other side has them already, otherwise named and created, or left. */
export async function planUnlinked(
  context: Context,
  side: Side,
  works: readonly Work[],
  draft: Draft,
  signal: AbortSignal,
): Promise<readonly Job[]> {
  const newcomers: Newcomer[] = []
  for (const work of works) {
    const change = work[side]
    if (!change) continue
    // Deleted before it was ever linked, or not to be created over there: nothing to do.
    if (change.kind === 'gone' || !flows(context.mapping.direction, side)) resolve(draft, change, 'unchanged')
    else if (isWanted(context, side, change, draft)) newcomers.push({ work, change })
  }
  if (newcomers.length === 0) return []
  const changes = newcomers.map(({ change }) => change)
  const matches = await matchRecords(context, side, changes, signal)
  const translated = fieldsToTranslate(side, changes, matches)
  let references = await resolveReferences(context, translated, signal)
  const isCreated = context.mapping.creates[side]
  const creating = newcomers.filter(
    ({ change }) => isCreated && matches.get(change.id)?.kind === 'none' && hasKey(context, side, change),
  )
  let plans = planCreates(context, side, creating, references)
  const missing = plans.flatMap((plan) => plan.missing)
  let refusals: Refusals = new Map()
  if (missing.length > 0) {
    refusals = await createMissing(context, missing, signal)
    references = await resolveReferences(context, translated, signal)
    plans = planCreates(context, side, creating, references)
  }
  const nameless: Newcomer[] = []
  const jobs: Job[] = []
  let planned = 0
  for (const newcomer of newcomers) {
    if (newcomer === creating[planned]) {
      const job = planCreation(context, side, newcomer, plans[planned] as CreatePlan, refusals, draft)
      planned += 1
      if (job) jobs.push(job)
      continue
    }
    const match = matches.get(newcomer.change.id) ?? { kind: 'none' }
    if (match.kind === 'linked') continue
    if (match.kind === 'ambiguous') keepAmbiguous(context, draft, newcomer.change, match)
    else if (match.kind !== 'none') jobs.push(planAdoption(context, side, newcomer, match, references))
    else if (isCreated) nameless.push(newcomer)
    else resolve(draft, newcomer.change, 'unchanged')
  }
  return [...jobs, ...(await planNaming(context, side, nameless, draft, signal))]
}

/** Whether the mapping's condition lets a record be brought over; what is not wanted, or cannot be told, is dealt with. */
function isWanted(context: Context, side: Side, change: StoredChange, draft: Draft): boolean {
  try {
    if (isBrought(context.mapping, side, change.fields)) return true
    resolve(draft, change, 'unchanged')
  } catch (error) {
    keepFailed(context, draft, change, asSyncError(error))
  }
  return false
}

function planCreates(
  context: Context,
  side: Side,
  creating: readonly Newcomer[],
  references: References,
): readonly CreatePlan[] {
  return creating.map(({ change }) =>
    planCreate(context.mapping, side, change.fields, references, change.omitsReferences),
  )
}

function fieldsToTranslate(
  side: Side,
  changes: readonly StoredChange[],
  matches: ReadonlyMap<string, Match>,
): readonly SideFields[] {
  const found: SideFields[] = []
  for (const match of matches.values()) {
    if ('state' in match) found.push({ side: otherSide(side), fields: match.state.fields })
  }
  return found.length === 0 ? changes : [...changes, ...found]
}

function keepAmbiguous(
  context: Context,
  draft: Draft,
  change: StoredChange,
  match: Extract<Match, { kind: 'ambiguous' }>,
): void {
  keep(draft, change, { state: 'conflict', fault: faultOf(match.error) })
  draft.events.push({
    mapping: context.mapping.name,
    kind: 'conflict',
    side: change.side,
    odooId: change.side === 'odoo' ? change.id : null,
    externalId: change.side === 'external' ? change.id : null,
    key: keyText(change.fields[fieldOn(context.mapping.key, change.side)] ?? null),
    message: match.error.message,
  })
}

/** Joins two records that exist. What they differ in is decided in the next round, when the link is there. */
function planAdoption(
  context: Context,
  side: Side,
  { work, change }: Newcomer,
  match: Extract<Match, { kind: 'one' | 'tombstone' }>,
  references: References,
): Job {
  const { fields: rules } = context.mapping
  const other = otherSide(side)
  const unknown = unknownSeen(rules)
  const now = { [side]: nowOf(context, side, change), [other]: nowOf(context, other, match.state) }
  const plan = decide(
    rules,
    { seen: { odoo: unknown, external: unknown }, now: { odoo: now.odoo ?? null, external: now.external ?? null } },
    references,
  )
  const odooId = side === 'odoo' ? change.id : match.state.id
  const externalId = side === 'odoo' ? match.state.id : change.id
  return jobOf(work, {
    seen: plan.seen,
    adopts: { odooId, externalId, state: match.state },
    revives: match.kind === 'tombstone' ? match.link : null,
  })
}

function planCreation(
  context: Context,
  side: Side,
  { work, change }: Newcomer,
  plan: CreatePlan,
  refusals: Refusals,
  draft: Draft,
): Job | null {
  if (plan.error) {
    keepFailed(context, draft, change, refusalOf(refusals, plan.missing, plan.error))
    return null
  }
  if (plan.waitsFor.length > 0) {
    keep(draft, change, { state: 'waiting', waitsFor: plan.waitsFor })
    return null
  }
  return jobOf(work, {
    writes: [
      {
        side: otherSide(side),
        operation: { kind: 'create', fields: plan.fields },
        event: 'created',
        before: NOTHING,
        sourceSeen: plan.sourceSeen,
        key: keyText(change.fields[fieldOn(context.mapping.key, side)] ?? null),
      },
    ],
    waitsFor: plan.omitted,
  })
}

/**
 * Gives keys to records that have none, and writes them where writing is allowed. They are created in the next round,
 * under that key.
 */
async function planNaming(
  context: Context,
  side: Side,
  nameless: readonly Newcomer[],
  draft: Draft,
  signal: AbortSignal,
): Promise<readonly Job[]> {
  if (nameless.length === 0) return []
  const changes = nameless.map(({ change }) => change)
  const field = fieldOn(context.mapping.key, side)
  let keys: readonly Value[]
  try {
    keys = await assignKeys(context, side, changes, signal)
  } catch (thrown) {
    const error = asSyncError(thrown)
    if (error.code !== 'key') throw error
    for (const change of changes) keepFailed(context, draft, change, error)
    return []
  }
  context.crashPoint('key-assigned')
  const keyRule = context.mapping.fields.find((rule) => rule.isKey)
  const isWritten = flows(context.mapping.direction, otherSide(side)) && (keyRule?.writable[side].update ?? false)
  const current = isWritten
    ? await context.sides[side].collection.sink?.read(
        changes.map(({ id }) => id),
        signal,
      )
    : undefined
  const jobs: Job[] = []
  for (const [index, { work, change }] of nameless.entries()) {
    const key = keys[index] ?? null
    const state = current?.get(change.id)
    if (!isWritten) keep(draft, change, { state: 'pending', fields: { [field]: key } })
    else if (!state) draft.changes.push({ ...change, kind: 'gone', version: null, fields: {} })
    else if (!isSameState(context.mapping.fields, side, state, change)) draft.changes.push(changeOf(side, state))
    else {
      jobs.push(
        jobOf(work, {
          writes: [
            {
              side,
              operation: { kind: 'update', id: change.id, fields: { [field]: key }, expected: { [field]: null } },
              event: 'updated',
              before: { [field]: null },
              sourceSeen: unknownSeen(context.mapping.fields),
              key: null,
            },
          ],
          assigns: { [field]: key },
        }),
      )
    }
  }
  return jobs
}
