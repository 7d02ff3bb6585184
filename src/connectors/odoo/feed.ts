import type { Change } from '../../contract/change.ts'
import type { Feed, Listing, Page, ReadRequest } from '../../contract/feed.ts'
import type { Value } from '../../contract/value.ts'
import { advanceScan, cursorFloorMs, resumeScan, type Scan, type ScanOptions } from '../window-scan.ts'
import { explainError } from './explain-error.ts'
import { lookAtRecords } from './look.ts'
import { type OdooModel, readRecords, searchRows } from './model.ts'
import { formatWriteDate, HOT_MS, parseWriteDate, recordVersion, WRITE_DATE_RESOLUTION_MS } from './record-version.ts'

/**
 * Reads by `write_date`, as `window-scan.ts` explains. The first scan reads every record in full; later ones read ids
 * and `write_date` only and give hints, so that what is known already costs next to nothing.
 */
export function createFeed(model: OdooModel): Feed {
  const options: ScanOptions = {
    resolutionMs: WRITE_DATE_RESOLUTION_MS,
    marginMs: HOT_MS,
    overlapMs: model.spec.overlap,
  }
  return {
    readsAhead: true,
    async read(request, signal) {
      try {
        return await readPage(model, options, request, signal)
      } catch (error) {
        throw await explainError(error, model, 'read', 0, signal)
      }
    },
    async look(ids, signal) {
      try {
        return await lookAtRecords(model, ids, signal)
      } catch (error) {
        throw await explainError(error, model, 'read', 0, signal)
      }
    },
    async list(after, limit, signal) {
      try {
        return await listPage(model, after, limit, signal)
      } catch (error) {
        throw await explainError(error, model, 'read', 0, signal)
      }
    },
  }
}

async function readPage(
  model: OdooModel,
  options: ScanOptions,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<Page> {
  const { clock } = model.connection
  const known = cursorFloorMs(request.cursor)
  if (known !== null) clock.observe(known)
  if (request.cursor === null) await observeNewest(model, signal)
  const scan = resumeScan(request.cursor, request.depth, clock.nowMs(), options)
  const changes = await readChanges(model, scan, request.limit, signal)
  const last = changes.length < request.limit ? null : changeId(changes.at(-1))
  return { changes, cursor: advanceScan(scan, last, options), caughtUp: last === null }
}

/** The newest record of the collection tells where its database's clock is, at least. An empty one tells nothing. */
async function observeNewest(model: OdooModel, signal: AbortSignal): Promise<void> {
  const rows = await searchRows(model, model.spec.domain, ['write_date'], 1, 'write_date desc', signal)
  const newestMs = parseWriteDate(rows[0]?.write_date)
  if (!Number.isNaN(newestMs)) model.connection.clock.observe(newestMs)
}

async function readChanges(model: OdooModel, scan: Scan, limit: number, signal: AbortSignal): Promise<Change[]> {
  const domain: Value[] = [...model.spec.domain]
  if (scan.last !== null) domain.push(['id', '>', Number(scan.last)])
  // `>=` with a whole second is the one comparison that means the same in every version of Odoo.
  if (scan.lowMs !== null) domain.push(['write_date', '>=', formatWriteDate(scan.lowMs)])
  if (scan.kind === 'first') {
    const states = await readRecords(model, domain, limit, signal)
    return states.map((state) => ({ kind: 'state', state }))
  }
  return (await readVersions(model, domain, limit, signal)).map(({ id, version }) => ({ kind: 'hint', id, version }))
}

async function listPage(model: OdooModel, after: string | null, limit: number, signal: AbortSignal): Promise<Listing> {
  const domain: Value[] = [...model.spec.domain]
  if (after !== null) domain.push(['id', '>', Number(after)])
  const entries = await readVersions(model, domain, limit, signal)
  return { entries, after: entries.length < limit ? null : (entries.at(-1)?.id ?? null) }
}

async function readVersions(
  model: OdooModel,
  domain: readonly Value[],
  limit: number,
  signal: AbortSignal,
): Promise<Listing['entries'][number][]> {
  const { clock } = model.connection
  const floorMs = clock.nowMs()
  const rows = await searchRows(model, domain, ['write_date'], limit, 'id', signal)
  let newestMs = 0
  const entries = rows.map((row) => {
    const writeDateMs = parseWriteDate(row.write_date)
    if (writeDateMs > newestMs) newestMs = writeDateMs
    return { id: String(row.id), version: recordVersion(writeDateMs, floorMs) }
  })
  if (newestMs > 0) clock.observe(newestMs)
  return entries
}

function changeId(change: Change | undefined): string | null {
  if (change === undefined) return null
  return change.kind === 'state' ? change.state.id : change.id
}
