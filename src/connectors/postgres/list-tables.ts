import type { CollectionInfo } from '../../contract/connector.ts'
import type { PostgresConnection } from './pool.ts'

/** Tables and views outside of the system's own schemas and the capture's. One in the schema `public` goes by its name alone. */
const TABLES = `select case when n.nspname = 'public' then c.relname else n.nspname || '.' || c.relname end,
    obj_description(c.oid, 'pg_class')
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
    and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
  order by 1`

export function listTables(connection: PostgresConnection, signal: AbortSignal): Promise<readonly CollectionInfo[]> {
  const { captureSchema } = connection.settings
  return connection.run(`connection ${connection.name}`, signal, async (query) => {
    const rows = await query(TABLES)
    return rows
      .map(([name, comment]) => ({ name: String(name), label: comment == null ? null : String(comment) }))
      .filter(({ name }) => !name.startsWith(`${captureSchema}.`))
  })
}
