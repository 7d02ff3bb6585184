import type { ConnectorFactory } from '../../contract/connector.ts'
import { checkConnection } from './check.ts'
import { sqliteCollection } from './collection.ts'
import { sqliteConnection } from './database.ts'
import { parseSqliteSettings } from './settings.ts'

/** Tables of an SQLite file. */
export const createSqliteConnector: ConnectorFactory = (settings, name) => {
  const connection = sqliteConnection(name, parseSqliteSettings(settings, name))
  return {
    check: async () => checkConnection(connection),
    collection: (request) => sqliteCollection(connection, request),
    [Symbol.asyncDispose]: async () => connection.close(),
  }
}
