import { isNumberCursor, type ScannedRow, type ScanSource } from '../sql/scan-feed.ts'
import type { Scan } from '../window-scan.ts'
import { sqliteError } from './errors.ts'
import { idOrder, idParameters, isIdAfter } from './id.ts'
import { recordOf, type SqliteContext, type SqliteRows } from './rows.ts'
import type { SqliteValue } from './values.ts'

/** Numbers from here on are milliseconds, smaller ones seconds. */
const FIRST_MILLISECOND = 100_000_000_000

/** Reads a table by its cursor column. */
export function sqliteScanSource(context: SqliteContext): ScanSource {
  return {
    floor: async () => (isNumberCursor(context.rows()) ? largestNumber(context) : Date.now()),
    rows: async (scan, limit) => scannedRows(context, scan, limit),
  }
}

function largestNumber(context: SqliteContext): number | null {
  const { cursorColumn, table } = context.rows()
  const row = context.connection
    .handle()
    .prepare<[], { largest: bigint | number | null }>(`select max(${cursorColumn?.sql}) as largest from ${table.sql}`)
    .get()
  return row === undefined || row.largest === null ? null : Math.floor(Number(row.largest))
}

function scannedRows(context: SqliteContext, scan: Scan, limit: number): ScannedRow[] {
  const rows = context.rows()
  const { table } = rows
  const conditions = [rows.inside]
  const parameters: SqliteValue[] = []
  if (scan.lowMs !== null) {
    const since = sinceCondition(rows, scan.lowMs)
    conditions.push(since.sql)
    parameters.push(...since.parameters)
  }
  // The plus keeps SQLite from walking the whole table by its id where the cursor column has an index.
  const order = idOrder(table, scan.lowMs === null ? '' : '+')
  if (scan.last !== null) {
    conditions.push(isIdAfter(table, order))
    parameters.push(...idParameters(table, scan.last))
  }
  try {
    return context.connection
      .handle()
      .prepare<SqliteValue[], SqliteValue[]>(
        `select ${rows.list} from ${table.sql} where ${conditions.join(' and ')} order by ${order} limit ?`,
      )
      .raw(true)
      .all(...parameters, BigInt(limit))
      .map((row) => {
        const state = recordOf(rows, row)
        return { id: state.id, version: state.version, state: scan.kind === 'deep' ? null : state }
      })
  } catch (error) {
    throw sqliteError(error, `table ${table.name}`)
  }
}

/** Times may be stored as text in several spellings and as numbers; the outer comparisons let an index be used. */
function sinceCondition(rows: SqliteRows, lowMs: number): { sql: string; parameters: SqliteValue[] } {
  const column = rows.cursorColumn?.sql ?? ''
  if (isNumberCursor(rows)) return { sql: `${column} >= ?`, parameters: [BigInt(lowMs)] }
  const seconds = BigInt(Math.floor(lowMs / 1000))
  const dayBefore = new Date(lowMs - 86_400_000).toISOString().slice(0, 10)
  return {
    sql: `(${column} >= ? and coalesce(unixepoch(${column}), ?) >= ? or ${column} >= ? and ${column} < '' and iif(${column} >= ${FIRST_MILLISECOND}, ${column} / 1000, ${column}) >= ?)`,
    parameters: [dayBefore, seconds, seconds, seconds, seconds],
  }
}
