import type { ConnectorFactory } from '../../contract/connector.ts'
import { checkConnection } from './check.ts'
import { postgresCollection } from './collection.ts'
import { listTables } from './list-tables.ts'
import { postgresConnection } from './pool.ts'
import { parsePostgresSettings } from './settings.ts'

/** Tables of a PostgreSQL database. */
export const createPostgresConnector: ConnectorFactory = (settings, name) => {
  const connection = postgresConnection(name, parsePostgresSettings(settings, name))
  return {
    check: (signal) => checkConnection(connection, signal),
    collections: (signal) => listTables(connection, signal),
    collection: (request) => postgresCollection(connection, request),
    [Symbol.asyncDispose]: () => connection.close(),
  }
}
