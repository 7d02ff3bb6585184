import type { RecordId } from '../../contract/change.ts'
import type { HistoryEntry } from '../ledger.ts'
import { nameAt, SIDE_NAMES, sideCode } from './codes.ts'
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
  sql: (rows) => `INSERT INTO history (mapping, id, at, side, event, odoo_id, external_id, key, detail)
    SELECT ?, column1, column2, column3, column4, column5, column6, column7, column8 FROM (${rows})`,
}

export function addHistory({ store }: Tables, mapping: KnownMapping, entries: readonly HistoryEntry[]): void {
  if (entries.length === 0) return
  const sql = 'UPDATE mapping SET last_history = last_history + ? WHERE id = ? RETURNING last_history AS last'
  const last = store.get<{ last: number }>(sql, entries.length, mapping.id)?.last ?? 0
  let id = mapping.id * HISTORY_RANGE + last - entries.length
  const values: unknown[] = []
  for (const { atMs, side, event, odooId, externalId, key, detail } of entries) {
    id += 1
    values.push(id, atMs, sideCode(side), event, odooId, externalId, key, JSON.stringify(detail))
  }
  store.runRows(INSERT, [mapping.id], values)
}

/** The newest `limit` entries that concern any of the given ids or the key, oldest first. */
export function readHistory(tables: Tables, mapping: KnownMapping, filter: HistoryFilter): readonly HistoryEntry[] {
  const rows = hasSubject(filter) ? ofSubject(tables, mapping, filter) : ofMapping(tables, mapping, filter)
  return rows.map((row) => ({
    atMs: row.at,
    event: row.event,
    side: nameAt(SIDE_NAMES, row.side),
    odooId: row.odoo_id,
    externalId: row.external_id,
    key: row.key,
    detail: JSON.parse(row.detail) as Readonly<Record<string, unknown>>,
  }))
}

function hasSubject({ odooId, externalId, key }: HistoryFilter): boolean {
  return odooId !== undefined || externalId !== undefined || key !== undefined
}

function ofMapping({ store }: Tables, mapping: KnownMapping, filter: HistoryFilter): HistoryRow[] {
  const first = mapping.id * HISTORY_RANGE
  const sql = 'SELECT * FROM history WHERE id >= ? AND id < ? AND at >= ? ORDER BY id DESC LIMIT ?'
  return store.all<HistoryRow>(sql, first, first + HISTORY_RANGE, filter.sinceMs ?? 0, filter.limit).reverse()
}

/**
 * An entry that knows its Odoo record is indexed by that alone, so the Odoo records that were ever linked with an
 * external id or a key are found first.
 */
function ofSubject({ store }: Tables, mapping: KnownMapping, filter: HistoryFilter): HistoryRow[] {
  const { odooId = null, externalId = null, key = null, sinceMs = 0, limit } = filter
  const odooIds = new Set<RecordId>()
  const externalIds = new Set<RecordId>()
  if (odooId !== null) odooIds.add(odooId)
  if (externalId !== null) externalIds.add(externalId)
  let isLinked = false
  for (const table of ['link', 'former_link']) {
    for (const column of ['odoo_id', 'external_id', 'key']) {
      if (table === 'former_link' && column === 'odoo_id') continue
      const wanted = column === 'odoo_id' ? odooId : column === 'external_id' ? externalId : key
      if (wanted === null) continue
      const sql = `SELECT odoo_id, external_id FROM ${table} WHERE mapping = ? AND ${column} = ?`
      for (const row of store.all<{ odoo_id: RecordId; external_id: RecordId }>(sql, mapping.id, wanted)) {
        isLinked ||= column === 'key'
        odooIds.add(row.odoo_id)
        externalIds.add(row.external_id)
      }
    }
  }
  const found = new Map<number, HistoryRow>()
  const collect = (sql: string, ...values: unknown[]) => {
    for (const row of store.all<HistoryRow>(sql, ...values)) found.set(row.id, row)
  }
  const rest = 'AND at >= ? ORDER BY id DESC LIMIT ?'
  for (const id of odooIds) {
    collect(`SELECT * FROM history WHERE mapping = ? AND odoo_id = ? ${rest}`, mapping.id, id, sinceMs, limit)
  }
  for (const id of externalIds) {
    const sql = `SELECT * FROM history WHERE mapping = ? AND external_id = ? AND odoo_id IS NULL ${rest}`
    collect(sql, mapping.id, id, sinceMs, limit)
  }
  // A key that no link ever had (a create that never worked) is the one thing that has to be searched for.
  if (key !== null && !isLinked) {
    const first = mapping.id * HISTORY_RANGE
    const sql = `SELECT * FROM history WHERE id >= ? AND id < ? AND key = ? ${rest}`
    collect(sql, first, first + HISTORY_RANGE, key, sinceMs, limit)
  }
  return [...found.values()].sort((a, b) => a.id - b.id).slice(-limit)
}

/** Removes one portion of what is older; true: there may be more. */
export function pruneHistory({ store }: Tables, mappingId: number, beforeMs: number): boolean {
  const first = mappingId * HISTORY_RANGE
  const sql = `DELETE FROM history WHERE at < ? AND id IN (
    SELECT id FROM history WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)`
  return store.run(sql, beforeMs, first, first + HISTORY_RANGE, PRUNE_ROWS) === PRUNE_ROWS
}

/** Links that ended so long ago that the history of that time is gone as well. */
export function pruneFormerLinks({ store }: Tables, beforeMs: number): void {
  store.run('DELETE FROM former_link WHERE at < ?', beforeMs)
}
