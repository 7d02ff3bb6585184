import { resolve } from 'node:path'
import type { ConnectorFactory } from '../../contract/connector.ts'
import { checkConnection } from './check.ts'
import { sqliteCollection } from './collection.ts'
import { sqliteConnection } from './database.ts'
import { listTables } from './list-tables.ts'
import { parseSqliteSettings } from './settings.ts'

/** Tables of an SQLite file. */
export const createSqliteConnector: ConnectorFactory = (settings, name, { folder = '.' } = {}) => {
  const parsed = parseSqliteSettings(settings, name)
  const connection = sqliteConnection(name, { ...parsed, file: resolve(folder, parsed.file) })
  return {
    check: async () => checkConnection(connection),
    collections: async () => listTables(connection),
    collection: (request) => sqliteCollection(connection, request),
    [Symbol.asyncDispose]: async () => connection.close(),
  }
}
