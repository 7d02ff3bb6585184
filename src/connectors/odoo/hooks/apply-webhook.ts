import type { RecordState } from '../../../contract/change.ts'
import { asSyncError, SyncError } from '../../../contract/error.ts'
import type { Outcome } from '../../../contract/sink.ts'
import type { Fields, Value } from '../../../contract/value.ts'
import { findRecords } from '../find-records.ts'
import type { OdooModel } from '../model.ts'
import { readById } from '../read-by-id.ts'
import type { AppliedEvent } from './rules.ts'
import type { WebhookAddress } from './webhook-address.ts'
import type { WebhookHttp } from './webhook-http.ts'

/** An operation with its values as Odoo takes them. */
export type WebhookOperation =
  | { readonly kind: 'create'; readonly vals: Fields; readonly key: Value }
  | { readonly kind: 'update'; readonly id: string; readonly vals: Fields }
  | { readonly kind: 'remove'; readonly id: string }

export interface WebhookSink {
  readonly model: OdooModel
  readonly keyField: string
  readonly address: WebhookAddress
  readonly http: WebhookHttp
}

/**
 * Writes through an incoming webhook, one record a call. Odoo answers without an id, and 500 for every exception,
 * although what was done before it may be committed: only the record itself tells, so each is read back, by key or by id.
 * Odoo has ended its transaction when it answers 500, so that what is not there then was not done. Any other failure is
 * in doubt. @throws SyncError, `config` for an address that Odoo does not know.
 */
export async function applyThroughWebhook(
  sink: WebhookSink,
  operations: readonly WebhookOperation[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const statuses: number[] = []
  let broken: SyncError | null = null
  await Promise.all(
    operations.map(async (operation, index) => {
      try {
        statuses[index] = await send(sink, eventOf(sink.model, operation), signal)
      } catch (error) {
        broken ??= asSyncError(error)
      }
    }),
  )
  if (broken) throw inDoubt(broken, statuses)
  const stored = await readBack(sink, operations, signal)
  return operations.map((operation, index) => outcomeOf(sink, operation, statuses[index] ?? 0, stored[index] ?? null))
}

function eventOf(model: OdooModel, operation: WebhookOperation): AppliedEvent {
  const common = { _model: model.name, _event: operation.kind, context: model.context }
  switch (operation.kind) {
    case 'create':
      return { ...common, _key: operation.key, values: operation.vals }
    case 'update':
      return { ...common, _id: Number(operation.id), _key: null, values: operation.vals }
    case 'remove':
      return { ...common, _id: Number(operation.id), _key: null, values: {} }
  }
}

/** The answer's status: 200 or 500. An address that is not right is asked for anew, once. */
async function send({ address, http }: WebhookSink, event: AppliedEvent, signal: AbortSignal): Promise<number> {
  const body: Fields = { ...event }
  for (let attempt = 1; ; attempt++) {
    const url = await address.current(signal)
    const { status } = await http.post(url, body, signal)
    if (status === 200 || status === 500) return status
    if (status !== 404) throw refusal(status)
    address.forget(url)
    if (attempt > 1) {
      throw new SyncError('config', 'Odoo does not know the webhook whose address it told us (HTTP 404).', {
        hint: 'See whether its automation rule is active: tandem odoo hooks list.',
      })
    }
  }
}

function refusal(status: number): SyncError {
  const message = `Odoo's webhook answered HTTP ${status}`
  if (status === 429) return new SyncError('rate_limited', message)
  if (status === 413) return new SyncError('too_large', message)
  if (status >= 500) return new SyncError(status === 503 ? 'unavailable' : 'server', message, { inDoubt: true })
  return new SyncError('config', message, { hint: 'Look at what stands between here and Odoo.' })
}

/** Once any event was taken, the whole batch has to be looked at before anything is sent again. */
function inDoubt(error: SyncError, statuses: readonly number[]): SyncError {
  if (error.inDoubt || statuses.every((status) => status === undefined)) return error
  const { code, message, hint, retryAfterMs } = error
  return new SyncError(code, message, {
    cause: error,
    inDoubt: true,
    ...(hint === null ? {} : { hint }),
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  })
}

/** What each operation's record is now; null: it is not there. @throws SyncError always in doubt. */
async function readBack(
  { model, keyField }: WebhookSink,
  operations: readonly WebhookOperation[],
  signal: AbortSignal,
): Promise<readonly (RecordState | null)[]> {
  const keys = operations.flatMap((operation) => (operation.kind === 'create' ? [operation.key] : []))
  const ids = operations.flatMap((operation) => (operation.kind === 'create' ? [] : [operation.id]))
  try {
    const request = { field: keyField, values: keys, fold: { case: false, space: false } }
    const found = keys.length === 0 ? [] : await findRecords(model, request, signal)
    const byKey = new Map(found.map((state) => [state.fields[keyField] ?? null, state]))
    const byId = ids.length === 0 ? new Map<string, RecordState>() : await readById(model, ids, signal)
    return operations.map((operation) =>
      operation.kind === 'create' ? (byKey.get(operation.key) ?? null) : (byId.get(operation.id) ?? null),
    )
  } catch (cause) {
    const { code, message } = asSyncError(cause)
    throw new SyncError(code, `The changes were sent, but could not be read back: ${message}`, { cause, inDoubt: true })
  }
}

function outcomeOf(
  { model, keyField }: WebhookSink,
  operation: WebhookOperation,
  status: number,
  stored: RecordState | null,
): Outcome {
  const isOk = status === 200
  const failed = `Odoo's webhook failed (HTTP 500)`
  if (operation.kind === 'create') {
    if (stored && isOk) return { kind: 'done', record: stored, isOurs: stored.byUs === true }
    // Made before the exception, or by somebody else: it is compared field by field like any other that exists.
    if (stored) return { kind: 'exists' }
    const key = `${model.name} with ${keyField} ${JSON.stringify(operation.key)}`
    return isOk ? ignored(`there is no ${key}`) : rejected(`${failed} and made no ${key}`)
  }
  if (operation.kind === 'remove') {
    if (!stored) return { kind: 'done', record: null, isOurs: true }
    const record = `${model.name} ${operation.id}`
    return isOk ? ignored(`${record} is still there`) : rejected(`${failed} and did not delete ${record}`)
  }
  if (!stored) return { kind: 'gone' }
  if (isOk) return { kind: 'done', record: stored, isOurs: stored.byUs === true }
  return rejected(`${failed} on ${model.name} ${operation.id}`)
}

/** May pass: the automation met a lock, or a record that is not there yet. */
function rejected(message: string): Outcome {
  const hint = "The reason is in Odoo's log, or with Log Calls on, in the logs of the automation rule."
  return { kind: 'rejected', error: new SyncError('server', message, { hint }) }
}

function ignored(what: string): Outcome {
  const hint = 'The automation behind the webhook has to do this; see docs/webhooks.md for what it is sent.'
  return { kind: 'rejected', error: new SyncError('unsupported', `Odoo's webhook answered ok, and ${what}.`, { hint }) }
}
