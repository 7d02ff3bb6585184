import type { CollectionInfo } from '../../contract/connector.ts'
import type { SqliteConnection } from './database.ts'

/** Tables and views without SQLite's own and the capture's. */
export function listTables(connection: SqliteConnection): readonly CollectionInfo[] {
  return connection
    .handle()
    .prepare<[], { name: string }>(
      `select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\'
       and name not like 'tandem\\_%' escape '\\' order by name`,
    )
    .all()
    .map(({ name }) => ({ name, label: null }))
}
