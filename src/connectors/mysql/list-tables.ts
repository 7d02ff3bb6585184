import type { CollectionInfo } from '../../contract/connector.ts'
import type { MysqlConnection } from './pool.ts'

/** Tables and views of the connection's database, without those of the capture. */
const TABLES = `select table_name, if(table_type = 'VIEW', '', table_comment) from information_schema.tables
  where table_schema = database() and table_name not in ('tandem_consumer', 'tandem_change', 'tandem_database')
  order by table_name`

export function listTables(connection: MysqlConnection, signal: AbortSignal): Promise<readonly CollectionInfo[]> {
  return connection.run(`connection ${connection.name}`, signal, async (query) => {
    const rows = await query(TABLES)
    return rows.map(([name, comment]) => ({ name: String(name), label: comment ? String(comment) : null }))
  })
}
