import type { RecordId, RecordState } from '../../contract/change.ts'
import type { CollectionRequest } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { datetimeMs } from '../sql/datetime.ts'
import { quoteTableName } from '../sql/identifier.ts'
import { refuseLines } from '../sql/lines-field.ts'
import type { TableSpec } from '../sql/spec.ts'
import { type PostgresChild, readChild, withLines } from './children.ts'
import { idOfRow, isIdAmong, isPossibleId } from './id.ts'
import type { PostgresConnection, Query } from './pool.ts'
import { columnNamed, type PostgresColumn, type PostgresTable, readTable } from './schema.ts'
import { readExpression } from './values.ts'

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
  /**
   * `list` for RETURNING, which cannot give the version of a row in every kind of table, without the columns that are
   * `known`.
   */
  returning(known?: ReadonlySet<PostgresColumn>): string
  /** What RETURNING gives is not the last word: the rows are read at the end of the transaction. */
  readonly isReadBack: boolean
  /** The first two of `list`. */
  readonly shortList: string
  /** The table with its alias. */
  readonly from: string
  /** The id with the table's alias. */
  readonly id: string
  /** The collection's own condition, or "true". */
  readonly inside: string
  /** Tables of lines that are fields of the records. */
  readonly children: readonly PostgresChild[]
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
  request: Pick<CollectionRequest, 'fields' | 'consumer' | 'contents' | 'lines'>,
): PostgresContext {
  const { fields, consumer, contents: takesContents = false, lines = {} } = request
  const asked = spec.children.filter(({ field }) => fields.includes(field))
  const own = fields.filter((field) => !asked.some((child) => child.field === field))
  const readRows = async (query: Query, table: PostgresTable): Promise<PostgresRows> => {
    const children: PostgresChild[] = []
    if (table.ids.length > 1) refuseLines(table.name, asked)
    for (const child of asked) children.push(await readChild(query, spec, child, lines[child.field]))
    return { ...rowsOf(table, spec, own, takesContents), children }
  }
  let known: PostgresRows | null = null
  return {
    connection,
    spec,
    fields,
    consumer,
    subject: `table ${quoteTableName(spec.name).replaceAll('"', '')}`,
    async table(query) {
      const table = await readTable(query, spec)
      known = own.every((field) => table.columns.has(field)) ? await readRows(query, table) : null
      return table
    },
    async rows(query) {
      known ??= await readRows(query, await readTable(query, spec))
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

const NOTHING_KNOWN: ReadonlySet<PostgresColumn> = new Set()

function rowsOf(
  table: PostgresTable,
  spec: TableSpec,
  fields: readonly string[],
  takesContents: boolean,
): Omit<PostgresRows, 'children'> {
  const columns = [...new Set(fields)].map((field) => columnNamed(table, field))
  const cursorColumn = spec.cursor === null ? null : columnNamed(table, spec.cursor)
  const id = idOfRow(table, `${table.alias}.`)
  // The number of the transaction that wrote the row; every committed write has another one.
  const hasXmin = table.kind === 'table' || table.kind === 'partitioned'
  const version = hasXmin ? `${table.alias}.xmin::text` : `md5(${table.alias}::text)`
  const shortList = `${id}::text, ${version}`
  const readingOf = (column: PostgresColumn): string =>
    readExpression(column.type, `${table.alias}.${column.sql}`, takesContents)
  const cursorValue = cursorColumn === null ? [] : [readingOf(cursorColumn)]
  return {
    table,
    takesContents,
    hasStaged: false,
    columns,
    cursorColumn,
    list: [shortList, ...columns.map(readingOf), ...cursorValue].join(', '),
    returning(known = NOTHING_KNOWN) {
      const values = columns.filter((column) => !known.has(column)).map(readingOf)
      return [table.kind === 'table' ? shortList : `${id}::text, null`, ...values, ...cursorValue].join(', ')
    },
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
  /** Columns that the row does not bring, because it holds what was sent. */
  readonly known?: ReadonlySet<PostgresColumn>
  readonly sent?: Fields
}

/** A row of `rows.list`, from `offset` on, as a record. */
export function recordOf(rows: PostgresRows, row: readonly Value[], notes: RowNotes = {}, offset = 0): RecordState {
  const { known = NOTHING_KNOWN, sent = {} } = notes
  let at = offset + 2
  let fields: Record<string, Value> | null = null
  // Where all is known, the record is what was sent.
  if (known.size < rows.columns.length) {
    fields = {}
    for (let index = 0; index < rows.columns.length; index++) {
      const column = rows.columns[index] as PostgresColumn
      const { name } = column.field
      fields[name] = (known.has(column) ? sent[name] : row[at++]) ?? null
    }
  }
  const changedAt = rows.cursorColumn === null ? null : row[at]
  return {
    id: String(row[offset]),
    version: versionText(row[offset + 1]),
    changedAtMs: datetimeMs(changedAt) ?? notes.changedAtMs ?? null,
    byUs: notes.byUs ?? null,
    fields: fields ?? sent,
  }
}

export function versionText(version: Value | undefined): string | null {
  return typeof version === 'string' ? version : null
}

/** The ids that can be cast to the id column's type; no row has another one. */
export function castableIds(table: PostgresTable, ids: readonly RecordId[]): RecordId[] {
  return ids.filter((id) => isPossibleId(table, id))
}

/** A condition that the id is one of a parameter's texts, so that the id's index is used. */
export function idAmong(rows: PostgresRows, parameter: string): string {
  return isIdAmong(rows.table, parameter)
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
  const states = found.map((row) => recordOf(rows, row, notes))
  return new Map((await withLines(query, rows.children, states)).map((state) => [state.id, state]))
}
