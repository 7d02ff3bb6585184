/** Tandem between the real Odoo and a real PostgreSQL: its own configuration, ledger and tables, in one process. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type App, openApp, readSetup } from '../../src/app.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import type { Context, SyncEvent } from '../../src/engine/context.ts'
import { createRunner, type Runner } from '../../src/engine/runner.ts'
import { type Difference, verify } from '../../src/engine/verify.ts'
import { type RealOdoo, realEnvironment, realOdoo } from './environment.ts'
import { asPerson } from './person.ts'

export const CUSTOMERS_TABLE = `
  CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text UNIQUE,
    full_name text,
    email text,
    phone text,
    notes text,
    country varchar(2),
    parent bigint REFERENCES customers (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    archived boolean NOT NULL DEFAULT false
  )`

/** `mark` is the job position that keeps the partners of one test apart from all others. */
export function customersMapping(mark: string, schema: string, more = ''): string {
  return `
mapping: customers
odoo:
  connection: erp
  model: res.partner
  domain: [[function, "=", "${mark}"]]
  key: ref
  defaults: { function: "${mark}" }
external:
  connection: shop
  collection: { table: ${schema}.customers, capture: triggers, archive: { column: archived, value: true } }
  key: code
key: { generate: "{side}-{id}" }
fields:
  - { odoo: name, external: full_name }
  - { odoo: email, external: email }
  - { odoo: phone, external: phone }
  - { odoo: comment, external: notes }
  - { odoo: country_id, external: country, lookup: { model: res.country, by: code } }
  - { odoo: parent_id, external: parent, link: customers }
  - { odoo: active, external: archived, transform: not }
deletes: { from_odoo: archive, from_external: archive }
${more.includes('schedule:') ? '' : 'schedule: every 1s\ndeep: every 5s'}
${more}`
}

export interface RealTandem {
  readonly mark: string
  readonly folder: string
  readonly configFile: string
  readonly shop: pg.Client
  readonly events: SyncEvent[]
  app(): App
  runner(): Promise<Runner>
  /** Runs until nothing is left to do. `sweeps`: comparing whole listings, too, unless false. */
  settle(sweeps?: boolean): Promise<void>
  differences(): Promise<readonly Difference[]>
  /** A partner of this test, made by a person in Odoo. */
  insertPartner(values: Readonly<Record<string, unknown>>): Promise<number>
  partners(): Promise<readonly Record<string, unknown>[]>
  customers(): Promise<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

export interface RealTandemOptions {
  /** Lines for the end of the mapping of customers. */
  readonly more?: string
  readonly table?: string
  /** Another mapping, in place of that of customers. */
  readonly mapping?: (mark: string, schema: string) => string
  /** Lines for the configuration. */
  readonly config?: string
  /** What the mapping runs with, to look at its calls. */
  readonly observe?: (context: Context) => Context
  /** Odoo 19 over JSON-2 if absent. */
  readonly odoo?: RealOdoo
  readonly protocol?: Protocol
  /** A PostgreSQL of the test's own, which it may stop and throw away; the environment's if absent. */
  readonly shopUrl?: string
}

export async function openRealTandem(options: RealTandemOptions = {}): Promise<RealTandem> {
  const postgresUrl = options.shopUrl ?? realEnvironment().postgresUrl
  const odoo = options.odoo ?? realOdoo('19')
  const mark = `t-${randomUUID().slice(0, 8)}`
  const folder = mkdtempSync(join(tmpdir(), 'tandem-real-'))
  const schema = `tandem_${mark.replace('-', '_')}`
  const shop = new pg.Client({ connectionString: postgresUrl })
  // A server that is stopped ends the connection.
  if (options.shopUrl !== undefined) shop.on('error', () => {})
  await shop.connect()
  await shop.query(`CREATE SCHEMA ${schema}`)
  await shop.query(`SET search_path = ${schema}`)
  await shop.query(options.table ?? CUSTOMERS_TABLE)
  mkdirSync(join(folder, 'mappings'))
  const configFile = join(folder, 'config.yaml')
  const mapping = options.mapping?.(mark, schema) ?? customersMapping(mark, schema, options.more)
  writeFileSync(join(folder, 'mappings', 'customers.yaml'), mapping)
  writeFileSync(
    configFile,
    `ledger: { file: ./tandem.db }
connections:
  erp:
    type: odoo
    url: "${odoo.url}"
    database: "${odoo.database}"
    protocol: ${options.protocol ?? 'json2'}
    user: "${odoo.login}"
    api_key: "${odoo.apiKey}"
    password: "${odoo.password}"
  shop: { type: postgres, url: "${postgresUrl}" }
${options.config ?? ''}`,
  )
  const events: SyncEvent[] = []
  const app = await openApp(readSetup(configFile, {}), { emit: (event) => events.push(event) })
  let runner: Runner | null = null
  const { signal } = new AbortController()

  const tandem: RealTandem = {
    mark,
    folder,
    configFile,
    shop,
    events,
    app: () => app,
    async runner() {
      const [file] = app.files
      if (!file) throw new Error('no mapping')
      if (runner) return runner
      const { context } = await app.connect(file, signal)
      runner = createRunner(options.observe?.(context) ?? context)
      return runner
    },
    async settle(sweeps = true) {
      const own = await tandem.runner()
      for (let round = 0; round < 30; round++) {
        const { lookAgainMs } = await own.runNow({ depth: 'deep', sweeps: sweeps && round === 0 })
        const pending = await app.ledger.countChanges(app.files[0]?.name ?? '', { state: 'pending' })
        if (round > 0 && pending === 0 && lookAgainMs === null) return
        await app.clock.sleep(200, signal)
      }
      throw new Error(`It does not settle: ${JSON.stringify(events.slice(-5))}`)
    },
    async differences() {
      const { context } = await tandem.runner()
      const found: Difference[] = []
      for await (const difference of verify(context, () => {}, signal)) found.push(difference)
      return found.filter((difference) => difference.kind !== 'field' || !difference.isAsSeen)
    },
    async insertPartner(values) {
      const [id] = await asPerson<number[]>(
        'res.partner',
        'create',
        { vals_list: [{ function: mark, ...values }] },
        odoo,
      )
      return id ?? 0
    },
    partners: () =>
      asPerson(
        'res.partner',
        'search_read',
        {
          domain: [['function', '=', mark]],
          fields: ['name', 'ref', 'email', 'phone', 'comment', 'country_id', 'parent_id', 'active', 'write_uid'],
          order: 'id',
          context: { active_test: false },
        },
        odoo,
      ),
    customers: async () => (await shop.query('SELECT * FROM customers ORDER BY id')).rows,
    async close() {
      await runner?.stop(5000)
      await app[Symbol.asyncDispose]()
      if (options.shopUrl === undefined) await shop.query(`DROP SCHEMA ${schema} CASCADE`)
      await shop.end()
      const ids = (await tandem.partners()).map(({ id }) => id)
      await asPerson('res.partner', 'unlink', { ids }, odoo)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return tandem
}
