import { createHash } from 'node:crypto'
import type { RecordState } from '../../contract/change.ts'
import { asSyncError, SyncError } from '../../contract/error.ts'
import type { Operation, Outcome } from '../../contract/sink.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { isObject, listAt, nest, valueAt } from '../../http/json-path.ts'
import type { JsonAnswer } from '../../http/request-json.ts'
import type { BatchCall, Call } from './call-schema.ts'
import { messageIn } from './errors.ts'
import { type ItemReader, itemId, readItem } from './item.ts'
import { keepElements, replacedLists } from './kept-elements.ts'
import { findRecords, readById, readOne, readWhole } from './read-records.ts'
import type { Resource } from './resource.ts'
import { placeholdersOf } from './template.ts'

type Kind = Operation['kind']
const METHOD = { create: 'POST', update: 'PATCH', remove: 'DELETE' } as const
/** What is sent where the configuration gives no body. */
const BODY: Readonly<Record<Kind, Value | undefined>> = { create: '{fields}', update: '{fields}', remove: undefined }

/** ETags by record id, from the reads that came before a write. */
export type Etags = Map<string, string>

/**
 * Each operation is a call of its own, several at a time, unless the API takes batches: what one of them meets is told in
 * its own outcome and hurts no other.
 */
export async function applyOperations(
  resource: Resource,
  operations: readonly Operation[],
  etags: Etags,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const [first] = operations
  if (first === undefined) return []
  if (signal.aborted) throw new SyncError('network', `The call to ${resource.name} was stopped before it began`)
  const batch = resource.definition.batch[first.kind]
  const needsBatch = operations.length > 1 || resource.definition[first.kind] === undefined
  if (batch !== undefined && needsBatch) return applyBatch(resource, batch, operations, signal)
  return Promise.all(operations.map((operation) => applyAlone(resource, operation, etags, signal)))
}

async function applyAlone(
  resource: Resource,
  operation: Operation,
  etags: Etags,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    return await applyOne(resource, operation, etags, signal)
  } catch (thrown) {
    const error = asSyncError(thrown)
    return (await explainRefusal(resource, operation, error, signal)) ?? { kind: 'rejected', error }
  }
}

/**
 * APIs say "this key is taken" and "there is no such record" with many statuses and words: after a refusal it is looked up.
 * null: it was refused for another reason.
 */
async function explainRefusal(
  resource: Resource,
  operation: Operation,
  error: SyncError,
  signal: AbortSignal,
): Promise<Outcome | null> {
  if (error.disposition !== 'park') return null
  try {
    if (operation.kind === 'create')
      return (await isKeyTaken(resource, operation.fields, signal)) ? { kind: 'exists' } : null
    return (await readOne(resource, operation.id, signal)) === null ? { kind: 'gone' } : null
  } catch {
    // The refusal itself says more than a look-up that fails, too.
    return null
  }
}

async function isKeyTaken(resource: Resource, fields: Fields, signal: AbortSignal): Promise<boolean> {
  const { key } = resource
  const value = key === null ? undefined : fields[key]
  if (key === null || value === undefined || value === null) return false
  const fold = { case: false, space: false }
  return (await findRecords(resource, { field: key, values: [value], fold }, signal)).length > 0
}

async function applyOne(resource: Resource, operation: Operation, etags: Etags, signal: AbortSignal): Promise<Outcome> {
  const { client, definition } = resource
  const call = definition[operation.kind]
  if (call === undefined) throw cannot(resource, operation.kind)
  const bindings = await bindingsFor(resource, call, operation, signal)
  if (bindings === null) return { kind: 'gone' }
  const answer = await client.call(
    {
      call: { ...call, body: call.body ?? BODY[operation.kind] },
      method: METHOD[operation.kind],
      bindings,
      headers: headersOf(resource, operation, etags),
      changesData: true,
      expected: operation.kind === 'create' ? [] : [404, 410, 412],
    },
    signal,
  )
  if (operation.kind !== 'create') etags.delete(operation.id)
  const fault = call.error === undefined ? undefined : valueAt(answer.body, call.error)
  if (isFault(fault)) throw recordError(resource, fault)
  if (answer.status === 412) return { kind: 'stale' }
  if (answer.status === 404 || answer.status === 410) return { kind: 'gone' }
  if (operation.kind === 'remove') return { kind: 'done', record: null, isOurs: true }
  return written(resource, operation, valueAt(answer.body, itemPath(call.item, operation)), serverMs(answer), signal)
}

/** Among many, the answer's record may be the one with the id. */
function itemPath(path: string, operation: Operation): string {
  return operation.kind === 'create' ? path : path.replaceAll('{id}', operation.id)
}

function cannot({ name }: Resource, kind: Kind): SyncError {
  return new SyncError('config', `The API has no call to ${kind} records of ${name}`, {
    hint: `Add \`${kind}\` to the collection, or let the mapping not ${kind} there.`,
  })
}

/** With the record as it is, where the call names something of it: `{record.product_id}`. null: there is none. */
async function bindingsFor(
  resource: Resource,
  { path, query, body }: Call,
  operation: Operation,
  signal: AbortSignal,
): Promise<Readonly<Record<string, Value>> | null> {
  if (operation.kind === 'create') return bindingsOf(operation)
  const names = [...placeholdersOf([path, query, body ?? null])]
  const isNamed = names.some((name) => name === 'record' || name.startsWith('record.'))
  const lists = operation.kind === 'update' ? replacedLists(resource, operation.fields) : []
  if (!isNamed && lists.length === 0) return bindingsOf(operation)
  const record = await readWhole(resource, operation.id, signal)
  if (record === null) return null
  const { lists: kept } = resource.definition
  return { ...bindingsOf(operation, (fields) => keepElements(fields, record, lists, kept)), record }
}

/** `{fields}`: what is written. `{item}`: the same with the id. `{items}`: for a batch, one for each operation. */
function bindingsOf(
  operation: Operation,
  complete: (fields: Fields) => Fields = (fields) => fields,
): Readonly<Record<string, Value>> {
  if (operation.kind === 'remove') return { id: operation.id, items: [operation.id] }
  const fields = nest(complete(operation.fields))
  if (operation.kind === 'create') return { fields, items: [fields] }
  const item = { id: operation.id, ...fields }
  return { id: operation.id, fields, item, items: [item] }
}

function headersOf({ definition, name }: Resource, operation: Operation, etags: Etags): Record<string, string> {
  if (operation.kind === 'create') {
    const header = definition.idempotency_header
    return header === undefined ? {} : { [header.toLowerCase()]: idempotencyKey(name, operation.fields) }
  }
  const etag = definition.if_match ? etags.get(operation.id) : undefined
  return etag === undefined ? {} : { 'if-match': etag }
}

/** The same for a create that is sent again, whichever process sends it: it depends on what is created only. */
function idempotencyKey(name: string, fields: Fields): string {
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([name, sorted]))
    .digest('hex')
    .slice(0, 32)
}

/**
 * What the API stores now. Its answer to the write is the write's own. Where that does not hold the whole record, the
 * record is read: it is still surely ours if the written fields are as they were in the answer.
 */
async function written(
  resource: Resource,
  operation: Exclude<Operation, { kind: 'remove' }>,
  item: Value | undefined,
  atMs: number | null,
  signal: AbortSignal,
): Promise<Outcome> {
  const reader = await resource.reader(signal)
  const names = Object.keys(operation.fields)
  const answered = isObject(item) && holds(item, names) ? readItem(reader, item, true, atMs) : null
  if (isObject(item) && answered !== null && holds(item, resource.fieldNames)) {
    return { kind: 'done', record: answered, isOurs: true }
  }
  const id = operation.kind === 'update' ? operation.id : createdId(resource, reader, item)
  const state = await readBack(resource, id, signal)
  if (state === null) return { kind: 'gone' }
  const isOurs = answered !== null && names.every((name) => isEqualJson(state.fields[name], answered.fields[name]))
  return { kind: 'done', record: state, isOurs }
}

function holds(item: Fields, paths: readonly string[]): boolean {
  return paths.every((path) => valueAt(item, path) !== undefined)
}

function isEqualJson(a: Value | undefined, b: Value | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function createdId(resource: Resource, reader: ItemReader, item: Value | undefined): string {
  if (isObject(item)) return itemId(reader, item)
  throw new SyncError('unexpected', `The API's answer to a create in ${resource.name} holds no record`, {
    inDoubt: true,
    hint: 'Check `item` of the `create` call.',
  })
}

async function readBack(resource: Resource, id: string, signal: AbortSignal): Promise<RecordState | null> {
  try {
    return (await readOne(resource, id, signal))?.state ?? null
  } catch (cause) {
    const { code, message } = asSyncError(cause)
    const told = `The record was written, but could not be read back: ${message}`
    throw new SyncError(code, told, { cause, inDoubt: true })
  }
}

async function applyBatch(
  resource: Resource,
  call: BatchCall,
  operations: readonly Operation[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const items = operations.flatMap((operation) => bindingsOf(operation).items as readonly Value[])
  const answer = await resource.client.call({ call, method: 'POST', bindings: { items }, changesData: true }, signal)
  const results = listAt(answer.body, call.items)
  if (results === null || results.length !== operations.length) {
    throw new SyncError('unexpected', `The API did not answer each operation of a batch for ${resource.name}`, {
      inDoubt: true,
      hint: 'Check `items` of the batch call.',
    })
  }
  const at = serverMs(answer)
  return Promise.all(
    operations.map(async (operation, index): Promise<Outcome> => {
      const result = results[index]
      const fault = call.error === undefined ? undefined : valueAt(result, call.error)
      if (isFault(fault)) return { kind: 'rejected', error: recordError(resource, fault) }
      if (operation.kind === 'remove') return { kind: 'done', record: null, isOurs: true }
      try {
        return await written(resource, operation, result, at, signal)
      } catch (error) {
        return { kind: 'rejected', error: asSyncError(error) }
      }
    }),
  )
}

/** "No errors" is said in many ways. */
function isFault(fault: Value | undefined): fault is Value {
  return fault !== undefined && fault !== null && fault !== false && !(Array.isArray(fault) && fault.length === 0)
}

function recordError({ name }: Resource, fault: Value): SyncError {
  return new SyncError(
    'invalid',
    `The API refused a record of ${name}: ${messageIn(Array.isArray(fault) ? { errors: fault } : fault) ?? JSON.stringify(fault)}`,
  )
}

function serverMs(answer: JsonAnswer): number | null {
  const header = answer.headers.date
  const dateMs = Date.parse(typeof header === 'string' ? header : '')
  return Number.isNaN(dateMs) ? null : dateMs - 1000
}

/** Reads that remember ETags for the writes that follow. */
export async function readWithEtags(
  resource: Resource,
  ids: readonly string[],
  etags: Etags,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RecordState>> {
  const found = await readById(resource, ids, signal)
  if (resource.definition.if_match) {
    for (const [id, { etag }] of found) if (etag !== null) etags.set(id, etag)
  }
  return new Map([...found].map(([id, { state }]) => [id, state]))
}
