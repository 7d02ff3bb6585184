import type { Change, RecordId, RecordState, Version } from '../../contract/change.ts'
import type { FieldSchema } from '../../contract/connector.ts'
import type { Page, ReadRequest } from '../../contract/feed.ts'
import { advanceScan, resumeScan, type Scan, type ScanOptions } from '../window-scan.ts'
import { refuseAborted } from './refuse-aborted.ts'

/** A row that a scan met; its state only where the scan reads whole rows. */
export interface ScannedRow {
  readonly id: RecordId
  readonly version: Version
  readonly state: RecordState | null
}

/** What a database does for a scan of one table by its cursor column. */
export interface ScanSource {
  /** What the cursor column of a row written now would at least hold: the database's time, or the largest number. */
  readonly floor: (signal: AbortSignal) => Promise<number | null>
  /** Rows from `lowMs` on and after `last`, in the order of ids; whole ones unless the scan is a deep one. */
  readonly rows: (scan: Scan, limit: number, signal: AbortSignal) => Promise<readonly ScannedRow[]>
}

/**
 * How a cursor column is scanned. A number that grows is treated like a time: the overlap is then so many numbers.
 * Whole seconds suit every spelling of a time that a column may hold.
 */
export function scanOptions(overlapMs: number, isNumber: boolean): ScanOptions {
  return isNumber
    ? { resolutionMs: 1, marginMs: 1000, overlapMs: Math.max(overlapMs, 1000) }
    : { resolutionMs: 1000, marginMs: 2000, overlapMs: Math.max(overlapMs, 2000) }
}

/** Whether the cursor column holds numbers that grow, and not times. */
export function isNumberCursor({
  cursorColumn,
}: {
  readonly cursorColumn: { readonly field: FieldSchema } | null
}): boolean {
  const type = cursorColumn?.field.type
  return type === 'integer' || type === 'decimal'
}

/** One page of a scan: whole records, or in a deep scan hints, as most of its rows are known already. */
export async function scanPage(
  source: ScanSource,
  options: ScanOptions,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<Page> {
  refuseAborted(signal)
  const started = resumeScan(request.cursor, request.depth, null, options)
  // A scan in the middle keeps the floor that it began with.
  const isNew = started.last === null
  const floorMs = isNew ? await source.floor(signal) : started.floorMs
  const scan: Scan = { ...started, floorMs }
  const rows = await source.rows(scan, request.limit, signal)
  const last = rows.length < request.limit ? null : (rows.at(-1)?.id ?? null)
  return { changes: rows.map(changeOf), cursor: advanceScan(scan, last, options), caughtUp: last === null }
}

function changeOf(row: ScannedRow): Change {
  if (row.state !== null) return { kind: 'state', state: row.state }
  return { kind: 'hint', id: row.id, version: row.version }
}
