import type { Change } from '../../contract/change.ts'
import type { Cursor, Listing, Page, ReadRequest } from '../../contract/feed.ts'
import type { Value } from '../../contract/value.ts'
import { advanceScan, cursorFloorMs, resumeScan, type Scan, type ScanOptions } from '../window-scan.ts'
import { leadingFields, readAllDependents } from './dependents.ts'
import { type OdooModel, readRecords, searchRows } from './model.ts'
import { formatWriteDate, parseWriteDate } from './record-version.ts'
import { readRows } from './records.ts'

/** A page of the model's own records. */
export async function readPage(
  model: OdooModel,
  options: ScanOptions,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<Page> {
  const { clock } = model.connection
  observeCursor(model, request.cursor)
  if (request.cursor === null) await observeNewest(model, signal)
  const scan = resumeScan(request.cursor, request.depth, clock.nowMs(), options)
  const changes = await readChanges(model, scan, request.limit, signal)
  const last = changes.length < request.limit ? null : changeId(changes.at(-1))
  return { changes, cursor: advanceScan(scan, last, options), caughtUp: last === null }
}

/** A stored cursor, too, tells a time that the database's clock has reached. */
export function observeCursor(model: OdooModel, cursor: Cursor | null): void {
  const known = cursorFloorMs(cursor)
  if (known !== null) model.connection.clock.observe(known)
}

/** The newest record of the collection tells where its database's clock is, at least. An empty one tells nothing. */
export async function observeNewest(model: OdooModel, signal: AbortSignal): Promise<void> {
  const rows = await searchRows(model, model.spec.domain, ['write_date'], 1, 'write_date desc', signal)
  const newestMs = parseWriteDate(rows[0]?.write_date)
  if (!Number.isNaN(newestMs)) model.connection.clock.observe(newestMs)
}

/** The part of a domain that keeps to what `scan` has still to read. */
export function scanDomain({ last, lowMs }: Pick<Scan, 'last' | 'lowMs'>): Value[] {
  const domain: Value[] = []
  if (last !== null) domain.push(['id', '>', Number(last)])
  // `>=` with a whole second is the one comparison that means the same in every version of Odoo.
  if (lowMs !== null) domain.push(['write_date', '>=', formatWriteDate(lowMs)])
  return domain
}

async function readChanges(model: OdooModel, scan: Scan, limit: number, signal: AbortSignal): Promise<Change[]> {
  const domain = [...model.spec.domain, ...scanDomain(scan)]
  if (scan.kind === 'first') {
    const states = await readRecords(model, domain, limit, signal)
    return states.map((state) => ({ kind: 'state', state }))
  }
  return (await readVersions(model, domain, limit, signal)).map(({ id, version }) => ({ kind: 'hint', id, version }))
}

/** The records' versions, in the order of their ids, read as cheaply as can be. */
export async function readVersions(
  model: OdooModel,
  domain: readonly Value[],
  limit: number,
  signal: AbortSignal,
): Promise<Listing['entries'][number][]> {
  const { connection, searchContext } = model
  const { reader } = await model.shape(signal)
  const floorMs = connection.clock.nowMs()
  const names = ['write_date', ...leadingFields(reader.dependents)]
  const rows = await searchRows(model, domain, names, limit, 'id', signal)
  const dependents = await readAllDependents(connection, reader.dependents, searchContext, rows, false, signal)
  const bare = { ...reader, names: [], decoders: [], lines: new Map() }
  const { states, newestMs } = readRows(rows, bare, floorMs, dependents)
  if (newestMs !== null) connection.clock.observe(newestMs)
  return states.map(({ id, version }) => ({ id, version }))
}

function changeId(change: Change | undefined): string | null {
  if (change === undefined) return null
  return change.kind === 'state' ? change.state.id : change.id
}
