/**
 * History entries "created" that say no more than the link which came with them. A run of such entries is one row: the
 * entries are made of the links when they are read. A first sync is nothing but these.
 */
import type { RecordId } from '../../contract/change.ts'
import type { HistoryEntry } from '../history.ts'
import type { LinkWrite } from '../link.ts'
import { type SideCode, sideCode } from './codes.ts'
import type { KnownMapping } from './layout.ts'
import { LINK_RANGE } from './links.ts'
import type { Tables } from './tables.ts'

/** Entries from `from` on, and the inserts from `place` on. */
export interface Run {
  readonly from: number
  readonly place: number
  readonly atMs: number
  readonly side: SideCode
  size: number
}

interface CreationRow {
  first_link: number
  first_history: number
  size: number
  at: number
  side: SideCode
}

/** What a link joined when it was made. */
interface Origin {
  link: number
  odoo_id: RecordId
  external_id: RecordId
  key: string | null
}

export interface Created extends Omit<Origin, 'link'> {
  id: number
  at: number
  side: SideCode
}

const ORIGINS = `SELECT link, odoo_id, external_id, key, id AS turn FROM former_link WHERE link >= ? AND link < ?
  UNION ALL SELECT id, odoo_id, external_id, key, NULL FROM link WHERE id >= ? AND id < ?`

/** The runs of entries that follow from the links that are inserted with them, in the order of both. */
export function findRuns(links: readonly LinkWrite[], history: readonly HistoryEntry[]): readonly Run[] {
  const inserts = links.filter((write) => write.kind === 'insert')
  if (inserts.length === 0) return []
  let places: Map<RecordId, number> | undefined
  const placeOf = (entry: HistoryEntry, guess: number): number => {
    if (inserts[guess]?.odooId === entry.odooId) return guess
    places ??= new Map(inserts.map((insert, place) => [insert.odooId, place]))
    return entry.odooId === null ? -1 : (places.get(entry.odooId) ?? -1)
  }

  const runs: Run[] = []
  let next = 0
  let last: Run | undefined
  history.forEach((entry, index) => {
    if (entry.event !== 'created' || !isEmpty(entry.detail)) return
    const place = placeOf(entry, next)
    const insert = inserts[place]
    // Places only grow, so that no link stands for two entries.
    if (insert === undefined || place < next) return
    if (insert.externalId !== entry.externalId || insert.key !== entry.key) return
    next = place + 1
    const side = sideCode(entry.side)
    const isNext = last !== undefined && index === last.from + last.size && place === last.place + last.size
    if (last !== undefined && isNext && last.atMs === entry.atMs && last.side === side) {
      last.size += 1
      return
    }
    last = { from: index, place, atMs: entry.atMs, side, size: 1 }
    runs.push(last)
  })
  return runs
}

function isEmpty(detail: HistoryEntry['detail']): boolean {
  for (const _ in detail) return false
  return true
}

/** `firstLink`, `firstHistory`: the ids of the settlement's first insert and first entry. */
export function writeRuns({ store }: Tables, runs: readonly Run[], firstLink: number, firstHistory: number): void {
  const sql = 'INSERT INTO creation (first_link, first_history, size, at, side) VALUES (?, ?, ?, ?, ?)'
  for (const run of runs) {
    store.run(sql, firstLink + run.place, firstHistory + run.from, run.size, run.atMs, run.side)
  }
}

/** By link: the oldest of its former ends, or the ends that it still has. */
function originsOf({ store }: Tables, first: number, end: number): Map<number, Origin> {
  const origins = new Map<number, Origin & { turn: number | null }>()
  for (const row of store.all<Origin & { turn: number | null }>(ORIGINS, first, end, first, end)) {
    const other = origins.get(row.link)
    if (other === undefined || (row.turn ?? Infinity) < (other.turn ?? Infinity)) origins.set(row.link, row)
  }
  return origins
}

function createdOf(row: CreationRow, { link, odoo_id, external_id, key }: Origin): Created {
  return { id: row.first_history + link - row.first_link, at: row.at, side: row.side, odoo_id, external_id, key }
}

/** The newest `limit` of a mapping, and perhaps some more. */
export function creationsOfMapping(tables: Tables, mapping: KnownMapping, sinceMs: number, limit: number): Created[] {
  const created: Created[] = []
  const sql = `SELECT * FROM creation WHERE first_link >= ? AND first_link < ? AND at >= ?
    ORDER BY first_link DESC LIMIT 1`
  const base = mapping.id * LINK_RANGE
  for (let below = base + LINK_RANGE; created.length < limit; ) {
    const row = tables.store.get<CreationRow>(sql, base, below, sinceMs)
    if (row === undefined) break
    for (const origin of originsOf(tables, row.first_link, row.first_link + row.size).values()) {
      created.push(createdOf(row, origin))
    }
    below = row.first_link
  }
  return created
}

/** Those of the records, as their links were when they were made. */
export function creationsOfRecords(
  tables: Tables,
  mapping: KnownMapping,
  odooIds: ReadonlySet<RecordId>,
  sinceMs: number,
): Created[] {
  const links = new Set<number>()
  for (const id of odooIds) {
    for (const sql of [
      'SELECT id AS link FROM link WHERE mapping = ? AND odoo_id = ?',
      'SELECT link FROM former_link WHERE mapping = ? AND odoo_id = ?',
    ]) {
      for (const { link } of tables.store.all<{ link: number }>(sql, mapping.id, id)) links.add(link)
    }
  }
  const created: Created[] = []
  const sql = 'SELECT * FROM creation WHERE first_link <= ? ORDER BY first_link DESC LIMIT 1'
  for (const link of links) {
    const row = tables.store.get<CreationRow>(sql, link)
    if (row === undefined || link >= row.first_link + row.size || row.at < sinceMs) continue
    const origin = originsOf(tables, link, link + 1).get(link)
    if (origin !== undefined && odooIds.has(origin.odoo_id)) created.push(createdOf(row, origin))
  }
  return created
}

export function pruneCreations({ store }: Tables, mappingId: number, beforeMs: number): void {
  const base = mappingId * LINK_RANGE
  store.run(
    'DELETE FROM creation WHERE first_link >= ? AND first_link < ? AND at < ?',
    base,
    base + LINK_RANGE,
    beforeMs,
  )
}
