import type { ConnectorFactory } from '../../contract/connector.ts'
import { checkConnection } from './check.ts'
import { mysqlCollection } from './collection.ts'
import { listTables } from './list-tables.ts'
import { mysqlConnection } from './pool.ts'
import { parseMysqlSettings } from './settings.ts'

/** Tables of a MariaDB or MySQL database. */
export const createMysqlConnector: ConnectorFactory = (settings, name) => {
  const connection = mysqlConnection(name, parseMysqlSettings(settings, name))
  return {
    check: (signal) => checkConnection(connection, signal),
    collections: (signal) => listTables(connection, signal),
    collection: (request) => mysqlCollection(connection, request),
    [Symbol.asyncDispose]: () => connection.close(),
  }
}
