import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { partnerIds, removePartners } from './partners.ts'
import type { Systems } from './systems.ts'

/** A configuration of Tandem's with a table, a ledger and a set of partners that belong to nothing else. */
export interface Workspace {
  /** The partners' job position. */
  readonly mark: string
  /** Of the table, quoted nowhere: it is a plain name. */
  readonly schema: string
  readonly table: string
  readonly configFile: string
  /** Removes the ledger, the table, the triggers, and, unless they are somebody else's, the partners. */
  remove(): Promise<void>
}

export interface WorkspaceOptions {
  /** Partners that are there already, and stay. */
  readonly mark?: string
  readonly direction?: 'both' | 'from-odoo'
  /** Top-level lines of the mapping, such as its schedule. */
  readonly more?: string
  /** Top-level lines of the configuration. */
  readonly config?: string
}

export async function openWorkspace(systems: Systems, options: WorkspaceOptions = {}): Promise<Workspace> {
  const name = `bench_${randomUUID().slice(0, 8)}`
  const { mark = name, direction = 'both', more = '' } = options
  const { shop, folder } = systems
  const table = `${name}.customers`
  await shop.query(`CREATE SCHEMA ${name}`)
  await shop.query(`
    CREATE TABLE ${table} (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, full_name text, email text, phone text,
      street text, city text, zip text, country varchar(2), is_company boolean, archived boolean NOT NULL DEFAULT false
    )`)
  const own = join(folder, name)
  mkdirSync(join(own, 'mappings'), { recursive: true })
  writeFileSync(join(own, 'mappings', 'customers.yaml'), mappingText({ mark, table, direction, more }))
  const configFile = join(own, 'config.yaml')
  const { url, database, protocol, login, apiKey, shopUrl } = systems
  writeFileSync(
    configFile,
    `ledger: { file: ./tandem.db }
connections:
  erp: { type: odoo, url: "${url}", database: "${database}", protocol: ${protocol}, user: ${login}, api_key: "${apiKey}" }
  shop: { type: postgres, url: "${shopUrl}", capture_schema: ${name}_capture }
${options.config ?? ''}
`,
    { mode: 0o600 },
  )
  return {
    mark,
    schema: name,
    table,
    configFile,
    async remove() {
      await shop.query(`DROP SCHEMA ${name} CASCADE`)
      await shop.query(`DROP SCHEMA IF EXISTS ${name}_capture CASCADE`)
      const isOurs = options.mark === undefined && (await partnerIds(systems.odooDatabase, mark)).length > 0
      if (isOurs) await removePartners(systems.odooDatabase, mark)
      rmSync(own, { recursive: true, force: true })
    },
  }
}

function mappingText({ mark, table, direction, more }: Record<'mark' | 'table' | 'direction' | 'more', string>) {
  return `mapping: customers
odoo:
  connection: erp
  model: res.partner
  domain: [[function, "=", "${mark}"]]
  key: ref
  defaults: { function: "${mark}" }
external:
  connection: shop
  collection: { table: ${table}, capture: triggers, archive: { column: archived, value: true } }
  key: code
direction: ${direction}
fields:
  - { odoo: name, external: full_name }
  - { odoo: email, external: email }
  - { odoo: phone, external: phone }
  - { odoo: street, external: street }
  - { odoo: city, external: city }
  - { odoo: zip, external: zip }
  - { odoo: country_id, external: country, lookup: { model: res.country, by: code } }
  - { odoo: is_company, external: is_company }
  - { odoo: active, external: archived, transform: not }
# Every row of a table changes at once here.
changes_guard: { share: 100%, count: 1000000 }
${more}
`
}
