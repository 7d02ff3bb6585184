import { isSameVersion, type RecordId, type Version } from '../../contract/change.ts'
import type { Side } from '../../mapping/mapping.ts'
import type { Link } from '../link.ts'
import { changeRows } from './changes.ts'
import { STATE_LANE, sideCode } from './codes.ts'
import type { KnownMapping } from './layout.ts'
import { LINK_RANGE, linkOf, linkRowsById, linkRowsBySide } from './links.ts'
import type { Tables } from './tables.ts'

/** Links of one bit field. A multiple of 8. */
const CHUNK_LINKS = 4_096
const LIVE = 0

interface SweepRow {
  readonly position: string | null
  /** The mapping's last link when it began. */
  readonly last_link: number
  readonly listed: number
}

interface Entry {
  readonly id: RecordId
  readonly version: Version
}

function readSweep({ store }: Tables, mapping: KnownMapping, side: Side): SweepRow | undefined {
  const sql = 'SELECT position, last_link, listed FROM sweep WHERE mapping = ? AND side = ?'
  return store.get<SweepRow>(sql, mapping.id, sideCode(side))
}

export function beginSweep(tables: Tables, mapping: KnownMapping, side: Side, fresh: boolean): string | null {
  const running = readSweep(tables, mapping, side)
  if (!fresh && running !== undefined && running.position !== null) return running.position
  endSweep(tables, mapping, side)
  const sql = `INSERT INTO sweep (mapping, side, position, last_link, listed)
    SELECT id, ?, NULL, last_link, 0 FROM mapping WHERE id = ?`
  tables.store.run(sql, sideCode(side), mapping.id)
  return null
}

export function endSweep({ store }: Tables, mapping: KnownMapping, side: Side): void {
  store.run('DELETE FROM sweep WHERE mapping = ? AND side = ?', mapping.id, sideCode(side))
  store.run('DELETE FROM sweep_mark WHERE mapping = ? AND side = ?', mapping.id, sideCode(side))
}

/** Marks the page and answers which of its records have to be read: unknown, changed, or said to be gone. */
export function sweepPage(
  tables: Tables,
  mapping: KnownMapping,
  side: Side,
  entries: readonly Entry[],
  after: string | null,
): readonly RecordId[] {
  const ids = entries.map((entry) => entry.id)
  const links = new Map(
    linkRowsBySide(tables, mapping, side, ids).map((row) => [side === 'odoo' ? row.odoo_id : row.external_id, row]),
  )
  const changes = changeRows(tables, mapping, side, ids)
  mark(
    tables,
    mapping,
    side,
    [...links.values()].map((row) => row.id),
  )
  const sql = 'UPDATE sweep SET position = ?, listed = listed + ? WHERE mapping = ? AND side = ?'
  tables.store.run(sql, after, entries.length, mapping.id, sideCode(side))

  const isKnown = ({ id, version }: Entry) => {
    const change = changes.get(id)
    if (change !== undefined) return change.lane === STATE_LANE && isSameVersion(change.version, version)
    const link = links.get(id)
    if (link === undefined || link.state === (side === 'odoo' ? 1 : 2)) return false
    return isSameVersion(side === 'odoo' ? link.odoo_version : link.external_version, version)
  }
  return entries.filter((entry) => !isKnown(entry)).map((entry) => entry.id)
}

function readMarks({ store }: Tables, mapping: KnownMapping, side: Side, chunk: number): Uint8Array | null {
  const sql = 'SELECT bits FROM sweep_mark WHERE mapping = ? AND side = ? AND chunk = ?'
  return store.get<{ bits: Uint8Array }>(sql, mapping.id, sideCode(side), chunk)?.bits ?? null
}

function mark(tables: Tables, mapping: KnownMapping, side: Side, linkIds: readonly number[]): void {
  const chunks = new Map<number, Uint8Array>()
  for (const id of linkIds) {
    const place = id % LINK_RANGE
    const chunk = Math.floor(place / CHUNK_LINKS)
    let bits = chunks.get(chunk)
    if (bits === undefined) {
      bits = readMarks(tables, mapping, side, chunk) ?? new Uint8Array(CHUNK_LINKS / 8)
      chunks.set(chunk, bits)
    }
    const bit = place % CHUNK_LINKS
    bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7))
  }
  const sql = `INSERT INTO sweep_mark (mapping, side, chunk, bits) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET bits = excluded.bits`
  for (const [chunk, bits] of chunks) tables.store.run(sql, mapping.id, sideCode(side), chunk, bits)
}

/**
 * Linked, live records of one chunk of links that were not listed. Chunks in which every bit is set cost nothing: after
 * a complete sweep that is nearly all of them.
 */
function missingOfChunk(
  tables: Tables,
  mapping: KnownMapping,
  side: Side,
  chunk: number,
  after: number,
  last: number,
): readonly number[] {
  const bits = readMarks(tables, mapping, side, chunk)
  if (bits?.every((byte) => byte === 255)) return []
  const base = mapping.id * LINK_RANGE
  const low = Math.max(after, base + chunk * CHUNK_LINKS - 1)
  const high = Math.min(base + last, base + (chunk + 1) * CHUNK_LINKS - 1)
  const rows = tables.store.all<{ id: number; state: number }>(
    'SELECT id, state FROM link WHERE id > ? AND id <= ? ORDER BY id',
    low,
    high,
  )
  return rows
    .filter(({ id, state }) => {
      const bit = (id % LINK_RANGE) % CHUNK_LINKS
      return state === LIVE && (((bits?.[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 0
    })
    .map((row) => row.id)
}

/** Where a search for missing records stands. `done`: every chunk was looked at. */
export interface MissingSearch {
  readonly ids: number[]
  chunk: number
  done: boolean
}

export function beginSearch(mapping: KnownMapping, after: number): MissingSearch {
  const place = Math.max(0, after - mapping.id * LINK_RANGE)
  return { ids: [], chunk: Math.floor(place / CHUNK_LINKS), done: false }
}

/** Looks at up to `chunks` chunks more: a portion that does not block the event loop for long. */
export function searchMissing(
  tables: Tables,
  mapping: KnownMapping,
  side: Side,
  search: MissingSearch,
  portion: { readonly after: number; readonly limit: number; readonly chunks: number },
): void {
  const last = readSweep(tables, mapping, side)?.last_link ?? 0
  for (let step = 0; step < portion.chunks && !search.done; step += 1) {
    search.ids.push(...missingOfChunk(tables, mapping, side, search.chunk, portion.after, last))
    search.chunk += 1
    search.done = search.chunk * CHUNK_LINKS > last || search.ids.length >= portion.limit
  }
}

export function linksFound(tables: Tables, mapping: KnownMapping, ids: readonly number[]): readonly Link[] {
  return linkRowsById(tables, ids).map((row) => linkOf(tables.layouts, mapping, row))
}

export function sweepListed(tables: Tables, mapping: KnownMapping, side: Side): number {
  return readSweep(tables, mapping, side)?.listed ?? 0
}
