import type { RecordId, RecordState } from '../../contract/change.ts'
import type { CollectionRequest } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { fieldsVersion, idOfParts, partsOfId } from '../sql/composite-id.ts'
import { datetimeMs } from '../sql/datetime.ts'
import { quoteTableName } from '../sql/identifier.ts'
import type { TableSpec } from '../sql/spec.ts'
import { type MysqlChild, readChild, readLines } from './children.ts'
import { literal } from './literal.ts'
import type { MysqlConnection, Query, Stored } from './pool.ts'
import { columnNamed, type MysqlColumn, type MysqlTable, readTable } from './schema.ts'
import { isCastable, readExpression, readValue } from './values.ts'

/** One collection's view of its table: what is read of each row, and how. */
export interface MysqlRows {
  readonly table: MysqlTable
  readonly columns: readonly MysqlColumn[]
  readonly cursorColumn: MysqlColumn | null
  /** The select list: the columns of the id as texts, `columns`, then the cursor column where there is one. */
  readonly list: string
  /** The table with its alias. */
  readonly from: string
  /** For `order by`: the id's own order and index. */
  readonly order: string
  /** The collection's own condition, or "true". */
  readonly inside: string
  /** Tables of lines that are fields of the records. */
  readonly children: readonly MysqlChild[]
}

export interface MysqlContext {
  readonly connection: MysqlConnection
  readonly spec: TableSpec
  readonly consumer: string
  /** For messages before the table's catalogue has been read. */
  readonly subject: string
  /** The table as it was when first asked; read again after an error that says that it has changed. */
  rows(query: Query): Promise<MysqlRows>
  /** Reads the table from the catalogue. */
  table(query: Query): Promise<MysqlTable>
  /** Makes the next `rows` read the catalogue. */
  forget(): void
}

export function mysqlContext(
  connection: MysqlConnection,
  spec: TableSpec,
  { fields, consumer, lines = {} }: Pick<CollectionRequest, 'fields' | 'consumer' | 'lines'>,
): MysqlContext {
  const asked = spec.children.filter(({ field }) => fields.includes(field))
  const own = fields.filter((field) => !asked.some((child) => child.field === field))
  let known: MysqlRows | null = null
  return {
    connection,
    spec,
    consumer,
    subject: `table ${quoteTableName(spec.name).replaceAll('"', '')}`,
    table: (query) => readTable(query, connection, spec),
    async rows(query) {
      if (known !== null) return known
      const table = await readTable(query, connection, spec)
      const children: MysqlChild[] = []
      for (const child of asked) children.push(await readChild(query, connection, table, child, lines[child.field]))
      known = { ...rowsOf(table, spec, own), children }
      return known
    },
    forget() {
      known = null
    },
  }
}

/** `work` on the table; an error that says that the table is not as it was makes the next call look again. */
export async function forgettingWhenChanged<T>(context: MysqlContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SyncError && error.disposition === 'halt') context.forget()
    throw error
  }
}

function rowsOf(table: MysqlTable, spec: TableSpec, fields: readonly string[]): Omit<MysqlRows, 'children'> {
  const columns = [...new Set(fields)].map((field) => columnNamed(table, field))
  const cursorColumn = spec.cursor === null ? null : columnNamed(table, spec.cursor)
  const read = [...columns, ...(cursorColumn === null ? [] : [cursorColumn])]
  return {
    table,
    columns,
    cursorColumn,
    list: [idList(table), ...read.map(({ type, sql }) => readExpression(type, `${table.alias}.${sql}`))].join(', '),
    from: `${table.sql} as ${table.alias}`,
    order: table.ids.map(({ sql }) => `${table.alias}.${sql}`).join(', '),
    inside: spec.where === null ? 'true' : `(${spec.where})`,
  }
}

/** The columns of the id, as texts whatever their types are. */
export function idList(table: MysqlTable): string {
  return table.ids.map(({ sql }) => idText(`${table.alias}.${sql}`)).join(', ')
}

/** One column of an id as the text that names it. */
export function idText(column: string): string {
  return `cast(${column} as char character set utf8mb4)`
}

/** The id in a row that begins with `idList`, from `offset` on. */
export function idOf(table: MysqlTable, row: readonly Stored[], offset = 0): RecordId {
  return idOfParts(table.ids.map((_column, index) => row[offset + index] ?? ''))
}

/** What is known of a row besides its values. */
export interface RowNotes {
  readonly changedAtMs?: number | null
  readonly byUs?: boolean | null
}

/** Rows of `rows.list` as records, with their lines. Their version is a hash of the values, as the server keeps none. */
export async function recordsOf(
  query: Query,
  rows: MysqlRows,
  found: readonly (readonly Stored[])[],
  notesOf: (id: RecordId) => RowNotes = () => ({}),
): Promise<RecordState[]> {
  const ids = found.map((row) => idOf(rows.table, row))
  const lines: [MysqlChild, Awaited<ReturnType<typeof readLines>>][] = []
  for (const child of ids.length === 0 ? [] : rows.children) lines.push([child, await readLines(query, child, ids)])
  return found.map((row, index) => {
    const id = ids[index] ?? ''
    const offset = rows.table.ids.length
    const fields: Record<string, Value> = {}
    rows.columns.forEach((column, at) => {
      fields[column.field.name] = readValue(column.type, row[offset + at] ?? null)
    })
    for (const [child, own] of lines) fields[child.field] = own.get(id) ?? []
    const { cursorColumn } = rows
    const changedAt = cursorColumn === null ? null : readValue(cursorColumn.type, row.at(-1) ?? null)
    const notes = notesOf(id)
    return {
      id,
      version: fieldsVersion(fields),
      changedAtMs: datetimeMs(changedAt) ?? notes.changedAtMs ?? null,
      byUs: notes.byUs ?? null,
      fields,
    }
  })
}

/**
 * A condition that a row's id is one of `ids`, so that its index is used; null where no row can have one of them. Columns
 * may compare letters without their case: whoever uses it compares the ids found once more.
 */
export function idAmong(table: MysqlTable, ids: readonly RecordId[]): string | null {
  const possible = ids
    .map((id) => partsOfId(id, table.ids.length))
    .filter((parts) => parts !== null && isPossible(table, parts))
  if (possible.length === 0) return null
  const [only] = table.ids
  if (table.ids.length === 1 && only !== undefined) {
    return `${table.alias}.${only.sql} in (${possible.map((parts) => idLiteral(only, parts?.[0])).join(', ')})`
  }
  const each = possible.map((parts) =>
    table.ids
      .map((column, index) => `${table.alias}.${column.sql} = ${idLiteral(column, parts?.[index])}`)
      .join(' and '),
  )
  return `((${each.join(') or (')}))`
}

/** A condition that a row comes after the one with this id, in `rows.order`. */
export function idAfter(table: MysqlTable, id: RecordId): string {
  const parts = partsOfId(id, table.ids.length) ?? []
  const cases = table.ids.map((column, index) => {
    const equal = table.ids
      .slice(0, index)
      .map((each, at) => `${table.alias}.${each.sql} = ${idLiteral(each, parts[at])}`)
    return [...equal, `${table.alias}.${column.sql} > ${idLiteral(column, parts[index])}`].join(' and ')
  })
  return `((${cases.join(') or (')}))`
}

function isPossible(table: MysqlTable, parts: readonly string[]): boolean {
  return table.ids.every((column, index) => isCastable(column.type, parts[index] ?? ''))
}

function idLiteral(column: MysqlColumn, text = ''): string {
  const isNumber = column.field.type === 'integer' || column.field.type === 'decimal' || column.field.type === 'boolean'
  return isNumber && isCastable(column.type, text) ? text : literal(text)
}

/** The records with these ids, whether inside the collection or not. */
export async function recordsById(
  query: Query,
  rows: MysqlRows,
  ids: readonly RecordId[],
  notesOf: (id: RecordId) => RowNotes = () => ({}),
): Promise<Map<RecordId, RecordState>> {
  const among = idAmong(rows.table, ids)
  if (among === null) return new Map()
  const wanted = new Set(ids)
  const found = await query(`select ${rows.list} from ${rows.from} where ${among}`)
  const exact = found.filter((row) => wanted.has(idOf(rows.table, row)))
  return new Map((await recordsOf(query, rows, exact, notesOf)).map((state) => [state.id, state]))
}
