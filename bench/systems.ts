import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { OdooSeries } from '../scripts/real/odoo-install.ts'
import { type Stack, startStack } from '../scripts/real/stack.ts'
import { openRunDirectory } from '../scripts/real/stack-directory.ts'
import type { Protocol } from '../src/connectors/odoo/transport/transport.ts'

/** The real systems that everything is measured on. */
export interface Systems {
  readonly url: string
  readonly database: string
  /** Tandem's own, which the bare clients use as well: the same user, the same rights. */
  readonly apiKey: string
  readonly login: string
  readonly series: OdooSeries
  /** How Tandem and the bare clients call Odoo. */
  readonly protocol: Protocol
  /** Of a person in Odoo. */
  readonly adminApiKey: string
  /** Odoo's own database: partners are made there, and what arrived is looked up there without asking Odoo. */
  readonly odooDatabase: pg.Client
  readonly shopUrl: string
  readonly shop: pg.Client
  /** For ledgers, on the disk that the databases are on. */
  readonly folder: string
  /** null: not ours, so that its CPU time cannot be read. */
  readonly odooPid: number | null
  close(): Promise<void>
}

/**
 * The systems that the environment names, as `npm run odoo` prints it, or a stack of our own: one Odoo process with
 * threads, and a PostgreSQL that waits for the disk.
 */
export async function openSystems(env: NodeJS.ProcessEnv, series: OdooSeries, protocol: Protocol): Promise<Systems> {
  const kind = { series, protocol }
  if (env.ODOO_PG_URL && env.BENCH_FOLDER) return fromEnvironment(env, env.ODOO_PG_URL, env.BENCH_FOLDER, kind)
  const directory = await openRunDirectory()
  const stack = await startStack({ series, directory: directory.path, database: 'bench', workers: 0, durable: true })
  const systems = await ofStack(stack, join(directory.path, 'bench'), kind)
  return {
    ...systems,
    async close() {
      await systems.close()
      await stack.stop()
      directory.release()
    },
  }
}

type Kind = Pick<Systems, 'series' | 'protocol'>

async function ofStack({ odoo, shopUrl }: Stack, folder: string, kind: Kind): Promise<Systems> {
  const { url, database, apiKey, adminApiKey, pid } = odoo
  return connect({ ...kind, url, database, apiKey, adminApiKey, odooPid: pid, shopUrl, folder }, odoo.postgresUrl)
}

function fromEnvironment(
  env: NodeJS.ProcessEnv,
  odooPostgresUrl: string,
  folder: string,
  kind: Kind,
): Promise<Systems> {
  const { ODOO_URL: url = '', ODOO_DB: database = '', ODOO_API_KEY: apiKey = '', PG_URL: shopUrl = '' } = env
  const adminApiKey = env.ODOO_ADMIN_API_KEY ?? ''
  return connect({ ...kind, url, database, apiKey, adminApiKey, odooPid: null, shopUrl, folder }, odooPostgresUrl)
}

async function connect(
  known: Omit<Systems, 'odooDatabase' | 'shop' | 'close' | 'login'>,
  odooPostgresUrl: string,
): Promise<Systems> {
  mkdirSync(known.folder, { recursive: true })
  const odooDatabase = new pg.Client({ connectionString: odooPostgresUrl })
  const shop = new pg.Client({ connectionString: known.shopUrl })
  await odooDatabase.connect()
  await shop.connect()
  return {
    ...known,
    login: 'tandem',
    odooDatabase,
    shop,
    async close() {
      await odooDatabase.end()
      await shop.end()
      rmSync(known.folder, { recursive: true, force: true })
    },
  }
}
