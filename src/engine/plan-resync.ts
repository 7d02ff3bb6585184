import type { RecordId } from '../contract/change.ts'
import type { Fields } from '../contract/value.ts'
import { fieldOn, otherSide, SIDES, type Side } from '../mapping/mapping.ts'
import { changeOf } from './capture.ts'
import type { Context } from './context.ts'
import { planCreate } from './create.ts'
import { decide } from './decide.ts'
import { idOn } from './job.ts'
import { assumeCreated } from './lookup-cache.ts'
import { matchRecords } from './match.ts'
import { nowOf } from './now.ts'
import type { Plan } from './plan.ts'
import { resolveReferences } from './references.ts'
import { type Batch, type Pair, pairUp, type ResyncOptions, readBatches, seenForResync } from './resync.ts'
import { tellLines } from './tell-lines.ts'
import { unstoredChange } from './unstored-change.ts'

/** What a resync would do to one record, or why it cannot. */
export interface PlannedChange {
  readonly action: 'create' | 'update' | 'adopt' | 'conflict' | 'wait' | 'error' | 'missing'
  /** The side that is written. */
  readonly side: Side
  readonly odooId: RecordId | null
  readonly externalId: RecordId | null
  readonly key: string | null
  readonly before: Fields
  readonly after: Fields
  readonly message: string | null
}

/** What `resync` would change, record by record and field by field. Writes nothing, neither there nor in the ledger. */
export async function* planResync(
  real: Context,
  options: ResyncOptions,
  signal: AbortSignal,
): AsyncGenerator<PlannedChange> {
  const context = { ...real, lookups: assumeCreated(real.lookups) }
  for await (const batch of readBatches(context, options, signal)) {
    const pairs = await pairUp(context, batch, signal)
    yield* await planLinkedPairs(context, options, pairs, signal)
    yield* await planNewcomers(context, batch, pairs, signal)
  }
}

async function planLinkedPairs(
  context: Context,
  options: ResyncOptions,
  pairs: readonly Pair[],
  signal: AbortSignal,
): Promise<readonly PlannedChange[]> {
  const linked = pairs.flatMap((pair) =>
    pair.link && pair.link.state === 'live' ? [{ ...pair, link: pair.link }] : [],
  )
  const references = await resolveReferences(
    context,
    linked.flatMap(({ side, state, other }) => [
      { side, fields: state.fields },
      ...(other ? [{ side: otherSide(side), fields: other.fields }] : []),
    ]),
    signal,
  )
  return linked.flatMap((pair) => {
    const ids = { odooId: pair.link.odooId, externalId: pair.link.externalId, key: pair.link.key }
    const target = otherSide(pair.side)
    if (!pair.other) {
      const message = `${target} ${idOn(pair.link, target)} does not exist any more; the mapping's deletes decide.`
      return [{ action: 'missing' as const, side: target, ...ids, before: {}, after: {}, message }]
    }
    const now = {
      [pair.side]: nowOf(context, pair.side, pair.state),
      [target]: nowOf(context, target, pair.other),
    }
    const plan = decide(
      context.mapping.fields,
      {
        seen: seenForResync(context, options, pair, pair.other),
        now: { odoo: now.odoo ?? null, external: now.external ?? null },
      },
      references,
    )
    const states = { [pair.side]: pair.state.fields, [target]: pair.other.fields }
    return describePlan(context, plan, ids, { odoo: states.odoo ?? {}, external: states.external ?? {} })
  })
}

export function describePlan(
  context: Context,
  plan: Plan,
  ids: Pick<PlannedChange, 'odooId' | 'externalId' | 'key'>,
  states: Readonly<Record<Side, Fields>>,
): readonly PlannedChange[] {
  const result: PlannedChange[] = []
  if (plan.error) {
    return [{ action: 'error', side: 'odoo', ...ids, before: {}, after: {}, message: plan.error.message }]
  }
  for (const side of SIDES) {
    const after = plan.write[side]
    const names = Object.keys(after)
    if (names.length === 0) continue
    const before = Object.fromEntries(names.map((name) => [name, states[side][name] ?? null] as const))
    const told = tellLines(context.mapping.fields, side, { before, after })
    result.push({ action: 'update', side, ...ids, ...told, message: null })
  }
  for (const { field, odoo, external } of plan.conflicts) {
    const message = `${field} differs, and the mapping leaves it to a person.`
    result.push({ action: 'conflict', side: 'odoo', ...ids, before: { odoo }, after: { external }, message })
  }
  return result
}

async function planNewcomers(
  context: Context,
  { side }: Batch,
  pairs: readonly Pair[],
  signal: AbortSignal,
): Promise<readonly PlannedChange[]> {
  const unlinked = pairs.filter(({ link }) => link === null).map(({ state }) => state)
  if (unlinked.length === 0) return []
  const target = otherSide(side)
  const asChanges = unlinked.map((state) => unstoredChange(changeOf(side, state)))
  const matches = await matchRecords(context, side, asChanges, signal)
  const references = await resolveReferences(
    context,
    unlinked.map(({ fields }) => ({ side, fields })),
    signal,
  )
  return unlinked.map((state): PlannedChange => {
    const match = matches.get(state.id) ?? { kind: 'none' }
    const ids = { odooId: side === 'odoo' ? state.id : null, externalId: side === 'external' ? state.id : null }
    const key = String(state.fields[fieldOn(context.mapping.key, side)] ?? '') || null
    const base = { side: target, ...ids, key, before: {}, message: null }
    if (match.kind === 'ambiguous') return { ...base, action: 'conflict', after: {}, message: match.error.message }
    if (match.kind === 'one' || match.kind === 'tombstone')
      return { ...base, action: 'adopt', after: {}, message: `joined with ${target} ${match.state.id}` }
    const plan = planCreate(context.mapping, side, state.fields, references, false)
    if (plan.error) return { ...base, action: 'error', after: {}, message: plan.error.message }
    const [wait] = plan.waitsFor
    if (wait)
      return { ...base, action: 'wait', after: {}, message: `waits for ${wait.mapping} ${wait.side} ${wait.id}` }
    const { after } = tellLines(context.mapping.fields, target, { before: {}, after: plan.fields })
    return { ...base, action: 'create', after }
  })
}
