import type { z } from 'zod'

/** What a connector reads: its connection's settings, and its part of a mapping's side. */
export interface ConnectorSchemas {
  readonly settings: z.ZodType
  /** The keys of a side besides those of every mapping. */
  readonly spec: z.ZodType | null
  /** What stands under a side's `collection`, besides a name; null: names alone. */
  readonly collection: z.ZodType | null
}

const table = async (): Promise<z.ZodType> => (await import('./sql/spec.ts')).tableSpecSchema

/** By type: for editors, and for what is generated from the schemas. Those that are for tests only are left out. */
export const SETTINGS_SCHEMAS: Readonly<Record<string, () => Promise<ConnectorSchemas>>> = {
  odoo: async () => ({
    settings: (await import('./odoo/settings.ts')).odooSettings,
    spec: (await import('./odoo/spec.ts')).odooSpec,
    collection: null,
  }),
  rest: async () => ({ settings: (await import('./rest/settings.ts')).restSettings, spec: null, collection: null }),
  files: async () => ({ settings: (await import('./files/settings.ts')).filesSettings, spec: null, collection: null }),
  postgres: async () => ({
    settings: (await import('./postgres/settings.ts')).postgresSettingsSchema,
    spec: null,
    collection: await table(),
  }),
  mysql: async () => ({
    settings: (await import('./mysql/settings.ts')).mysqlSettingsSchema,
    spec: null,
    collection: await table(),
  }),
  webhook: async () => ({
    settings: (await import('./webhook/settings.ts')).webhookSettings,
    spec: null,
    collection: null,
  }),
  sqlite: async () => ({
    settings: (await import('./sqlite/settings.ts')).sqliteSettingsSchema,
    spec: null,
    collection: await table(),
  }),
}
