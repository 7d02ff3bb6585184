import type { RecordId } from '../../contract/change.ts'
import type { HistoryEntry, StoredHistoryEntry } from '../history.ts'
import { nameAt, SIDE_NAMES, sideCode } from './codes.ts'
import {
  type Created,
  creationsOfMapping,
  creationsOfRecords,
  pruneCreations,
  type Run,
  writeRuns,
} from './creations.ts'
import { type Marked, markHistory, pruneMarks, type Subject, searchHistory } from './history-marks.ts'
import type { KnownMapping } from './layout.ts'
import type { RowsStatement } from './store.ts'
import type { Tables } from './tables.ts'

/** History ids of one mapping lie together: `mapping.id * HISTORY_RANGE` and up. */
const HISTORY_RANGE = 2 ** 40
const PRUNE_ROWS = 5_000

interface HistoryRow {
  id: number
  at: number
  side: number
  event: string
  odoo_id: RecordId | null
  external_id: RecordId | null
  key: string | null
  /** JSON. */
  detail: string
}

export interface HistoryFilter {
  readonly odooId?: RecordId
  readonly externalId?: RecordId
  readonly key?: string
  readonly sinceMs?: number
  readonly limit: number
}

const INSERT: RowsStatement = {
  width: 8,
  sql: (rows) => `INSERT INTO history (id, at, side, event, odoo_id, external_id, key, detail) ${rows}`,
}

/** Entries that follow from links which are inserted in the same transaction, and the first of these links. */
export interface Derived {
  readonly runs: readonly Run[]
  readonly firstLink: number
}

export function addHistory(
  tables: Tables,
  mapping: KnownMapping,
  entries: readonly HistoryEntry[],
  derived: Derived = { runs: [], firstLink: 0 },
): void {
  if (entries.length === 0) return
  const sql = 'UPDATE mapping SET last_history = last_history + ? WHERE id = ? RETURNING last_history AS last'
  const last = tables.store.get<{ last: number }>(sql, entries.length, mapping.id)?.last ?? 0
  const first = mapping.id * HISTORY_RANGE + last - entries.length + 1
  writeRuns(tables, derived.runs, derived.firstLink, first)
  let from = 0
  const values: unknown[] = []
  const marked: Marked[] = []
  for (const run of [...derived.runs, { from: entries.length, size: 0 }]) {
    for (let index = from; index < run.from; index += 1) {
      const entry = entries[index]
      if (entry === undefined) continue
      const { atMs, side, event, odooId, externalId, key, detail } = entry
      const id = first + index
      values.push(id, atMs, sideCode(side), event, odooId, externalId, key, JSON.stringify(detail))
      marked.push({ id, odooId, externalId, key })
    }
    from = run.from + run.size
  }
  tables.store.runRows(INSERT, [], values)
  markHistory(tables.store, marked)
}

/** The newest `limit` entries that concern any of the given ids or the key, oldest first. */
export function readHistory(
  tables: Tables,
  mapping: KnownMapping,
  filter: HistoryFilter,
): readonly StoredHistoryEntry[] {
  const rows = hasSubject(filter) ? ofSubject(tables, mapping, filter) : ofMapping(tables, mapping, filter)
  rows.sort((a, b) => a.id - b.id)
  return rows.slice(Math.max(0, rows.length - filter.limit)).map((row) => entryOf(mapping, row))
}

export function readHistoryEntry({ store }: Tables, mapping: KnownMapping, id: number): StoredHistoryEntry | null {
  const row = store.get<HistoryRow>('SELECT * FROM history WHERE id = ?', mapping.id * HISTORY_RANGE + id)
  return row === undefined || id < 1 || id >= HISTORY_RANGE ? null : entryOf(mapping, row)
}

function entryOf(mapping: KnownMapping, row: HistoryRow): StoredHistoryEntry {
  return {
    id: row.id - mapping.id * HISTORY_RANGE,
    atMs: row.at,
    event: row.event,
    side: nameAt(SIDE_NAMES, row.side),
    odooId: row.odoo_id,
    externalId: row.external_id,
    key: row.key,
    detail: JSON.parse(row.detail) as Readonly<Record<string, unknown>>,
  }
}

function hasSubject({ odooId, externalId, key }: HistoryFilter): boolean {
  return odooId !== undefined || externalId !== undefined || key !== undefined
}

function rowOf(created: Created): HistoryRow {
  return { ...created, event: 'created', detail: '{}' }
}

function ofMapping(tables: Tables, mapping: KnownMapping, { sinceMs = 0, limit }: HistoryFilter): HistoryRow[] {
  const first = mapping.id * HISTORY_RANGE
  const sql = 'SELECT * FROM history WHERE id >= ? AND id < ? AND at >= ? ORDER BY id DESC LIMIT ?'
  const rows = tables.store.all<HistoryRow>(sql, first, first + HISTORY_RANGE, sinceMs, limit)
  return rows.concat(creationsOfMapping(tables, mapping, sinceMs, limit).map(rowOf))
}

function ofSubject(tables: Tables, mapping: KnownMapping, filter: HistoryFilter): HistoryRow[] {
  const { sinceMs = 0, limit } = filter
  const subject = subjectOf(tables, mapping, filter)
  const first = mapping.id * HISTORY_RANGE
  const found: HistoryRow[] = []
  for (const ids of searchHistory(tables.store, subject, first, first + HISTORY_RANGE)) {
    for (const id of ids) {
      const row = tables.store.get<HistoryRow>('SELECT * FROM history WHERE id = ?', id)
      if (row !== undefined && row.at >= sinceMs && concerns(row, subject)) found.push(row)
    }
    if (found.length >= limit) break
  }
  return found.concat(creationsOfRecords(tables, mapping, subject.odooIds, sinceMs).map(rowOf))
}

function concerns(row: HistoryRow, { odooIds, externalIds, key }: Subject): boolean {
  if (key !== null && row.key === key) return true
  if (row.odoo_id !== null) return odooIds.has(row.odoo_id)
  return row.external_id !== null && externalIds.has(row.external_id)
}

/**
 * An entry that knows its Odoo record belongs to that alone, so the Odoo records that were ever linked with an external
 * id or a key are found first. An entry is looked for by its key only where no link ever had it (a create that never
 * worked).
 */
function subjectOf({ store }: Tables, mapping: KnownMapping, filter: HistoryFilter): Subject {
  const { odooId = null, externalId = null, key = null } = filter
  const odooIds = new Set<RecordId>()
  const externalIds = new Set<RecordId>()
  if (odooId !== null) odooIds.add(odooId)
  if (externalId !== null) externalIds.add(externalId)
  let isLinked = false
  const join = (table: 'link' | 'former_link', column: 'odoo_id' | 'external_id' | 'key', wanted: string | null) => {
    if (wanted === null) return
    const sql = `SELECT odoo_id, external_id FROM ${table} WHERE mapping = ? AND ${column} = ?`
    for (const row of store.all<{ odoo_id: RecordId; external_id: RecordId }>(sql, mapping.id, wanted)) {
      isLinked ||= column === 'key'
      odooIds.add(row.odoo_id)
      externalIds.add(row.external_id)
    }
  }
  join('link', 'odoo_id', odooId)
  for (const table of ['link', 'former_link'] as const) {
    join(table, 'external_id', externalId)
    join(table, 'key', key)
  }
  return { odooIds, externalIds, key: isLinked ? null : key }
}

/** Removes one portion of what is older; true: there may be more. */
export function pruneHistory(tables: Tables, mappingId: number, beforeMs: number): boolean {
  const { store } = tables
  const first = mappingId * HISTORY_RANGE
  const sql = `DELETE FROM history WHERE at < ? AND id IN (
    SELECT id FROM history WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)`
  const isMore = store.run(sql, beforeMs, first, first + HISTORY_RANGE, PRUNE_ROWS) === PRUNE_ROWS
  if (isMore) return true
  pruneCreations(tables, mappingId, beforeMs)
  const oldest = `SELECT coalesce((SELECT min(id) FROM history WHERE id >= ? AND id < ?), ? + last_history) AS id
    FROM mapping WHERE id = ?`
  const left = store.get<{ id: number }>(oldest, first, first + HISTORY_RANGE, first, mappingId)?.id ?? first
  pruneMarks(store, first, left)
  return false
}

/** Links that ended so long ago that the history of that time is gone as well. */
export function pruneFormerLinks({ store }: Tables, beforeMs: number): void {
  store.run('DELETE FROM former_link WHERE at < ?', beforeMs)
}
