import type { RecordId, Version } from '../../contract/change.ts'
import type { Side } from '../../mapping/mapping.ts'
import type { Link } from '../link.ts'
import { LINK_STATE_NAMES, nameAt, sideCode } from './codes.ts'
import type { KnownMapping, Layouts } from './layout.ts'
import type { Tables } from './tables.ts'

/** Link ids of one mapping lie together: `mapping.id * LINK_RANGE` and up. */
export const LINK_RANGE = 2 ** 32

export interface LinkRow {
  id: number
  odoo_id: RecordId
  external_id: RecordId
  key: string | null
  state: number
  layout: number
  odoo_version: Version
  external_version: Version
  odoo_seen: string
  external_seen: string
}

export const LINK_COLUMNS = [
  'id',
  'odoo_id',
  'external_id',
  'key',
  'state',
  'layout',
  'odoo_version',
  'external_version',
  'odoo_seen',
  'external_seen',
] as const
const COLUMNS = LINK_COLUMNS.map((column) => `l.${column}`).join(', ')

const BY_SIDE: Readonly<Record<Side, string>> = {
  odoo: `SELECT ${COLUMNS} FROM json_each(?) j CROSS JOIN link l ON l.mapping = ? AND l.odoo_id = j.value`,
  external: `SELECT ${COLUMNS} FROM json_each(?) j CROSS JOIN link l ON l.mapping = ? AND l.external_id = j.value`,
}
const BY_KEY = `SELECT ${COLUMNS} FROM json_each(?) j CROSS JOIN link l ON l.mapping = ? AND l.key = j.value`
const BY_ID = `SELECT ${COLUMNS} FROM json_each(?) j CROSS JOIN link l ON l.id = j.value`
const AFTER = `SELECT ${COLUMNS} FROM link l WHERE l.id > ? AND l.id < ? ORDER BY l.id LIMIT ?`
const NEWEST =
  'SELECT id, odoo_id, external_id FROM link WHERE id < ? AND id >= ? AND state = 0 ORDER BY id DESC LIMIT ?'

export function linkOf(layouts: Layouts, mapping: KnownMapping, row: LinkRow): Link {
  return {
    id: row.id,
    odooId: row.odoo_id,
    externalId: row.external_id,
    key: row.key,
    state: nameAt(LINK_STATE_NAMES, row.state),
    seen: {
      odoo: layouts.project(mapping, row.layout, row.odoo_seen),
      external: layouts.project(mapping, row.layout, row.external_seen),
    },
    version: { odoo: row.odoo_version, external: row.external_version },
  }
}

export function linkRowsBySide(
  { store }: Tables,
  mapping: KnownMapping,
  side: Side,
  ids: readonly RecordId[],
): LinkRow[] {
  if (ids.length === 0) return []
  return store.all<LinkRow>(BY_SIDE[side], JSON.stringify(ids), mapping.id)
}

export function linkRowsById({ store }: Tables, ids: readonly number[]): LinkRow[] {
  if (ids.length === 0) return []
  return store.all<LinkRow>(BY_ID, JSON.stringify(ids))
}

export function linksBySide(
  tables: Tables,
  mapping: KnownMapping,
  side: Side,
  ids: readonly RecordId[],
): Map<RecordId, Link> {
  const links = new Map<RecordId, Link>()
  for (const row of linkRowsBySide(tables, mapping, side, ids)) {
    links.set(side === 'odoo' ? row.odoo_id : row.external_id, linkOf(tables.layouts, mapping, row))
  }
  return links
}

/** The live links of the records into which these were merged. */
export function survivorsOf(
  tables: Tables,
  mapping: KnownMapping,
  side: Side,
  ids: readonly RecordId[],
): Map<RecordId, Link> {
  const sql = `SELECT a.record, ${COLUMNS} FROM json_each(?) j
    CROSS JOIN alias a ON a.mapping = ? AND a.side = ? AND a.record = j.value CROSS JOIN link l ON l.id = a.link AND l.state = 0`
  const rows = tables.store.all<LinkRow & { record: RecordId }>(sql, JSON.stringify(ids), mapping.id, sideCode(side))
  return new Map(rows.map((row) => [row.record, linkOf(tables.layouts, mapping, row)]))
}

export function linksByKey(tables: Tables, mapping: KnownMapping, keys: readonly string[]): Map<string, Link[]> {
  const links = new Map<string, Link[]>()
  const unique = [...new Set(keys)]
  for (const row of tables.store.all<LinkRow>(BY_KEY, JSON.stringify(unique), mapping.id)) {
    const key = row.key ?? ''
    const found = links.get(key)
    if (found === undefined) links.set(key, [linkOf(tables.layouts, mapping, row)])
    else found.push(linkOf(tables.layouts, mapping, row))
  }
  return links
}

export function linksAfter(tables: Tables, mapping: KnownMapping, afterLinkId: number, limit: number): Link[] {
  const first = mapping.id * LINK_RANGE
  const rows = tables.store.all<LinkRow>(AFTER, Math.max(first, afterLinkId), first + LINK_RANGE, limit)
  return rows.map((row) => linkOf(tables.layouts, mapping, row))
}

export function sampleIds(tables: Tables, mapping: KnownMapping, side: Side, limit: number): RecordId[] {
  const { store } = tables
  const first = mapping.id * LINK_RANGE
  const { last = 0 } =
    store.get<{ last: number }>('SELECT last_link AS last FROM mapping WHERE id = ?', mapping.id) ?? {}
  const before = (end: number, count: number): LinkRow[] => store.all<LinkRow>(NEWEST, end, first, count)
  const half = Math.ceil(limit / 2)
  const rows = before(first + LINK_RANGE, half)
  const stride = Math.max(1, last / (limit - half + 1))
  for (let step = 1; step <= limit - half; step++) rows.push(...before(first + Math.ceil(stride * step) + 1, 1))
  return [...new Set(rows.map((row) => (side === 'odoo' ? row.odoo_id : row.external_id)))]
}
