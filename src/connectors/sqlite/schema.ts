import type { Database } from 'better-sqlite3'
import type { FieldSchema, FieldType, Schema } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { quoteIdentifier } from '../sql/identifier.ts'
import type { TableSpec } from '../sql/spec.ts'
import { compositeColumn } from './id.ts'

export interface SqliteColumn {
  readonly field: FieldSchema
  /** Quoted, for statements. */
  readonly sql: string
}

/** A table as its catalogue describes it. */
export interface SqliteTable {
  /** For messages: "customers". */
  readonly name: string
  /** Quoted, for statements. */
  readonly sql: string
  /** What names a record: a column, or what stands for several of them (see id.ts). */
  readonly id: SqliteColumn
  /** The columns that it is made of. */
  readonly ids: readonly SqliteColumn[]
  readonly columns: ReadonlyMap<string, SqliteColumn>
  readonly isView: boolean
  /** `INTEGER PRIMARY KEY AUTOINCREMENT`: its numbers are handed out by `sqlite_sequence`. */
  readonly isAutoincrement: boolean
  /** The columns of each unique index, the primary key's first. */
  readonly uniques: readonly (readonly string[])[]
}

interface ColumnRow {
  name: string
  type: string
  notnull: bigint
  dflt_value: string | null
  pk: bigint
  hidden: bigint
}

/** Reads the table's catalogue. @throws SyncError `schema` without the table, `config` without a usable id. */
export function readTable(database: Database, spec: TableSpec): SqliteTable {
  const schema = spec.name.schema ?? 'main'
  const master = `${quoteIdentifier(schema)}.sqlite_master`
  const found = databaseNames(database).includes(schema)
    ? database
        .prepare<[string], { name: string; type: string; sql: string }>(
          `select name, type, sql from ${master} where type in ('table', 'view') and name = ? collate nocase`,
        )
        .get(spec.name.table)
    : undefined
  if (found === undefined) {
    throw new SyncError('schema', `there is no table ${spec.name.table} in the database`, {
      hint: 'Check the table in the mapping and the file of the connection.',
    })
  }
  const rows = database
    .prepare<[string, string], ColumnRow>('select * from pragma_table_xinfo(?, ?) where hidden <> 1')
    .all(found.name, schema)
  const relations = readRelations(database, found.name, schema)
  const keyColumns = rows.filter((row) => row.pk > 0n).sort((a, b) => Number(a.pk - b.pk))
  const columns = new Map(rows.map((row) => [row.name, columnOf(row, keyColumns, relations)]))
  const ids = idColumns(spec, found.name, keyColumns, columns)
  return {
    name: found.name,
    sql:
      spec.name.schema === null
        ? quoteIdentifier(found.name)
        : `${quoteIdentifier(schema)}.${quoteIdentifier(found.name)}`,
    id: ids.length === 1 && ids[0] !== undefined ? ids[0] : compositeColumn(ids),
    ids,
    columns,
    isView: found.type === 'view',
    isAutoincrement: /\bautoincrement\b/i.test(found.sql),
    uniques: readUniques(database, found.name, schema, keyColumns),
  }
}

export function describeTable(table: SqliteTable): Schema {
  return { name: table.name, fields: new Map([...table.columns].map(([name, column]) => [name, column.field])) }
}

/** The column of that name. @throws SyncError `schema`. */
export function columnNamed(table: SqliteTable, name: string): SqliteColumn {
  const column = table.columns.get(name)
  if (column !== undefined) return column
  throw new SyncError('schema', `table ${table.name} has no column ${name}`, {
    hint: `Check the mapping; the table has ${[...table.columns.keys()].join(', ')}.`,
  })
}

function databaseNames(database: Database): string[] {
  return database
    .prepare<[], { name: string }>('select name from pragma_database_list')
    .all()
    .map((row) => row.name)
}

function idColumns(
  spec: TableSpec,
  name: string,
  keyColumns: readonly ColumnRow[],
  columns: ReadonlyMap<string, SqliteColumn>,
): readonly SqliteColumn[] {
  const names = spec.id ?? keyColumns.map((row) => row.name)
  const missing = names.find((each) => !columns.has(each))
  const found = names.map((each) => columns.get(each)).filter((column) => column !== undefined)
  const binary = found.find(({ field }) => field.type === 'binary')
  let reason: string | null = null
  if (names.length === 0) reason = 'has no primary key'
  else if (missing !== undefined) reason = `has no column ${missing}`
  else if (binary !== undefined) reason = `has a binary id, ${binary.field.name}`
  if (reason === null) return found
  throw new SyncError('config', `table ${name} ${reason}, so its records cannot be told apart`, {
    hint: 'Name the columns that are unique and never change as id of the collection.',
  })
}

function columnOf(
  row: ColumnRow,
  keyColumns: readonly ColumnRow[],
  relations: ReadonlyMap<string, string>,
): SqliteColumn {
  const isRowid = row.pk > 0n && keyColumns.length === 1 && /^integer$/i.test(row.type)
  const isGenerated = row.hidden > 1n
  const isAssigned = isRowid || isGenerated || row.dflt_value !== null
  const type = fieldType(row.type)
  return {
    sql: quoteIdentifier(row.name),
    field: {
      name: row.name,
      type,
      isRequired: (row.notnull !== 0n || row.pk > 0n) && !isAssigned,
      isReadOnly: isGenerated,
      isAssigned,
      relation: relations.get(row.name) ?? null,
      // SQLite enforces neither the length nor the digits that a type declares.
      maxLength: null,
      scale: null,
      options: null,
    },
  }
}

/** By the declared type: names in common use first, then SQLite's own rules of affinity. */
function fieldType(declared: string): FieldType {
  const type = declared.toLowerCase()
  if (/^bool/.test(type)) return 'boolean'
  if (/^(datetime|timestamp)/.test(type)) return 'datetime'
  if (/^date$/.test(type)) return 'date'
  if (/^jsonb?$/.test(type)) return 'json'
  if (/int/.test(type)) return 'integer'
  if (/char|clob|text|uuid|time|enum/.test(type) || type === '') return 'text'
  if (/blob|binary|bytea/.test(type)) return 'binary'
  return 'decimal'
}

function readRelations(database: Database, table: string, schema: string): Map<string, string> {
  const rows = database
    .prepare<[string, string], { id: bigint; from: string; table: string }>(
      'select id, "from", "table" from pragma_foreign_key_list(?, ?)',
    )
    .all(table, schema)
  const single = rows.filter((row) => rows.filter((other) => other.id === row.id).length === 1)
  return new Map(single.map((row) => [row.from, row.table]))
}

function readUniques(database: Database, table: string, schema: string, keyColumns: readonly ColumnRow[]): string[][] {
  const rows = database
    .prepare<[string, string, string], { index: string; column: string | null }>(
      `select list.name as "index", info.name as "column" from pragma_index_list(?, ?) list,
       pragma_index_info(list.name, ?) info where list."unique" = 1 and list.partial = 0 and list.origin <> 'pk' order by list.seq, info.seqno`,
    )
    .all(table, schema, schema)
  const names = [...new Set(rows.map((row) => row.index))]
  const indexes = names.map((name) => rows.filter((row) => row.index === name).map((row) => row.column ?? ''))
  const primary = keyColumns.map((row) => row.name)
  return [...(primary.length > 0 ? [primary] : []), ...indexes.filter((columns) => !columns.includes(''))]
}
