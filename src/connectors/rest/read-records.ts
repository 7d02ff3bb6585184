import type { RecordId, RecordState } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { FindRequest } from '../../contract/sink.ts'
import type { Value } from '../../contract/value.ts'
import { listAt, textAt, valueAt } from '../../http/json-path.ts'
import type { JsonAnswer } from '../../http/request-json.ts'
import type { ItemCall, ManyCall } from './call-schema.ts'
import { headerOf } from './client.ts'
import { itemId, readItem } from './item.ts'
import type { Place } from './paging.ts'
import { type Resource, readList } from './resource.ts'
import { placeholdersOf } from './template.ts'

/** A record and the ETag that came with it. */
export interface ReadRecord {
  readonly state: RecordState
  readonly etag: string | null
}

/** How many records a listing may hold where there is no other way to look something up. */
const LISTING_PAGE = 1000
const ABSENT = [404, 410]

/** The records of `ids` that exist: by one call for many, by one each, or else from the whole list. */
export async function readById(
  resource: Resource,
  ids: readonly RecordId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<RecordId, ReadRecord>> {
  const { definition } = resource
  const unique = [...new Set(ids)]
  if (unique.length === 0) return new Map()
  if (definition.read_many !== undefined && (unique.length > 1 || definition.read === undefined)) {
    const found = await callMany(resource, definition.read_many, 'ids', unique, signal)
    return byId(found.filter(({ id }) => unique.includes(id)))
  }
  if (definition.read !== undefined) {
    const found = await Promise.all(unique.map((id) => readOne(resource, id, signal)))
    return new Map(found.flatMap((record) => (record === null ? [] : [[record.state.id, record] as const])))
  }
  const wanted = new Set(unique)
  return byId((await readAll(resource, signal)).filter(({ id }) => wanted.has(id)))
}

function byId(states: readonly RecordState[]): ReadonlyMap<RecordId, ReadRecord> {
  return new Map(states.map((state) => [state.id, { state, etag: null }]))
}

/** One record by its id; null: it does not exist. */
export async function readOne(resource: Resource, id: RecordId, signal: AbortSignal): Promise<ReadRecord | null> {
  if (resource.definition.read === undefined) return (await readById(resource, [id], signal)).get(id) ?? null
  const reader = await resource.reader(signal)
  const answer = await callRead(resource, resource.definition.read, id, signal)
  if (answer === null) return null
  const dateMs = Date.parse(headerOf(answer, 'date') ?? '')
  const state = readItem(reader, answer.item, true, Number.isNaN(dateMs) ? null : dateMs - 1000)
  return { state, etag: headerOf(answer, 'etag') ?? null }
}

/** One record as the API shows it, with what no mapping names; null: it does not exist. @throws SyncError `config`. */
export async function readWhole(resource: Resource, id: RecordId, signal: AbortSignal): Promise<Value | null> {
  const { name, definition } = resource
  if (definition.read !== undefined) return (await callRead(resource, definition.read, id, signal))?.item ?? null
  const many = definition.read_many
  if (many === undefined) {
    throw new SyncError('config', `A call of ${name} holds {record.…}, and nothing reads a record`, {
      hint: 'Add `read` or `read_many` to the collection.',
    })
  }
  const takesMany = placeholdersOf([many.path, many.query, many.body ?? null]).has('ids')
  const items = await callItems(
    resource,
    many,
    takesMany ? { ids: many.separator === undefined ? [id] : id } : { id },
    signal,
  )
  return items.find((item) => textAt(item, definition.id) === id) ?? null
}

async function callRead(
  { client }: Resource,
  read: ItemCall,
  id: RecordId,
  signal: AbortSignal,
): Promise<(JsonAnswer & { readonly item: Value }) | null> {
  const call = { call: read, method: 'GET', bindings: { id }, changesData: false, expected: ABSENT } as const
  const answer = await client.call(call, signal)
  if (ABSENT.includes(answer.status)) return null
  const item = valueAt(answer.body, read.item)
  // GraphQL and its like answer "no such record" with an empty one.
  return item === undefined || item === null ? null : { ...answer, item }
}

/** Every record in which a field has one of the values; perhaps more. */
export async function findRecords(
  resource: Resource,
  request: FindRequest,
  signal: AbortSignal,
): Promise<readonly RecordState[]> {
  const { definition } = resource
  const values = [...new Set(request.values.filter((value) => value !== null))]
  if (values.length === 0) return []
  if (request.field === definition.id) {
    const found = await readById(resource, values.map(String), signal)
    return [...found.values()].map(({ state }) => state)
  }
  const find = definition.find[request.field]
  // A look-up compares as the API likes to: whether it ignores case or white space is not known.
  const isFolded = request.fold.case || request.fold.space
  if (find !== undefined && !isFolded) return callMany(resource, find, 'values', values, signal)
  const wanted = new Set(values.map(bare))
  return (await readAll(resource, signal)).filter(({ fields }) => wanted.has(bare(fields[request.field] ?? null)))
}

/** Without white space and case, numbers as texts: looser than any comparison that may follow. */
function bare(value: Value): Value {
  return typeof value === 'string' || typeof value === 'number'
    ? String(value).replace(/\s+/g, '').toUpperCase().toLowerCase()
    : value
}

/** Whether `find` on a field reads the whole list. */
export function findsByListing({ definition }: Resource, field: string): boolean {
  return field !== definition.id && definition.find[field] === undefined
}

async function callMany(
  resource: Resource,
  call: ManyCall,
  name: 'ids' | 'values',
  items: readonly Value[],
  signal: AbortSignal,
): Promise<RecordState[]> {
  const single = name === 'ids' ? 'id' : 'value'
  const takesMany = placeholdersOf([call.path, call.query, call.body ?? null]).has(name)
  const size = takesMany ? call.max : 1
  const states = new Map<RecordId, RecordState>()
  const slices: Value[][] = []
  for (let start = 0; start < items.length; start += size) slices.push(items.slice(start, start + size))
  const found = await Promise.all(
    slices.map((slice) => {
      const joined = call.separator === undefined ? slice : slice.map(String).join(call.separator)
      return callOnce(resource, call, takesMany ? { [name]: joined } : { [single]: slice[0] ?? null }, signal)
    }),
  )
  for (const state of found.flat()) states.set(state.id, state)
  return [...states.values()]
}

async function callOnce(
  resource: Resource,
  call: ManyCall,
  bindings: Readonly<Record<string, Value>>,
  signal: AbortSignal,
): Promise<RecordState[]> {
  const reader = await resource.reader(signal)
  const items = await callItems(resource, call, bindings, signal)
  if (!resource.definition.partial) return items.map((item) => readItem(reader, item, true, null))
  const whole = await Promise.all(items.map((item) => readOne(resource, itemId(reader, item), signal)))
  return whole.flatMap((record) => (record === null ? [] : [record.state]))
}

async function callItems(
  { client }: Resource,
  call: ManyCall,
  bindings: Readonly<Record<string, Value>>,
  signal: AbortSignal,
): Promise<readonly Value[]> {
  const answer = await client.call({ call, method: 'GET', bindings, changesData: false, expected: ABSENT }, signal)
  if (ABSENT.includes(answer.status)) return []
  const found = valueAt(answer.body, call.items)
  return listAt(answer.body, call.items) ?? (found === undefined || found === null ? [] : [found])
}

/** The whole list, for APIs that cannot look anything up. */
async function readAll(resource: Resource, signal: AbortSignal): Promise<RecordState[]> {
  const { client, definition } = resource
  const reader = await resource.reader(signal)
  if (definition.partial && definition.read === undefined && definition.read_many === undefined) {
    throw new SyncError('config', `${resource.name} shows its records only in part, and has no call that reads one`, {
      hint: 'Add `read` to the collection.',
    })
  }
  const states: RecordState[] = []
  let place: Place | null = null
  do {
    const page: Awaited<ReturnType<typeof readList>> = await readList(
      client,
      definition.list,
      place,
      LISTING_PAGE,
      signal,
      {},
      definition.id,
    )
    states.push(...page.items.map((item) => readItem(reader, item, !definition.partial, page.serverMs)))
    place = page.next
  } while (place !== null)
  if (!definition.partial) return states
  const whole = await readById(
    resource,
    states.map(({ id }) => id),
    signal,
  )
  return [...whole.values()].map(({ state }) => state)
}
