import { isNumberCursor, type ScannedRow, type ScanSource } from '../sql/scan-feed.ts'
import type { Scan } from '../window-scan.ts'
import { withLines, withLineVersions } from './children.ts'
import { idOrder, isIdAfter } from './id.ts'
import { forgettingWhenChanged, type PostgresContext, recordOf, versionText } from './rows.ts'

/** Reads a table by its cursor column. */
export function postgresScanSource(context: PostgresContext): ScanSource {
  const { connection, subject } = context
  return {
    floor: (signal) =>
      forgettingWhenChanged(context, () =>
        connection.run(subject, signal, async (query) => {
          const rows = await context.rows(query)
          const source = isNumberCursor(rows)
            ? `floor(max(${rows.cursorColumn?.sql}))::int8 from ${rows.from}`
            : 'floor(extract(epoch from clock_timestamp()) * 1000)::int8'
          const [[floor = null] = []] = await query(`select ${source}`)
          return floor === null ? null : Number(floor)
        }),
      ),
    rows: (scan, limit, signal) => forgettingWhenChanged(context, () => scannedRows(context, scan, limit, signal)),
  }
}

async function scannedRows(
  context: PostgresContext,
  scan: Scan,
  limit: number,
  signal: AbortSignal,
): Promise<ScannedRow[]> {
  return context.connection.run(context.subject, signal, async (query) => {
    const rows = await context.rows(query)
    const isDeep = scan.kind === 'deep'
    const parameters: unknown[] = [limit]
    const conditions = [rows.inside]
    if (scan.lowMs !== null) {
      parameters.push(isNumberCursor(rows) ? scan.lowMs : new Date(scan.lowMs).toISOString())
      const type = rows.cursorColumn?.type.sql ?? 'text'
      conditions.push(`${rows.table.alias}.${rows.cursorColumn?.sql} >= $${parameters.length}::text::${type}`)
    }
    if (scan.last !== null) {
      parameters.push(scan.last)
      conditions.push(isIdAfter(rows.table, `$${parameters.length}`))
    }
    const found = await query(
      `select ${isDeep ? rows.shortList : rows.list} from ${rows.from} where ${conditions.join(' and ')} order by ${idOrder(rows.table)} limit $1`,
      parameters,
    )
    if (isDeep) {
      const entries = found.map((row) => ({ id: String(row[0]), version: versionText(row[1]), state: null }))
      return [...(await withLineVersions(query, rows.children, entries))]
    }
    const states = await withLines(
      query,
      rows.children,
      found.map((row) => recordOf(rows, row)),
    )
    return states.map((state) => ({ id: state.id, version: state.version, state }))
  })
}
