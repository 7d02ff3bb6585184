import type { RecordId } from '../../contract/change.ts'
import type { Side } from '../../mapping/mapping.ts'
import type { ChangeState, StoredChange } from '../change.ts'
import type { Link } from '../link.ts'
import { CHANGE_COLUMNS, type ChangeRow, changeOf, changeRows } from './changes.ts'
import { nameAt, SIDE_NAMES, sideCode, stateCode } from './codes.ts'
import type { KnownMapping } from './layout.ts'
import { linksBySide } from './links.ts'
import type { Tables } from './tables.ts'

export function known(tables: Tables, mapping: KnownMapping, side: Side, ids: readonly RecordId[]) {
  const links = linksBySide(tables, mapping, side, ids)
  const changes = changeRows(tables, mapping, side, ids)
  const answer = new Map<RecordId, { readonly link: Link | null; readonly change: StoredChange | null }>()
  for (const [id, link] of links) answer.set(id, { link, change: null })
  for (const [id, row] of changes) answer.set(id, { link: links.get(id) ?? null, change: changeOf(row) })
  return answer
}

export interface ChangesFilter {
  readonly state?: ChangeState
  readonly side?: Side
  readonly id?: RecordId
  /** Goes on behind this one: those with a lower seq. */
  readonly afterSeq?: number
  readonly limit: number
}

interface Listed {
  readonly mapping: string
  readonly change: StoredChange
  readonly link: Link | null
}

export function listChanges(tables: Tables, mapping: KnownMapping | null, filter: ChangesFilter): readonly Listed[] {
  const conditions: string[] = []
  const values: unknown[] = []
  const add = (condition: string, value: unknown) => {
    conditions.push(condition)
    values.push(value)
  }
  if (mapping !== null) add('c.mapping = ?', mapping.id)
  if (filter.side !== undefined) add('c.side = ?', sideCode(filter.side))
  if (filter.id !== undefined) add('c.record = ?', filter.id)
  if (filter.afterSeq !== undefined) add('c.seq < ?', filter.afterSeq)
  // Literals, so that the partial indexes apply.
  if (filter.state !== undefined) {
    const code = stateCode(filter.state)
    conditions.push(code === 0 ? 'c.state = 0' : `c.state = ${code} AND c.state <> 0`)
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const sql = `SELECT ${CHANGE_COLUMNS} FROM change c ${where} ORDER BY c.seq DESC LIMIT ?`
  const rows = tables.store.all<ChangeRow>(sql, ...values, filter.limit)
  const links = linksOf(tables, rows)
  return rows.map((row) => ({
    mapping: tables.layouts.nameOf(row.mapping),
    change: changeOf(row),
    link: links.get(`${row.mapping}:${row.side}:${row.record}`) ?? null,
  }))
}

function linksOf(tables: Tables, rows: readonly ChangeRow[]): Map<string, Link> {
  const ids = new Map<string, RecordId[]>()
  for (const row of rows) {
    const name = `${row.mapping}:${row.side}`
    const list = ids.get(name)
    if (list === undefined) ids.set(name, [row.record])
    else list.push(row.record)
  }
  const links = new Map<string, Link>()
  for (const [name, records] of ids) {
    const [mapping = 0, side = 0] = name.split(':').map(Number)
    const known = tables.layouts.mappingById(mapping)
    for (const [id, link] of linksBySide(tables, known, nameAt(SIDE_NAMES, side), records)) {
      links.set(`${name}:${id}`, link)
    }
  }
  return links
}
