import { asSyncError, SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import { collectionName } from '../mapping/field-rule.ts'
import { keyText } from '../mapping/key.ts'
import type { LookupReference, Missing } from '../mapping/mapping.ts'
import { callSink, isUnexplained } from './call.ts'
import type { Context } from './context.ts'
import { foldedKey, lookupScope } from './lookup-cache.ts'

/** Creations under way, by lookup: two mappings of one process take turns, and the second finds what the first made. */
const turns = new WeakMap<object, Map<string, Promise<unknown>>>()

/**
 * Why records could not be made, by `missingName`. What is not among them is there now, and its lookup finds it.
 */
export type Refusals = ReadonlyMap<string, SyncError>

/**
 * Makes the records that lookups with `create` did not find, each once: it is looked for once more before, and a creation
 * of which nobody knows whether it was done (the process died, the answer was lost) is noted in the ledger before it is
 * sent, and not repeated before it is old enough to be either there or not under way any more.
 * @throws SyncError when the run has to stop.
 */
export async function createMissing(
  context: Context,
  missing: readonly Missing[],
  signal: AbortSignal,
): Promise<Refusals> {
  const refusals = new Map<string, SyncError>()
  const groups = Map.groupBy(missing, ({ reference }) => lookupScope(reference))
  for (const [scope, group] of groups) {
    const [first] = group
    if (!first) continue
    const { reference } = first
    const keys = new Map(group.flatMap((each) => each.keys).map((key) => [foldedKey(reference, key), key]))
    await inTurn(context.lookups, scope, () => createAll(context, reference, keys, refusals, signal))
  }
  return refusals
}

/** The error for what a record lacks: why it could not be made, or `otherwise`. */
export function refusalOf(refusals: Refusals, missing: readonly Missing[], otherwise: SyncError): SyncError {
  for (const { reference, keys } of missing) {
    for (const key of keys) {
      const refusal = refusals.get(missingName(reference, foldedKey(reference, key)))
      if (refusal) return refusal
    }
  }
  return otherwise
}

async function inTurn(owner: object, scope: string, work: () => Promise<void>): Promise<void> {
  const ofOwner = turns.get(owner) ?? new Map<string, Promise<unknown>>()
  turns.set(owner, ofOwner)
  const mine = (ofOwner.get(scope) ?? Promise.resolve()).then(work, work)
  ofOwner.set(scope, mine)
  await mine
}

async function createAll(
  context: Context,
  reference: LookupReference,
  keys: ReadonlyMap<string, Value>,
  refusals: Map<string, SyncError>,
  signal: AbortSignal,
): Promise<void> {
  const { sink } = context.lookups.collection(reference)
  const counts = await context.lookups.reload(reference, [...keys.values()], signal)
  const absent = [...keys].filter(([folded]) => (counts.get(folded) ?? 0) === 0)
  const sent = await sentBefore(context, reference)
  const due = absent.filter(([folded]) => {
    const leftMs = context.options.doubtGraceMs - Math.abs(context.clock.nowMs() - (sent[folded] ?? 0))
    if (leftMs <= 0 || sent[folded] === undefined) return true
    refusals.set(missingName(reference, folded), inDoubt(reference, folded, leftMs))
    return false
  })
  if (due.length === 0 || !sink) return
  const nowMs = context.clock.nowMs()
  await note(context, reference, { ...sent, ...Object.fromEntries(due.map(([folded]) => [folded, nowMs])) })
  context.crashPoint('intended')
  const operations = due.map(([, key]) => ({
    kind: 'create' as const,
    fields: { ...reference.create, [reference.by]: key },
  }))
  const outcomes = await callSink(sink, operations, signal)
  context.crashPoint('applied')
  const open = { ...sent }
  let failure: SyncError | null = null
  for (const [index, [folded, key]] of due.entries()) {
    const outcome = outcomes[index]
    if (outcome?.kind === 'doubt') open[folded] = nowMs
    else delete open[folded]
    const isOfOne = outcome?.kind === 'doubt' && isUnexplained(outcome.error)
    if ((outcome?.kind === 'doubt' && !isOfOne) || outcome?.kind === 'undone') failure ??= outcome.error
    if (outcome?.kind === 'rejected' || isOfOne) {
      if (outcome.error.disposition === 'halt') failure ??= outcome.error
      refusals.set(missingName(reference, folded), refused(reference, key, outcome.error))
    }
    if (outcome?.kind === 'done') tell(context, reference, key, outcome.record?.id ?? null)
  }
  await note(context, reference, open)
  await context.lookups.reload(
    reference,
    due.map(([, key]) => key),
    signal,
  )
  if (failure) throw failure
}

function tell(context: Context, reference: LookupReference, key: Value, id: string | null): void {
  context.emit({
    mapping: context.mapping.name,
    kind: 'created',
    side: reference.side,
    odooId: reference.side === 'odoo' ? id : null,
    externalId: reference.side === 'odoo' ? null : id,
    key: keyText(key),
    message: `${collectionName(reference)}, for a lookup by ${reference.by}`,
  })
}

function refused(reference: LookupReference, key: Value, error: SyncError): SyncError {
  const { code, message, hint } = asSyncError(error)
  return new SyncError(code, `${collectionName(reference)} "${keyText(key)}" could not be made: ${message}`, {
    cause: error,
    inDoubt: error.inDoubt,
    ...(hint === null ? {} : { hint }),
  })
}

function inDoubt(reference: LookupReference, key: string, leftMs: number): SyncError {
  const message = `${collectionName(reference)} "${key}" may be on its way: it is looked for again before it is made.`
  return new SyncError('waiting', message, { retryAfterMs: leftMs })
}

/** When creations of this lookup were sent of which nobody knows whether they were done, by key. */
async function sentBefore(context: Context, reference: LookupReference): Promise<Record<string, number>> {
  const notes = await context.ledger.connectionNotes(reference.connection)
  const sent = notes[noteName(reference)]
  return typeof sent === 'object' && sent !== null ? ({ ...sent } as Record<string, number>) : {}
}

async function note(
  context: Context,
  reference: LookupReference,
  sent: Readonly<Record<string, number>>,
): Promise<void> {
  await context.ledger.updateConnectionNotes(reference.connection, { [noteName(reference)]: sent })
}

function noteName(reference: LookupReference): string {
  return `creating ${lookupScope(reference)}`
}

function missingName(reference: LookupReference, folded: string): string {
  return `${lookupScope(reference)} ${folded}`
}
