import type { RecordId } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import { keyRecordId } from '../../mapping/key.ts'
import type { LinkWrite } from '../link.ts'
import { linkStateCode, sideCode } from './codes.ts'
import { isUniqueViolation } from './errors.ts'
import type { KnownMapping } from './layout.ts'
import { LINK_COLUMNS, LINK_RANGE, type LinkRow, linkRowsById } from './links.ts'
import type { RowsStatement } from './store.ts'
import type { Tables } from './tables.ts'

type Insert = Extract<LinkWrite, { kind: 'insert' }>
type Update = Extract<LinkWrite, { kind: 'update' }>
type Alias = Extract<LinkWrite, { kind: 'alias' }>

const LIVE = 0
const INSERT: RowsStatement = {
  width: 8,
  sql: (rows) => `INSERT INTO link (mapping, layout, state, id, odoo_id, external_id, key,
    odoo_version, external_version, odoo_seen, external_seen)
    SELECT ?, ?, 0, column1, column2, column3, column4, column5, column6, column7, column8 FROM (${rows})`,
}
/** Changes what has no index. The other columns are only there because a new row would need them. */
const REWRITE: RowsStatement = {
  width: LINK_COLUMNS.length,
  sql: (rows) => `INSERT INTO link (mapping, ${LINK_COLUMNS.join(', ')})
    SELECT ?, * FROM (${rows}) WHERE true
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, layout = excluded.layout,
    odoo_version = excluded.odoo_version, external_version = excluded.external_version,
    odoo_seen = excluded.odoo_seen, external_seen = excluded.external_seen`,
}
/** Without reading it first, unless it is a tombstone or written with other fields. */
const TOUCH = `UPDATE link SET
  odoo_version = iif(?, ?, odoo_version), external_version = iif(?, ?, external_version),
  odoo_seen = coalesce(?, odoo_seen), external_seen = coalesce(?, external_seen)
  WHERE id = ? AND state = 0 AND layout = ?`
const RENAME = 'UPDATE link SET odoo_id = ?, external_id = ?, key = ? WHERE id = ?'
const FORMER = 'INSERT INTO former_link (mapping, link, odoo_id, external_id, key, at) VALUES (?, ?, ?, ?, ?, ?)'

/** How waits may name the records that have a live link now and may have had none before: by id, or by key. */
export interface NewlyLinked {
  readonly odoo: RecordId[]
  readonly external: RecordId[]
  /** What was inserted, which is not among the others. */
  inserted: readonly Insert[]
  /** The id of the first link that was inserted; the others follow it. */
  firstInserted: number
}

/**
 * Deletes, then updates, then inserts, so that a record that leaves a link can enter another one in one settlement.
 * @throws SyncError `key` when a record would get a second link.
 */
export function writeLinks(
  tables: Tables,
  mapping: KnownMapping,
  writes: readonly LinkWrite[],
  nowMs: number,
): NewlyLinked {
  const linked: NewlyLinked = { odoo: [], external: [], inserted: [], firstInserted: 0 }
  const inserts = writes.filter((write) => write.kind === 'insert')
  const updates = writes.filter((write) => write.kind === 'update')
  const deletes = writes.filter((write) => write.kind === 'delete')
  if (deletes.length > 0) deleteLinks(tables, mapping, [...new Set(deletes.map((write) => write.id))], nowMs)
  const others = touchLive(tables, mapping, updates)
  if (others.length > 0) updateLinks(tables, mapping, others, nowMs, linked)
  if (inserts.length > 0) insertLinks(tables, mapping, inserts, linked)
  for (const write of writes) if (write.kind === 'alias') writeAlias(tables, mapping, write, linked)
  return linked
}

function writeAlias(
  { store }: Tables,
  mapping: KnownMapping,
  { id, of, odooId, externalId }: Alias,
  linked: NewlyLinked,
): void {
  // What was merged into the record that is merged now goes along.
  store.run('UPDATE alias SET link = ? WHERE link = ?', id, of)
  const sql =
    'INSERT INTO alias (mapping, side, record, link) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET link = excluded.link'
  store.run(sql, mapping.id, sideCode('odoo'), odooId, id)
  store.run(sql, mapping.id, sideCode('external'), externalId, id)
  linked.odoo.push(odooId)
  linked.external.push(externalId)
}

function countLive({ store }: Tables, mapping: KnownMapping, by: number): void {
  if (by !== 0) store.run('UPDATE mapping SET live_links = live_links + ? WHERE id = ?', by, mapping.id)
}

function remember({ store }: Tables, mapping: KnownMapping, row: LinkRow, nowMs: number): void {
  store.run(FORMER, mapping.id, row.id, row.odoo_id, row.external_id, row.key, nowMs)
}

function deleteLinks(tables: Tables, mapping: KnownMapping, ids: readonly number[], nowMs: number): void {
  const rows = linkRowsById(tables, ids)
  for (const row of rows) {
    remember(tables, mapping, row, nowMs)
    tables.store.run('DELETE FROM link WHERE id = ?', row.id)
    tables.store.run('DELETE FROM step WHERE link = ?', row.id)
  }
  countLive(tables, mapping, -rows.filter((row) => row.state === LIVE).length)
}

function insertLinks(tables: Tables, mapping: KnownMapping, inserts: readonly Insert[], linked: NewlyLinked): void {
  const { store } = tables
  const sql =
    'UPDATE mapping SET last_link = last_link + ?, live_links = live_links + ? WHERE id = ? RETURNING last_link'
  const counted = store.get<{ last_link: number }>(sql, inserts.length, inserts.length, mapping.id)
  let id = mapping.id * LINK_RANGE + (counted?.last_link ?? 0) - inserts.length
  linked.firstInserted = id + 1
  linked.inserted = inserts
  const values: unknown[] = []
  for (const { odooId, externalId, key, version, seen } of inserts) {
    id += 1
    values.push(id, odooId, externalId, key, version.odoo, version.external, seen.odoo, seen.external)
  }
  try {
    store.runRows(INSERT, [mapping.id, mapping.layout], values)
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw doubled(tables, mapping, inserts, error)
  }
}

function doubled(tables: Tables, mapping: KnownMapping, inserts: readonly Insert[], cause: unknown): SyncError {
  const seen = new Set<string>()
  // The rows of the chunks before the one that failed are in the table already: a link with both ids may be our own.
  const sql = `SELECT odoo_id, external_id FROM link
    WHERE mapping = ? AND (odoo_id = ? AND external_id <> ? OR external_id = ? AND odoo_id <> ?)`
  for (const { odooId, externalId } of inserts) {
    const other = tables.store.get<LinkRow>(sql, mapping.id, odooId, externalId, externalId, odooId)
    if (other !== undefined || seen.has(`o${odooId}`) || seen.has(`e${externalId}`)) {
      const with_ = other === undefined ? 'twice' : `although ${other.odoo_id} and ${other.external_id} are linked`
      return new SyncError(
        'key',
        `${mapping.name}: Odoo ${odooId} and external ${externalId} would be linked ${with_}`,
        {
          cause,
        },
      )
    }
    seen.add(`o${odooId}`).add(`e${externalId}`)
  }
  return new SyncError('key', `${mapping.name}: a record would be linked twice`, { cause })
}

/** Updates the usual links, live ones that stay so and keep their ids and key. The answer is the others. */
function touchLive({ store }: Tables, mapping: KnownMapping, updates: readonly Update[]): readonly Update[] {
  const others: Update[] = []
  const otherIds = new Set<number>()
  for (const update of updates) {
    const { id, seen, version } = update
    // What follows another update of the same link must not overtake it.
    const isPlain = !otherIds.has(id) && (update.state ?? 'live') === 'live' && !('odooId' in update)
    if (isPlain && !('externalId' in update) && !('key' in update)) {
      const [odoo, external] = [version?.odoo, version?.external]
      const changed = store.run(
        TOUCH,
        odoo === undefined ? 0 : 1,
        odoo ?? null,
        external === undefined ? 0 : 1,
        external ?? null,
        seen?.odoo ?? null,
        seen?.external ?? null,
        id,
        mapping.layout,
      )
      if (changed > 0) continue
    }
    others.push(update)
    otherIds.add(id)
  }
  return others
}

function updateLinks(
  tables: Tables,
  mapping: KnownMapping,
  updates: readonly Update[],
  nowMs: number,
  linked: NewlyLinked,
): void {
  const { store } = tables
  const rows = new Map(
    linkRowsById(tables, [...new Set(updates.map((update) => update.id))]).map((row) => [row.id, row]),
  )
  let live = 0
  for (const update of updates) {
    const row = rows.get(update.id)
    // Deleted meanwhile by another process: there is nothing to update.
    if (row === undefined) continue
    const wasLive = row.state === LIVE
    if (renameLink(tables, mapping, row, update, nowMs) && (update.state ?? 'live') === 'live')
      note(linked, { ...row, key: update.key ?? row.key })
    applyUpdate(tables, mapping, row, update)
    if (!wasLive && row.state === LIVE) note(linked, row)
    live += Number(row.state === LIVE) - Number(wasLive)
  }
  const values: unknown[] = []
  for (const row of rows.values()) for (const column of LINK_COLUMNS) values.push(row[column])
  store.runRows(REWRITE, [mapping.id], values)
  countLive(tables, mapping, live)
}

function note(linked: NewlyLinked, row: LinkRow): void {
  linked.odoo.push(row.odoo_id)
  linked.external.push(row.external_id)
  if (row.key !== null) linked.external.push(keyRecordId(row.key))
}

/** Ids and key have indexes and must be unique: they are written one by one. True: something was changed. */
function renameLink(tables: Tables, mapping: KnownMapping, row: LinkRow, update: Update, nowMs: number): boolean {
  const { odooId = row.odoo_id, externalId = row.external_id, key = row.key } = update
  if (odooId === row.odoo_id && externalId === row.external_id && key === row.key) return false
  remember(tables, mapping, row, nowMs)
  try {
    tables.store.run(RENAME, odooId, externalId, key, row.id)
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    const message = `${mapping.name}: Odoo ${odooId} and external ${externalId} cannot be linked, one of them is already`
    throw new SyncError('key', message, { cause: error })
  }
  row.odoo_id = odooId
  row.external_id = externalId
  row.key = key
  return true
}

function applyUpdate({ layouts }: Tables, mapping: KnownMapping, row: LinkRow, update: Update): void {
  if (update.state !== undefined) row.state = linkStateCode(update.state)
  if (update.version?.odoo !== undefined) row.odoo_version = update.version.odoo
  if (update.version?.external !== undefined) row.external_version = update.version.external
  if (update.seen === undefined) return
  row.odoo_seen = update.seen.odoo ?? layouts.project(mapping, row.layout, row.odoo_seen)
  row.external_seen = update.seen.external ?? layouts.project(mapping, row.layout, row.external_seen)
  row.layout = mapping.layout
}
