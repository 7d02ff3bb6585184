import type { RecordId, RecordState } from '../../contract/change.ts'
import type { CollectionRequest } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { datetimeMs } from '../sql/datetime.ts'
import { quoteTableName } from '../sql/identifier.ts'
import type { TableSpec } from '../sql/spec.ts'
import type { PostgresConnection, Query } from './pool.ts'
import { columnNamed, type PostgresColumn, type PostgresTable, readTable } from './schema.ts'
import { isCastable, readExpression } from './values.ts'

/** One collection's view of its table: what is read of each row, and how. */
export interface PostgresRows {
  readonly table: PostgresTable
  /** Whether bytea is read as a reference to its content. */
  readonly takesContents: boolean
  /** Whether bytes were put into the transaction's own table: see contents.ts. */
  readonly hasStaged: boolean
  readonly columns: readonly PostgresColumn[]
  readonly cursorColumn: PostgresColumn | null
  /** The select list: id as text, version, `columns`, then the cursor column where there is one. */
  readonly list: string
  /** `list` for RETURNING, which cannot give the version of a row in every kind of table. */
  readonly returning: string
  /** What RETURNING gives is not the last word: the rows are read at the end of the transaction. */
  readonly isReadBack: boolean
  /** The first two of `list`. */
  readonly shortList: string
  /** The table with its alias. */
  readonly from: string
  /** The id column with the table's alias. */
  readonly id: string
  /** The collection's own condition, or "true". */
  readonly inside: string
}

export interface PostgresContext {
  readonly connection: PostgresConnection
  readonly spec: TableSpec
  readonly fields: readonly string[]
  readonly consumer: string
  /** For messages before the table's catalogue has been read. */
  readonly subject: string
  /** The table as it was when first asked; read again after an error that says that it has changed. */
  rows(query: Query): Promise<PostgresRows>
  /** Reads the table from the catalogue, for `rows` too unless a field is missing in it. */
  table(query: Query): Promise<PostgresTable>
  /** Makes the next `rows` read the catalogue. */
  forget(): void
}

export function postgresContext(
  connection: PostgresConnection,
  spec: TableSpec,
  request: Pick<CollectionRequest, 'fields' | 'consumer' | 'contents'>,
): PostgresContext {
  const { fields, consumer, contents: takesContents = false } = request
  let known: PostgresRows | null = null
  return {
    connection,
    spec,
    fields,
    consumer,
    subject: `table ${quoteTableName(spec.name).replaceAll('"', '')}`,
    async table(query) {
      const table = await readTable(query, spec)
      known = fields.every((field) => table.columns.has(field)) ? rowsOf(table, spec, fields, takesContents) : null
      return table
    },
    async rows(query) {
      known ??= rowsOf(await readTable(query, spec), spec, fields, takesContents)
      return known
    },
    forget() {
      known = null
    },
  }
}

/** `work` on the table; an error that says that the table is not as it was makes the next call look again. */
export async function forgettingWhenChanged<T>(context: PostgresContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SyncError && error.disposition === 'halt') context.forget()
    throw error
  }
}

function rowsOf(
  table: PostgresTable,
  spec: TableSpec,
  fields: readonly string[],
  takesContents: boolean,
): PostgresRows {
  const columns = [...new Set(fields)].map((field) => columnNamed(table, field))
  const cursorColumn = spec.cursor === null ? null : columnNamed(table, spec.cursor)
  const id = `${table.alias}.${table.id.sql}`
  // The number of the transaction that wrote the row; every committed write has another one.
  const hasXmin = table.kind === 'table' || table.kind === 'partitioned'
  const version = hasXmin ? `${table.alias}.xmin::text` : `md5(${table.alias}::text)`
  const shortList = `${id}::text, ${version}`
  const read = [...columns, ...(cursorColumn === null ? [] : [cursorColumn])]
  const values = read.map((column) => readExpression(column.type, `${table.alias}.${column.sql}`, takesContents))
  return {
    table,
    takesContents,
    hasStaged: false,
    columns,
    cursorColumn,
    list: [shortList, ...values].join(', '),
    returning: [table.kind === 'table' ? shortList : `${id}::text, null`, ...values].join(', '),
    isReadBack: table.kind !== 'table' || table.hasAfterTriggers,
    shortList,
    from: `${table.sql} as ${table.alias}`,
    id,
    inside: spec.where === null ? 'true' : `(${spec.where})`,
  }
}

/** What is known of a row besides its values. */
export interface RowNotes {
  readonly changedAtMs?: number | null
  readonly byUs?: boolean | null
}

/** A row of `rows.list`, from `offset` on, as a record. */
export function recordOf(rows: PostgresRows, row: readonly Value[], notes: RowNotes = {}, offset = 0): RecordState {
  const fields: Record<string, Value> = {}
  const { columns } = rows
  for (let index = 0; index < columns.length; index++) {
    const name = columns[index]?.field.name
    if (name !== undefined) fields[name] = row[offset + 2 + index] ?? null
  }
  const changedAt = rows.cursorColumn === null ? null : row[offset + 2 + columns.length]
  return {
    id: String(row[offset]),
    version: versionText(row[offset + 1]),
    changedAtMs: datetimeMs(changedAt) ?? notes.changedAtMs ?? null,
    byUs: notes.byUs ?? null,
    fields,
  }
}

export function versionText(version: Value | undefined): string | null {
  return typeof version === 'string' ? version : null
}

/** The ids that can be cast to the id column's type; no row has another one. */
export function castableIds(table: PostgresTable, ids: readonly RecordId[]): RecordId[] {
  return ids.filter((id) => isCastable(table.id.type, id) ?? true)
}

/** A condition that the id is one of a parameter's texts, so that the id's index is used. */
export function idAmong(rows: PostgresRows, parameter: string): string {
  return `${rows.id} = any (${parameter}::text[]::${rows.table.id.type.sql}[])`
}

/** The records with these ids, whether inside the collection or not. */
export async function recordsById(
  query: Query,
  rows: PostgresRows,
  ids: readonly RecordId[],
  notes: RowNotes = {},
): Promise<Map<RecordId, RecordState>> {
  const found = await query(`select ${rows.list} from ${rows.from} where ${idAmong(rows, '$1')}`, [
    castableIds(rows.table, ids),
  ])
  return new Map(found.map((row) => [String(row[0]), recordOf(rows, row, notes)]))
}
