import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The demo's folder: a real configuration, so that every command works on it from another terminal. */
export interface Workspace {
  readonly folder: string
  readonly config: string
  readonly shopFile: string
  /** Writes config.yaml and the mappings. */
  configure(odoo: { readonly url: string; readonly database: string; readonly apiKey: string }): void
  remove(): void
}

export function createWorkspace(): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-demo-'))
  const config = join(folder, 'config.yaml')
  const shopFile = join(folder, 'shop.db')
  return {
    folder,
    config,
    shopFile,
    configure({ url, database, apiKey }) {
      const mappings = join(folder, 'mappings')
      mkdirSync(mappings)
      writeFileSync(join(mappings, 'companies.yaml'), COMPANIES)
      writeFileSync(join(mappings, 'contacts.yaml'), CONTACTS)
      // A JSON text is a YAML text, whatever is in it.
      const quoted = { url, database, api_key: apiKey }
      writeFileSync(
        config,
        `# What the demo runs with. It lives as long as the demo does.
ledger: { file: ./ledger.db }
mappings: ./mappings
connections:
  erp: ${JSON.stringify({ type: 'odoo', ...quoted })}
  shop: ${JSON.stringify({ type: 'sqlite', file: shopFile })}
server: { listen: 0 } # any free port
`,
      )
    },
    remove() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const PACE = `
# Quicker than anyone needs, for something to look at.
schedule: every 1s
deep: every 5s
sweep: every 4s # finds what was deleted in Odoo
`

const COMPANIES = `# Companies: Odoo contacts that are companies, and the shop's table of companies, both ways.
mapping: companies
odoo:
  connection: erp
  model: res.partner
  domain: [[is_company, "=", true], [customer_rank, ">", 0]]
  key: ref
  defaults: { is_company: true, customer_rank: 1 }
external:
  connection: shop
  collection: { table: companies, archive: { column: archived, value: true } }
  key: code
key: { generate: "O-{id}" } # Odoo's own newcomers have no reference yet
fields:
  - name
  - email
  - phone
  - website
  - street
  - zip
  - city
  - { odoo: country_id, external: country, lookup: { model: res.country, by: code } }
  - { odoo: x_credit_limit, external: credit_limit, conflict: odoo }
  - { odoo: comment, external: note }
  - { odoo: active, external: archived, transform: not }
conflict: newest
deletes: { from_odoo: archive, from_external: archive }
${PACE}`

const CONTACTS = `# The people at those companies, and some without one.
mapping: contacts
odoo:
  connection: erp
  model: res.partner
  domain: [[is_company, "=", false], [customer_rank, ">", 0]]
  key: ref
  defaults: { customer_rank: 1 }
external:
  connection: shop
  collection: { table: contacts, archive: { column: archived, value: true } }
  key: code
key: { generate: "O-{id}" }
match:
  - { odoo: email, external: email, fold: [case, space] }
fields:
  - name
  - email
  - phone
  - { odoo: function, external: job }
  - { odoo: parent_id, external: company_id, link: companies }
  - { odoo: active, external: archived, transform: not }
conflict: newest
deletes: { from_odoo: delete, from_external: delete }
${PACE}`
