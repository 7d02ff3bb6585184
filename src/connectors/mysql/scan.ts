import { isNumberCursor, type ScannedRow, type ScanSource } from '../sql/scan-feed.ts'
import type { Scan } from '../window-scan.ts'
import { literal } from './literal.ts'
import { forgettingWhenChanged, idAfter, type MysqlContext, recordsOf } from './rows.ts'
import { writeValue } from './values.ts'

/** Reads a table by its cursor column. */
export function mysqlScanSource(context: MysqlContext): ScanSource {
  const { connection, subject } = context
  return {
    floor: (signal) =>
      forgettingWhenChanged(context, () =>
        connection.run(subject, signal, async (query) => {
          const rows = await context.rows(query)
          const source = isNumberCursor(rows)
            ? `floor(max(${rows.cursorColumn?.sql})) from ${rows.from}`
            : 'floor(unix_timestamp(sysdate(6)) * 1000)'
          const [[floor = null] = []] = await query(`select ${source}`)
          return floor === null ? null : Number(floor)
        }),
      ),
    rows: (scan, limit, signal) => forgettingWhenChanged(context, () => scannedRows(context, scan, limit, signal)),
  }
}

/** Whole rows at any depth: the version is made of the values. */
async function scannedRows(
  context: MysqlContext,
  scan: Scan,
  limit: number,
  signal: AbortSignal,
): Promise<ScannedRow[]> {
  return context.connection.snapshot(context.subject, signal, async (query) => {
    const rows = await context.rows(query)
    const { cursorColumn, table } = rows
    const conditions = [rows.inside]
    if (scan.lowMs !== null && cursorColumn !== null) {
      const low = isNumberCursor(rows) ? scan.lowMs : new Date(scan.lowMs).toISOString()
      conditions.push(`${table.alias}.${cursorColumn.sql} >= ${literal(writeValue(cursorColumn, low))}`)
    }
    if (scan.last !== null) conditions.push(idAfter(table, scan.last))
    const found = await query(
      `select ${rows.list} from ${rows.from} where ${conditions.join(' and ')} order by ${rows.order} limit ${limit}`,
    )
    const states = await recordsOf(query, rows, found)
    return states.map((state) => ({ id: state.id, version: state.version, state: scan.kind === 'deep' ? null : state }))
  })
}
