import type { FieldSchema, Schema } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { quoteTableName, type TableName } from '../sql/identifier.ts'
import type { TableSpec } from '../sql/spec.ts'
import { literal, quoteName } from './literal.ts'
import type { MysqlConnection, Query, Stored } from './pool.ts'
import { fieldType, type MysqlType, optionsOf } from './values.ts'

export interface MysqlColumn {
  readonly field: FieldSchema
  /** Quoted, without the table. */
  readonly sql: string
  readonly type: MysqlType
  /** An expression that gives the value of a new row, different each time: a sequence, a uuid. */
  readonly source: string | null
  readonly isAutoIncrement: boolean
}

/** A table or view as the catalogue describes it. */
export interface MysqlTable {
  readonly database: string
  /** For messages, and as the name of its changes: "shop.customers". */
  readonly name: string
  /** Quoted and qualified. */
  readonly sql: string
  /** The table's own name, quoted: its alias in every statement, so that a `where` may use it. */
  readonly alias: string
  readonly isView: boolean
  /** "InnoDB"; null for a view. */
  readonly engine: string | null
  /** The columns that together name a record; mostly one. */
  readonly ids: readonly MysqlColumn[]
  readonly columns: ReadonlyMap<string, MysqlColumn>
  /** The columns of each unique index that covers whole values, the primary key's first. */
  readonly uniques: readonly (readonly string[])[]
  /** The columns of the primary key; empty where there is none. */
  readonly primary: readonly string[]
}

/** Reads the table's catalogue. @throws SyncError `schema` without the table, `config` without a usable id. */
export async function readTable(query: Query, connection: MysqlConnection, spec: TableSpec): Promise<MysqlTable> {
  const database = spec.name.schema ?? connection.settings.database
  const where = `table_schema = ${literal(database)} and table_name = ${literal(spec.name.table)}`
  const [found] = await query(`select table_name, table_type, engine from information_schema.tables where ${where}`)
  if (found === undefined) throw noTable({ schema: database, table: spec.name.table })
  const table = found[0] ?? spec.name.table
  const name = `${database}.${table}`
  const rows = await query(
    `select c.column_name, c.data_type, c.column_type, c.is_nullable, c.column_default, c.extra,
       c.character_maximum_length, c.numeric_scale, c.generation_expression, f.referenced_table_name
     from information_schema.columns c left join information_schema.key_column_usage f
       on f.table_schema = c.table_schema and f.table_name = c.table_name and f.column_name = c.column_name
       and f.referenced_table_name is not null and not exists (
         select 1 from information_schema.key_column_usage o where o.constraint_schema = f.constraint_schema
         and o.table_name = f.table_name and o.constraint_name = f.constraint_name and o.ordinal_position > 1)
     where c.table_schema = ${literal(database)} and c.table_name = ${literal(table)} order by c.ordinal_position`,
  )
  const jsonColumns = await columnsOfJson(query, database, table)
  const columns = new Map(rows.map((row) => [row[0] ?? '', columnOf(row, jsonColumns)] as const))
  const indexes = await readUniques(query, database, table)
  const primary = indexes.get('PRIMARY') ?? []
  return {
    database,
    name,
    sql: `${quoteName(database)}.${quoteName(table)}`,
    alias: quoteName(table),
    isView: found[1] !== 'BASE TABLE',
    engine: found[2] ?? null,
    ids: idColumns(spec, name, primary, columns),
    columns,
    uniques: [
      ...(primary.length > 0 ? [primary] : []),
      ...[...indexes].filter(([key]) => key !== 'PRIMARY').map(([, names]) => names),
    ],
    primary,
  }
}

export function describeTable(table: MysqlTable): Schema {
  return { name: table.name, fields: new Map([...table.columns].map(([name, column]) => [name, column.field])) }
}

/** The column of that name. @throws SyncError `schema`. */
export function columnNamed(table: MysqlTable, name: string): MysqlColumn {
  const column = table.columns.get(name)
  if (column !== undefined) return column
  throw new SyncError('schema', `table ${table.name} has no column ${name}`, {
    hint: `Check the mapping; the table has ${[...table.columns.keys()].join(', ')}.`,
  })
}

function noTable(name: TableName): SyncError {
  const text = quoteTableName(name).replaceAll('"', '')
  return new SyncError('schema', `there is no table ${text} that the user of the connection sees`, {
    hint: 'Check the table in the mapping: its database, and its letters, as capitals mostly count.',
  })
}

/** MariaDB keeps JSON as a text with a check; such columns are told by that check. */
async function columnsOfJson(query: Query, database: string, table: string): Promise<ReadonlySet<string>> {
  if (!query.isMariaDb) return new Set()
  const rows = await query(
    `select check_clause from information_schema.check_constraints
     where constraint_schema = ${literal(database)} and table_name = ${literal(table)} and check_clause like 'json\\_valid(%'`,
  )
  const names = rows.map(([clause]) => /^json_valid\(`(.+)`\)$/.exec(clause ?? '')?.[1]?.replaceAll('``', '`'))
  return new Set(names.filter((name) => name !== undefined))
}

async function readUniques(query: Query, database: string, table: string): Promise<Map<string, string[]>> {
  const rows = await query(
    `select index_name, column_name, sub_part from information_schema.statistics
     where table_schema = ${literal(database)} and table_name = ${literal(table)} and non_unique = 0
     order by index_name, seq_in_index`,
  )
  const partial = new Set(rows.filter(([, column, part]) => column === null || part !== null).map(([index]) => index))
  const indexes = new Map<string, string[]>()
  for (const [index = null, column = null] of rows) {
    if (index === null || column === null || partial.has(index)) continue
    indexes.set(index, [...(indexes.get(index) ?? []), column])
  }
  return indexes
}

function idColumns(
  spec: TableSpec,
  name: string,
  primary: readonly string[],
  columns: ReadonlyMap<string, MysqlColumn>,
): readonly MysqlColumn[] {
  const names = spec.id ?? primary
  const found = names.map((each) => columns.get(each))
  const missing = names.find((_each, index) => found[index] === undefined)
  const binary = found.find((column) => column?.field.type === 'binary')
  let reason: string | null = null
  if (names.length === 0) reason = 'has no primary key'
  else if (missing !== undefined) reason = `has no column ${missing}`
  else if (binary !== undefined) reason = `has a binary id, ${binary.field.name}`
  if (reason === null) return found.filter((column) => column !== undefined)
  throw new SyncError('config', `table ${name} ${reason}, so its records cannot be told apart`, {
    hint: 'Name the columns that are unique and never change as id of the collection.',
  })
}

function columnOf(row: readonly Stored[], jsonColumns: ReadonlySet<string>): MysqlColumn {
  const [name = null, dataType = null, columnType = null, nullable, defaultText = null, extraText = null] = row
  const [length = null, scale = null, generation = null, relation = null] = row.slice(6)
  const type: MysqlType = {
    name: (dataType ?? '').toLowerCase(),
    full: columnType ?? '',
    isJson: dataType === 'json' || jsonColumns.has(name ?? ''),
  }
  const extra = (extraText ?? '').toLowerCase()
  const isAutoIncrement = extra.includes('auto_increment')
  const isGenerated = /generated/.test(extra.replace('default_generated', '')) || (generation ?? '') !== ''
  // A column that may be null has the default null, which MariaDB spells out.
  const hasDefault = defaultText !== null && defaultText !== 'NULL'
  const source = /^\(?(nextval|uuid)\(/i.test(defaultText ?? '') ? defaultText : null
  return {
    sql: quoteName(name ?? ''),
    type,
    source,
    isAutoIncrement,
    field: {
      name: name ?? '',
      type: fieldType(type),
      // An enum that may not be null has its first name as default, also where none is declared.
      isRequired: nullable === 'NO' && !hasDefault && !isAutoIncrement && !isGenerated && type.name !== 'enum',
      isReadOnly: isGenerated,
      isAssigned: hasDefault || isAutoIncrement || isGenerated,
      relation,
      // Text types have no limit of use; that of char and varchar counts characters.
      maxLength: type.name === 'char' || type.name === 'varchar' ? Number(length) : null,
      scale: type.name === 'decimal' ? Number(scale) : null,
      options: type.name === 'enum' ? optionsOf(type) : null,
    },
  }
}
