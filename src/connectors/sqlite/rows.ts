import { hash } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import type { RecordId, RecordState } from '../../contract/change.ts'
import type { LinesRequest } from '../../contract/connector.ts'
import type { Value } from '../../contract/value.ts'
import { datetimeMs } from '../sql/datetime.ts'
import { refuseLines } from '../sql/lines-field.ts'
import type { TableSpec } from '../sql/spec.ts'
import { openChild, type SqliteChild } from './children.ts'
import type { SqliteConnection } from './database.ts'
import { COMPOSITE_ID, idList, idOfRow, idParameters, isIdAmong } from './id.ts'
import { columnNamed, readTable, type SqliteColumn, type SqliteTable } from './schema.ts'
import { readValue, type SqliteValue } from './values.ts'

/** One collection's view of its table: what is read of each row, and how. */
export interface SqliteRows {
  readonly table: SqliteTable
  /** The columns of the fields asked for, without the id unless it is one of them. */
  readonly columns: readonly SqliteColumn[]
  /** The select list: the id, then `columns`, then the cursor column where there is one. */
  readonly list: string
  /** How many values a row of `list` has. */
  readonly width: number
  readonly cursorColumn: SqliteColumn | null
  /** The collection's own condition, or "1". */
  readonly inside: string
  /** Tables of lines that are fields of the records. */
  readonly children: readonly SqliteChild[]
}

export interface SqliteContext {
  readonly connection: SqliteConnection
  readonly spec: TableSpec
  readonly fields: readonly string[]
  readonly consumer: string
  /** The table as it is now: read again whenever the database's schema changes. @throws SyncError. */
  rows(): SqliteRows
}

export function sqliteContext(
  connection: SqliteConnection,
  spec: TableSpec,
  fields: readonly string[],
  consumer: string,
  lines: Readonly<Record<string, LinesRequest>> = {},
): SqliteContext {
  let known: { readonly schemaVersion: bigint; readonly rows: SqliteRows } | null = null
  return {
    connection,
    spec,
    fields,
    consumer,
    rows() {
      const database = connection.handle()
      const schemaVersion = database.pragma('schema_version', { simple: true }) as bigint
      if (known?.schemaVersion !== schemaVersion)
        known = { schemaVersion, rows: readRows(database, spec, fields, lines) }
      return known.rows
    },
  }
}

function readRows(
  database: Database,
  spec: TableSpec,
  fields: readonly string[],
  lines: Readonly<Record<string, LinesRequest>>,
): SqliteRows {
  const table = readTable(database, spec)
  const asked = spec.children.filter(({ field }) => fields.includes(field))
  const own = fields.filter((field) => !asked.some((child) => child.field === field))
  const columns = [...new Set(own)].map((field) => columnNamed(table, field))
  const cursorColumn = spec.cursor === null ? null : columnNamed(table, spec.cursor)
  if (table.ids.length > 1) refuseLines(table.name, asked)
  const read = [...columns, ...(cursorColumn === null ? [] : [cursorColumn])]
  const id = idOfRow(table, '')
  return {
    table,
    columns,
    list: [table.ids.length === 1 ? id : `${id} as ${COMPOSITE_ID}`, ...read.map((column) => column.sql)].join(', '),
    width: read.length + 1,
    cursorColumn,
    inside: spec.where === null ? '1' : `(${spec.where})`,
    children: asked.map((child) => openChild(database, spec, child, lines[child.field])),
  }
}

/** What is known of a row besides its values. */
export interface RowNotes {
  readonly changedAtMs?: number | null
  readonly byUs?: boolean | null
}

/** A row of `rows.list` as a record. Its version is a hash of the values, as SQLite keeps none. */
export function recordOf(rows: SqliteRows, row: readonly SqliteValue[], notes: RowNotes = {}): RecordState {
  const fields: Record<string, Value> = {}
  rows.columns.forEach((column, index) => {
    fields[column.field.name] = readValue(column, row[index + 1] ?? null)
  })
  for (const child of rows.children) fields[child.field] = child.lines(row[0] ?? null)
  const changedAt = rows.cursorColumn === null ? null : readValue(rows.cursorColumn, row[rows.width - 1] ?? null)
  return {
    id: idText(row[0] ?? null),
    version: hash('sha1', JSON.stringify(fields), 'base64'),
    changedAtMs: datetimeMs(changedAt) ?? notes.changedAtMs ?? null,
    byUs: notes.byUs ?? null,
    fields,
  }
}

export function idText(stored: SqliteValue): RecordId {
  return String(stored)
}

/** An id as the only column of it stores it; null: no row can have it. */
export function storedId(table: SqliteTable, id: RecordId): SqliteValue | null {
  return idParameters(table, id)[0] ?? null
}

/** A list as JSON text, for `json_each`; binary is left out. */
export function jsonList(values: readonly SqliteValue[]): string {
  const texts = values.filter((value) => value !== null && !Buffer.isBuffer(value))
  return `[${texts.map((value) => (typeof value === 'bigint' ? value.toString() : JSON.stringify(value))).join(',')}]`
}

/** The records with these ids, whether inside the collection or not. */
export function recordsById(
  database: Database,
  rows: SqliteRows,
  ids: readonly RecordId[],
  notes: RowNotes = {},
): Map<RecordId, RecordState> {
  const found = database
    .prepare<[string], SqliteValue[]>(`select ${rows.list} from ${rows.table.sql} where ${isIdAmong(rows.table)}`)
    .raw(true)
    .all(idList(rows.table, ids))
  return new Map(found.map((row) => [idText(row[0] ?? null), recordOf(rows, row, notes)]))
}
