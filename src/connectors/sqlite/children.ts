import type { Database, Statement } from 'better-sqlite3'
import type { LinesRequest } from '../../contract/connector.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { lineChanges } from '../line-changes.ts'
import { lineKey } from '../sql/lines-field.ts'
import type { ChildSpec, TableSpec } from '../sql/spec.ts'
import { columnNamed, readTable, type SqliteColumn, type SqliteTable } from './schema.ts'
import type { SqliteSettings } from './settings.ts'
import { readValue, type SqliteValue, writeValue } from './values.ts'

/** A table of lines, as its records see it. */
export interface SqliteChild {
  readonly field: string
  readonly table: SqliteTable
  readonly parent: SqliteColumn
  /** What names a line within its record. */
  readonly key: readonly SqliteColumn[]
  /** The lines of a record, in the order of their keys. */
  lines(parent: SqliteValue): readonly Fields[]
}

/** @throws SyncError `schema` without the table or a column, `config` without a usable key. */
export function openChild(
  database: Database,
  table: TableSpec,
  spec: ChildSpec,
  request: LinesRequest | undefined,
): SqliteChild {
  const child = readTable(database, { ...table, name: spec.name, id: [spec.parent], where: null })
  const parent = columnNamed(child, spec.parent)
  const key = lineKey(spec, child.name, child.uniques[0] ?? []).map((name) => columnNamed(child, name))
  const columns = [...new Set([...key, ...(request?.fields ?? []).map((name) => columnNamed(child, name))])]
  const condition = spec.where === null ? '' : `and (${spec.where})`
  const statement: Statement<SqliteValue[], SqliteValue[]> = database
    .prepare<SqliteValue[], SqliteValue[]>(
      `select ${columns.map(({ sql }) => sql).join(', ')} from ${child.sql} where ${parent.sql} = ? ${condition}
       order by ${key.map(({ sql }) => sql).join(', ')}`,
    )
    .raw(true)
  return {
    field: spec.field,
    table: child,
    parent,
    key,
    lines: (id) =>
      statement
        .all(id)
        .map((row) =>
          Object.fromEntries(
            columns.map((column, index) => [column.field.name, readValue(column, row[index] ?? null)] as const),
          ),
        ),
  }
}

/** How a statement is run: prepared once for each text. */
export type RunStatement = (sql: string, values: readonly SqliteValue[]) => void

/** Writes the rows that differ: those that go first, so that a new one may take a place that was theirs. */
export function writeLines(
  child: SqliteChild,
  parent: SqliteValue,
  before: Value,
  wanted: Value,
  settings: SqliteSettings,
  run: RunStatement,
): void {
  const { table, key } = child
  const changes = lineChanges(
    key.map(({ field }) => field.name),
    before,
    wanted,
  )
  const stored = (columns: readonly SqliteColumn[], fields: Fields): SqliteValue[] =>
    columns.map((column) => writeValue(column, fields[column.field.name] ?? null, settings))
  const isLine = [child.parent, ...key].map(({ sql }) => `${sql} = ?`).join(' and ')
  for (const line of changes.removed) {
    run(`delete from ${table.sql} where ${isLine}`, [parent, ...stored(key, line)])
  }
  for (const { before: was, fields } of changes.changed) {
    const columns = Object.keys(fields).map((name) => columnNamed(table, name))
    const set = columns.map(({ sql }) => `${sql} = ?`).join(', ')
    run(`update ${table.sql} set ${set} where ${isLine}`, [...stored(columns, fields), parent, ...stored(key, was)])
  }
  for (const fields of changes.added) {
    const columns = Object.keys(fields).map((name) => columnNamed(table, name))
    const names = [child.parent, ...columns].map(({ sql }) => sql).join(', ')
    const places = ['?', ...columns.map(() => '?')].join(', ')
    run(`insert into ${table.sql} (${names}) values (${places})`, [parent, ...stored(columns, fields)])
  }
}
