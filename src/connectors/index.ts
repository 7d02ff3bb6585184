import type { ConnectorFactory } from '../contract/connector.ts'

/** Loads the code of a connector only when a connection needs it: `pg` and `mysql2` are optional packages. */
export const CONNECTORS: Readonly<Record<string, () => Promise<ConnectorFactory>>> = {
  memory: async () => (await import('./memory/index.ts')).memoryConnector,
  odoo: async () => (await import('./odoo/index.ts')).createOdooConnector,
  files: async () => (await import('./files/index.ts')).createFilesConnector,
  rest: async () => (await import('./rest/index.ts')).createRestConnector,
  postgres: async () => (await import('./postgres/index.ts')).createPostgresConnector,
  mysql: async () => (await import('./mysql/index.ts')).createMysqlConnector,
  webhook: async () => (await import('./webhook/index.ts')).createWebhookConnector,
  sqlite: async () => (await import('./sqlite/index.ts')).createSqliteConnector,
}
