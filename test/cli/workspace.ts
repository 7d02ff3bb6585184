import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { type SandboxOdoo, startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'
import { runInProcess } from './in-process.ts'
import { type Ended, type Running, startProgram } from './program.ts'

const SHOP = `create table customers (
  id integer primary key,
  code text unique,
  full_name text not null check (full_name <> 'POISON'),
  email text,
  archived integer not null default 0
)`

const MAPPING = `mapping: customers
odoo: { connection: erp, model: res.partner, domain: [["ref", "!=", false]], key: ref }
external:
  connection: shop
  collection: { table: customers, archive: { column: archived, value: 1 } }
  key: code
fields:
  - { odoo: name, external: full_name }
  - email
conflict: odoo
deletes: { from_odoo: archive, from_external: archive }
schedule: every 200ms
`

/** A folder with a configuration, a shop in SQLite and a stand-in Odoo beside it. */
export interface Workspace extends AsyncDisposable {
  readonly folder: string
  readonly odoo: SandboxOdoo
  readonly shop: Database.Database
  /** Makes partners in Odoo; the answer is their ids. */
  addPartners(...partners: readonly { ref: string; name: string; email?: string }[]): readonly number[]
  /** From now on, so many calls on partners hang, or all. Resolves when one does, with what ends that. */
  hang(times?: number): Promise<() => void>
  writeConfig(changes?: Partial<ConfigValues>): void
  /** The mapping with some texts of it replaced. */
  writeMapping(replace?: Readonly<Record<string, string>>): void
  tandem(...args: readonly string[]): Promise<Ended>
  start(args: readonly string[], env?: Record<string, string>): Running
}

interface ConfigValues {
  readonly url: string
  readonly database: string
  readonly apiKey: string
  readonly shop: string
}

export interface WorkspaceOptions {
  /** The stand-in's clock, which says when its database was made; the system's unless given. */
  readonly nowUs?: () => number
}

export async function openWorkspace(options: WorkspaceOptions = {}): Promise<Workspace> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-cli-'))
  mkdirSync(join(folder, 'mappings'))
  const odoo = await startSandboxOdoo(options)
  const shop = new Database(join(folder, 'shop.db'))
  shop.exec(SHOP)
  const started: Running[] = []
  const workspace: Workspace = {
    folder,
    odoo,
    shop,
    addPartners: (...partners) => odoo.as('admin').create('res.partner', partners),
    async hang(times) {
      odoo.requests.reset()
      const disarm = odoo.faults.add({
        kind: 'latency',
        model: 'res.partner',
        delayMs: 60_000,
        ...(times === undefined ? {} : { times }),
      })
      while (odoo.requests.count({ model: 'res.partner' }) === 0)
        await new Promise((resolve) => setTimeout(resolve, 20))
      return disarm
    },
    writeConfig(changes = {}) {
      const values = { url: odoo.url, database: odoo.database, apiKey: odoo.apiKey, shop: './shop.db', ...changes }
      writeFileSync(join(folder, 'config.yaml'), configText(values))
    },
    writeMapping(replace = {}) {
      let text = MAPPING
      for (const [from, to] of Object.entries(replace)) text = text.replace(from, to)
      writeFileSync(join(folder, 'mappings', 'customers.yaml'), text)
    },
    tandem: (...args) => runInProcess(join(folder, 'config.yaml'), args),
    start(args, env) {
      const running = startProgram(folder, args, env)
      started.push(running)
      return running
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((running) => running[Symbol.asyncDispose]()))
      await odoo.close()
      shop.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  workspace.writeConfig()
  workspace.writeMapping()
  return workspace
}

function configText({ url, database, apiKey, shop }: ConfigValues): string {
  return `ledger: { file: ./data/tandem.db }
connections:
  erp: { type: odoo, url: "${url}", database: "${database}", api_key: "${apiKey}" }
  shop: { type: sqlite, file: "${shop}" }
limits: { shutdown: 3s }
`
}
