import type { Change } from '../../contract/change.ts'
import type { Feed, Listing, Page, ReadRequest } from '../../contract/feed.ts'
import type { Value } from '../../contract/value.ts'
import { textAt, valueAt } from '../../http/json-path.ts'
import { advanceScan, resumeScan, type Scan, type ScanOptions } from '../window-scan.ts'
import type { ListCall } from './call-schema.ts'
import type { ChangeFilter } from './collection-schema.ts'
import { type ItemReader, readItem } from './item.ts'
import { formatMoment, parseMoment } from './moment.ts'
import type { Place } from './paging.ts'
import { type Resource, readList } from './resource.ts'
import { fill } from './template.ts'

/** One list that a scan reads, and what its entries say about our records. */
interface Source {
  readonly kind: 'records' | 'related' | 'deleted'
  readonly call: ListCall
  /** For `related` and `deleted`: where an entry holds the id of our record. */
  readonly id: string
  readonly filter: Readonly<Record<string, Value>>
}

/** Where a scan is: in which of its lists, and where in that. The text of it is the scan's `last`. */
interface ScanPlace {
  readonly source: number
  readonly place: Place | null
}

/**
 * Reads by the API's change filter, as `window-scan.ts` explains; without one, every scan reads the whole list, and what
 * has not changed ends at capture. Reading consumes nothing.
 */
export function createFeed(resource: Resource): Feed {
  const options = scanOptions(resource)
  return {
    readsAhead: true,
    read: (request, signal) => readPage(resource, options, request, signal),
    list: (after, limit, signal) => listPage(resource, after, limit, signal),
  }
}

/** A tail scan reaches back far enough that a record whose version was not final comes again. */
function scanOptions({ definition }: Resource): ScanOptions {
  const resolutionMs = definition.changes?.resolution ?? 1000
  const marginMs = Math.max(3 * resolutionMs, 3000)
  return { resolutionMs, marginMs, overlapMs: Math.max(definition.changes?.overlap ?? 0, marginMs) }
}

async function readPage(
  resource: Resource,
  options: ScanOptions,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<Page> {
  const reader = await resource.reader(signal)
  const started = resumeScan(request.cursor, request.depth, null, options)
  const at: ScanPlace = started.last === null ? { source: 0, place: null } : (JSON.parse(started.last) as ScanPlace)
  const sources = sourcesOf(resource, started)
  const source = sources[at.source]
  // The configuration has fewer lists than when the scan began.
  if (source === undefined) return { changes: [], cursor: advanceScan(started, null, options), caughtUp: true }
  const { items, next, serverMs } = await readList(
    resource.client,
    source.call,
    at.place,
    request.limit,
    signal,
    source.filter,
    source.id,
  )
  const { changes, timezone } = resource.definition
  const stamps = items.map((item) => parseMoment(valueAt(item, changes?.field ?? ''), timezone) ?? 0)
  const newestMs = stamps.length === 0 ? 0 : Math.max(...stamps)
  // The newest stamp is a time that the server's clock has reached, where the server does not tell its time itself.
  const floorMs = started.last === null ? (serverMs ?? (newestMs > 0 ? newestMs : null)) : started.floorMs
  const scan: Scan = { ...started, floorMs }
  const following = next !== null ? { ...at, place: next } : { source: at.source + 1, place: null }
  const isDone = next === null && following.source >= sources.length
  return {
    changes: changesOf(resource, reader, source, items, floorMs),
    cursor: advanceScan(scan, isDone ? null : JSON.stringify(following), options),
    caughtUp: isDone,
  }
}

/** The lists of a scan. The first one reads all records; what else points to them is told by the later ones. */
function sourcesOf({ definition }: Resource, scan: Scan): Source[] {
  const { changes, list, related, deleted, timezone } = definition
  const whole: Source = { kind: 'records', call: list, id: definition.id, filter: {} }
  if (scan.lowMs === null) return [whole]
  const { lowMs } = scan
  const records =
    changes === undefined ? [whole] : filtersOf(changes, lowMs, timezone).map((filter) => ({ ...whole, filter }))
  return [
    ...records,
    ...related.flatMap((call) => sourcesFor('related', call, lowMs, timezone)),
    ...(deleted === undefined ? [] : sourcesFor('deleted', deleted, lowMs, timezone)),
  ]
}

function sourcesFor(
  kind: 'related' | 'deleted',
  call: ListCall & { readonly id: string; readonly changes?: ChangeFilter | undefined },
  lowMs: number,
  timezone: string,
): Source[] {
  const filters = call.changes === undefined ? [{}] : filtersOf(call.changes, lowMs, timezone)
  return filters.map((filter) => ({ kind, call, id: call.id, filter }))
}

/** The API may compare in its own resolution: a moment that is cut to it can only find too much. */
function filtersOf(changes: ChangeFilter, lowMs: number, timezone: string): Readonly<Record<string, Value>>[] {
  const since = formatMoment(Math.floor(lowMs / changes.resolution) * changes.resolution, changes.format, timezone)
  return changes.filters.map((filter) =>
    Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, fill(value as Value, { since })])),
  )
}

function changesOf(
  resource: Resource,
  reader: ItemReader,
  source: Source,
  items: readonly Value[],
  serverMs: number | null,
): Change[] {
  const changes = new Map<string, Change>()
  for (const item of items) {
    const change = changeOf(resource, reader, source, item, serverMs)
    if (change !== null) changes.set(change.kind === 'state' ? change.state.id : change.id, change)
  }
  return [...changes.values()]
}

function changeOf(
  { definition }: Resource,
  reader: ItemReader,
  source: Source,
  item: Value,
  serverMs: number | null,
): Change | null {
  if (source.kind === 'records') {
    const state = readItem(reader, item, !definition.partial, serverMs)
    return definition.partial ? { kind: 'hint', id: state.id, version: state.version } : { kind: 'state', state }
  }
  const id = textAt(item, source.id)
  if (id === null) return null
  if (source.kind === 'related') return { kind: 'hint', id, version: null }
  return { kind: 'gone', id, atMs: null }
}

async function listPage(
  resource: Resource,
  after: string | null,
  limit: number,
  signal: AbortSignal,
): Promise<Listing> {
  const reader = await resource.reader(signal)
  const { definition, client } = resource
  const place = after === null ? null : (JSON.parse(after) as Place)
  const { items, next, serverMs } = await readList(client, definition.list, place, limit, signal, {}, definition.id)
  return {
    entries: items.map((item) => {
      const { id, version } = readItem(reader, item, false, serverMs)
      return { id, version }
    }),
    after: next === null ? null : JSON.stringify(next),
  }
}
