import type { FieldSchema, Schema } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { type JsonPath, listAt, textAt, valueAt } from '../../http/json-path.ts'
import type { JsonAnswer } from '../../http/request-json.ts'
import type { ListCall } from './call-schema.ts'
import { type ClientCall, headerOf, type RestClient } from './client.ts'
import type { RestCollection } from './collection-schema.ts'
import type { ItemReader } from './item.ts'
import { nextPlace, type Place, pageRequest, START } from './paging.ts'
import { declaredSchema, learnedSchema } from './schema.ts'
import { placeholdersOf } from './template.ts'

/** How many records a schema is learned from. */
const SAMPLE = 100

/** One collection of an API with what is known about it: what feed and sink both work with. */
export interface Resource {
  readonly client: RestClient
  /** "shop customers": for messages. */
  readonly name: string
  readonly definition: RestCollection
  readonly fieldNames: readonly string[]
  /** The field of the mapping's key; null: it has none. */
  readonly key: string | null
  /** Learned once where it is not configured; again with `isFresh`. */
  schema(signal: AbortSignal, isFresh?: boolean): Promise<Schema>
  /** How items are read, as far as that is known without asking; null: it has to be learned first. */
  knownReader(): ItemReader | null
  /** @throws SyncError `schema` where a field of the collection is not among the configured ones. */
  reader(signal: AbortSignal): Promise<ItemReader>
}

export function createResource(
  client: RestClient,
  name: string,
  definition: RestCollection,
  fieldNames: readonly string[],
  key: string | null,
): Resource {
  const declared = declaredSchema(name, definition)
  let learned: Schema | null = null
  const resource: Resource = {
    client,
    name,
    definition,
    fieldNames,
    key,
    async schema(signal, isFresh = false) {
      if (declared !== null) return declared
      if (learned === null || isFresh) {
        const page = await readList(client, definition.list, null, SAMPLE, signal)
        learned = learnedSchema(name, definition, page.items.slice(0, SAMPLE), fieldNames)
      }
      return learned
    },
    knownReader() {
      const known = declared ?? learned
      return known === null ? null : { definition, name, fieldNames, types: known.fields }
    },
    async reader(signal) {
      const { fields } = await resource.schema(signal)
      refuseMissing(resource, fields)
      return { definition, name, fieldNames, types: fields }
    },
  }
  return resource
}

function refuseMissing({ name, fieldNames }: Resource, fields: ReadonlyMap<string, FieldSchema>): void {
  const missing = fieldNames.filter((field) => !fields.has(field))
  if (missing.length === 0) return
  throw new SyncError('schema', `${name} has no field ${missing.join(', ')}`, {
    hint: 'Correct the mapping, or add the field to `fields` of the collection in the configuration.',
  })
}

export interface ListPage {
  readonly items: readonly Value[]
  /** Where the next page is; null: that was the last one. */
  readonly next: Place | null
  /** A time that the server's clock had surely passed when it was asked; null: it does not tell. */
  readonly serverMs: number | null
}

/** The call for one page: what paging and filter add stands in the query, or in the body where that has room for it. */
export function pageCall(
  call: ListCall,
  place: Place,
  limit: number,
  filter: Readonly<Record<string, Value>> = {},
): ClientCall {
  const { query, address } = pageRequest(call.paging, place, limit)
  const inBody = placeholdersOf(call.body)
  const added = Object.entries({ ...filter, ...query })
  const empty = Object.fromEntries([...inBody].map((name) => [name, null]))
  return {
    call,
    method: 'GET',
    bindings: { ...empty, ...Object.fromEntries(added.filter(([name]) => inBody.has(name))) },
    query: Object.fromEntries(added.filter(([name]) => !inBody.has(name))),
    changesData: false,
    ...(address === undefined ? {} : { address }),
  }
}

/** Where a record holds what a keyset goes on from. */
export function positionPath({ paging }: ListCall, id: JsonPath): JsonPath {
  return paging.by === 'keyset' ? (paging.from ?? id) : id
}

/** One page of a list; the first where `place` is null. @throws SyncError `config` where the answer holds no list. */
export async function readList(
  client: RestClient,
  call: ListCall,
  place: Place | null,
  limit: number,
  signal: AbortSignal,
  filter: Readonly<Record<string, Value>> = {},
  id: JsonPath = 'id',
): Promise<ListPage> {
  const at = place ?? START
  const startedMs = performance.now()
  const answer = await client.call(pageCall(call, at, limit, filter), signal)
  const items = listAt(answer.body, call.items)
  if (items === null) throw noList(call, answer)
  const wanted = items.slice(at.skip, at.skip + limit)
  const last = items.at(-1)
  const page = { count: items.length, taken: wanted.length, lastId: textAt(last, positionPath(call, id)) }
  return {
    items: wanted,
    next: nextPlace(call.paging, at, answer, page),
    serverMs: serverFloorMs(answer, performance.now() - startedMs),
  }
}

function noList(call: ListCall, answer: JsonAnswer): SyncError {
  const where = call.items === '' ? 'is not a list' : `has no list at "${call.items}"`
  const found = valueAt(answer.body, '')
  const names = typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.keys(found) : []
  return new SyncError('config', `The answer of GET ${call.path} ${where}`, {
    hint:
      names.length === 0
        ? 'Check `path` and `items` of the collection.'
        : `Check \`items\` of the collection: the answer has ${names.slice(0, 12).join(', ')}.`,
  })
}

/** The header `Date` is cut to whole seconds and was written at the end of the call. */
function serverFloorMs(answer: JsonAnswer, elapsedMs: number): number | null {
  const dateMs = Date.parse(headerOf(answer, 'date') ?? '')
  return Number.isNaN(dateMs) ? null : Math.floor(dateMs - elapsedMs)
}
