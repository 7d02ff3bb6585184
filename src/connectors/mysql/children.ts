import type { RecordId } from '../../contract/change.ts'
import type { LinesRequest } from '../../contract/connector.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { lineChanges } from '../line-changes.ts'
import { lineKey, refuseLines } from '../sql/lines-field.ts'
import type { ChildSpec } from '../sql/spec.ts'
import { literal } from './literal.ts'
import type { MysqlConnection, Query } from './pool.ts'
import { columnNamed, type MysqlColumn, type MysqlTable, readTable } from './schema.ts'
import { isCastable, readExpression, readValue, writeValue } from './values.ts'

/** A table of lines, as its records see it. */
export interface MysqlChild {
  readonly field: string
  readonly table: MysqlTable
  readonly parent: MysqlColumn
  /** What names a line within its record. */
  readonly key: readonly MysqlColumn[]
  /** What is read of a line: the key, and the fields asked for. */
  readonly columns: readonly MysqlColumn[]
  /** The lines' own condition, or "true". */
  readonly inside: string
}

/** @throws SyncError `schema` without the table or a column, `config` without a usable key. */
export async function readChild(
  query: Query,
  connection: MysqlConnection,
  parent: MysqlTable,
  spec: ChildSpec,
  request: LinesRequest | undefined,
): Promise<MysqlChild> {
  if (parent.ids.length > 1) refuseLines(parent.name, [spec])
  const table = await readTable(query, connection, {
    ...{ key: null, capture: 'none', cursor: null, overlapMs: 0, archive: null, where: null, children: [] },
    name: { schema: spec.name.schema ?? parent.database, table: spec.name.table },
    id: [spec.parent],
  })
  const key = lineKey(spec, table.name, table.primary).map((name) => columnNamed(table, name))
  const asked = (request?.fields ?? []).map((name) => columnNamed(table, name))
  return {
    field: spec.field,
    table,
    parent: columnNamed(table, spec.parent),
    key,
    columns: [...new Set([...key, ...asked])],
    inside: spec.where === null ? 'true' : `(${spec.where})`,
  }
}

/** The lines of some records, in the order of their keys. @param isLocked nobody else may change them until the end. */
export async function readLines(
  query: Query,
  child: MysqlChild,
  parents: readonly RecordId[],
  isLocked = false,
): Promise<ReadonlyMap<RecordId, readonly Fields[]>> {
  const { table, parent, columns, key } = child
  const possible = parents.filter((id) => isCastable(parent.type, id))
  if (possible.length === 0) return new Map()
  const values = columns.map(({ type, sql }) => readExpression(type, `${table.alias}.${sql}`))
  const found = await query(
    `select cast(${table.alias}.${parent.sql} as char character set utf8mb4), ${values.join(', ')}
     from ${table.sql} as ${table.alias}
     where ${table.alias}.${parent.sql} in (${possible.map(literal).join(', ')}) and ${child.inside}
     order by ${key.map(({ sql }) => `${table.alias}.${sql}`).join(', ')} ${isLocked ? 'for update' : ''}`,
  )
  const byParent = Map.groupBy(found, ([id]) => String(id))
  return new Map(
    [...byParent].map(([id, rows]) => [
      id,
      rows.map((row) =>
        Object.fromEntries(
          columns.map(({ field, type }, at) => [field.name, readValue(type, row[at + 1] ?? null)] as const),
        ),
      ),
    ]),
  )
}

/** The statements that make `wanted` of `before`: first those that remove, so that a new line may take a place that was theirs. */
export function lineStatements(child: MysqlChild, parent: RecordId, before: Value, wanted: Value): string[] {
  const { table, key } = child
  const names = key.map(({ field }) => field.name)
  const changes = lineChanges(names, before, wanted)
  const isLine = (line: Fields): string =>
    [
      `${child.parent.sql} = ${literal(parent)}`,
      ...key.map((column) => `${column.sql} = ${valueLiteral(column, line)}`),
    ].join(' and ')
  return [
    ...changes.removed.map((line) => `delete from ${table.sql} where ${isLine(line)}`),
    ...changes.changed.map(({ before: was, fields }) => {
      const set = columnsOf(table, fields).map((column) => `${column.sql} = ${valueLiteral(column, fields)}`)
      return `update ${table.sql} set ${set.join(', ')} where ${isLine(was)}`
    }),
    ...changes.added.map((fields) => {
      const columns = columnsOf(table, fields)
      const values = columns.map((column) => valueLiteral(column, fields))
      return `insert into ${table.sql} (${[child.parent, ...columns].map(({ sql }) => sql).join(', ')})
        values (${[literal(parent), ...values].join(', ')})`
    }),
  ]
}

/** The value of a column in a statement. @throws SyncError `invalid` where the column cannot hold it. */
export function valueLiteral(column: MysqlColumn, fields: Fields): string {
  return literal(writeValue(column, fields[column.field.name] ?? null))
}

function columnsOf(table: MysqlTable, fields: Fields): MysqlColumn[] {
  return Object.keys(fields).map((name) => columnNamed(table, name))
}
