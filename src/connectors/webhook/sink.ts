import type { RecordState } from '../../contract/change.ts'
import { asSyncError, SyncError } from '../../contract/error.ts'
import type { Operation, Outcome, Sink } from '../../contract/sink.ts'
import type { Fields, Value } from '../../contract/value.ts'
import type { HttpPool } from '../../http/http-pool.ts'
import { textAt } from '../../http/json-path.ts'
import { requestJson } from '../../http/request-json.ts'
import { parseRetryAfterMs } from '../../http/retry-after.ts'
import { refusal } from './errors.ts'
import { messageOf } from './message.ts'
import type { TargetCollection, WebhookTarget } from './settings.ts'

export interface Target {
  readonly settings: WebhookTarget
  readonly pool: HttpPool
  readonly name: string
  readonly collection: TargetCollection
  /** The field of the mapping's key. */
  readonly key: string | null
}

/** A receiver can be asked nothing: every record that was told of is there, and nothing is known of its fields. */
export function createSink(target: Target): Sink {
  return {
    read: (ids) => Promise.resolve(new Map(ids.map((id) => [id, stateOf(id, {})]))),
    find: () => Promise.resolve([]),
    apply(operations, signal) {
      if (signal.aborted) {
        throw new SyncError('network', `The call to ${target.pool.origin} was stopped before it began`)
      }
      return Promise.all(operations.map((operation) => applyOne(target, operation, signal)))
    },
  }
}

/** Taken for what the receiver stores from now on. */
function stateOf(id: string, fields: Fields): RecordState {
  return { id, version: null, changedAtMs: null, byUs: true, fields }
}

async function applyOne(target: Target, operation: Operation, signal: AbortSignal): Promise<Outcome> {
  try {
    const key = keyOf(target, operation)
    const answer = await post(target, operation, key, signal)
    if (operation.kind === 'remove') return { kind: 'done', record: null, isOurs: true }
    const id = operation.kind === 'update' ? operation.id : idOf(target, answer, key)
    return { kind: 'done', record: stateOf(id, operation.fields), isOurs: true }
  } catch (thrown) {
    return { kind: 'rejected', error: asSyncError(thrown) }
  }
}

function keyOf({ key, name }: Target, operation: Operation): Value {
  if (operation.kind !== 'create') return null
  const value = key === null ? undefined : operation.fields[key]
  if (value !== undefined && value !== null && value !== '') return value
  throw new SyncError('key', `A record for ${name} has no key, and a receiver cannot give it one`, {
    hint: 'Give it a value in the field of the mapping’s key, or `key: { generate: … }`.',
  })
}

async function post(
  { settings, pool, name, collection }: Target,
  operation: Operation,
  key: Value,
  signal: AbortSignal,
): Promise<Value | undefined> {
  const { headers, body } = messageOf(settings, name, operation, key, Date.now())
  const own = Object.entries(settings.headers).map(([header, value]) => [header.toLowerCase(), value])
  const request = {
    method: 'POST',
    path: collection.path ?? '',
    headers: { accept: 'application/json', 'user-agent': 'Tandem', ...Object.fromEntries(own), ...headers },
    body,
    changesData: true,
  } as const
  const answer = await requestJson(pool, request, signal)
  if (answer.status >= 200 && answer.status < 300) return answer.body
  const retryAfter = answer.headers['retry-after']
  const retryAfterMs = parseRetryAfterMs(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, Date.now())
  throw refusal(
    answer.status,
    `${operation.kind} of ${name} ${operation.kind === 'create' ? key : operation.id}`,
    retryAfterMs,
  )
}

/** What the receiver calls a record that it made. */
function idOf({ collection, name }: Target, answer: Value | undefined, key: Value): string {
  if (collection.id === undefined) return String(key)
  const id = textAt(answer, collection.id)
  if (id !== null && id !== '') return id
  throw new SyncError('unexpected', `The answer to the create of ${name} ${key} has no id at "${collection.id}"`, {
    hint: 'Correct `id` of the collection, or leave it out: then the key is the id.',
  })
}
