/** One daemon's surroundings on disk: configuration, mapping, ledger, shop; and a stand-in that others may use too. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Beside, openBeside } from './beside.ts'
import { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts'
import { openShop, type Shop } from './shop.ts'
import type { Partner, StandIn } from './stand-in.ts'

/** `mark` is the job position that keeps the partners of one bench apart from all others. */
function customersMapping(mark: string, more: string): string {
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
  collection: { table: customers, archive: { column: archived, value: true } }
  key: code
key: { generate: "${mark}-{side}-{id}" }
fields:
  - { odoo: name, external: full_name }
  - { odoo: email, external: email }
  - { odoo: phone, external: phone }
  - { odoo: website, external: birth }
  - { odoo: parent_id, external: parent, link: customers }
  - { odoo: active, external: archived, transform: not }
deletes: { from_odoo: archive, from_external: archive }
schedule: every 200ms
deep: every 1s
sweep: every 1s
${more}`
}

export interface Bench extends AsyncDisposable {
  readonly mark: string
  readonly folder: string
  readonly configFile: string
  readonly ledgerFile: string
  readonly shop: Shop
  readonly beside: Beside
  /** Lets go of the ledger's file, to exchange it. */
  closeBeside(): Promise<void>
  openBeside(): Promise<void>
  /** For the daemons that are started from now on. */
  limitShutdown(time: string): void
  start(options?: DaemonOptions): Daemon
  /** Starts a daemon that kills itself at this crash point, and waits until it has. */
  crash(point: string): Promise<void>
  partners(): Promise<readonly Partner[]>
  /** Fails when a run with a sweep writes anything on either side although nobody did anything. */
  quietly(daemon: Daemon | null): Promise<readonly string[]>
}

export interface BenchOptions {
  readonly standIn: Pick<StandIn, 'url' | 'database' | 'apiKey' | 'partners'>
  readonly more?: string
}

const CRASH_LIMIT_MS = 60_000

export async function openBench({ standIn, more = '' }: BenchOptions): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-crash-'))
  const mark = `c-${randomUUID().slice(0, 8)}`
  const configFile = join(folder, 'config.yaml')
  const { url, database, apiKey } = standIn
  mkdirSync(join(folder, 'mappings'))
  writeFileSync(join(folder, 'mappings', 'customers.yaml'), customersMapping(mark, more))
  writeFileSync(
    configFile,
    `ledger: { file: ./tandem.db }
connections:
  erp: ${JSON.stringify({ type: 'odoo', url, database, api_key: apiKey })}
  shop: { type: sqlite, file: ${join(folder, 'shop.db')}, busy_timeout: 2s }
server: { listen: 0 }
limits: { shutdown: 10s, in_doubt: 2s }
`,
  )
  const shop = openShop(join(folder, 'shop.db'))
  let beside = await openBeside(configFile)
  const daemons: Daemon[] = []
  const bench: Bench = {
    mark,
    folder,
    configFile,
    ledgerFile: join(folder, 'tandem.db'),
    shop,
    get beside() {
      return beside
    },
    async closeBeside() {
      await beside[Symbol.asyncDispose]()
    },
    async openBeside() {
      beside = await openBeside(configFile)
    },
    limitShutdown(time) {
      writeFileSync(configFile, readFileSync(configFile, 'utf8').replace('shutdown: 10s', `shutdown: ${time}`))
    },
    start(options) {
      const daemon = startDaemon(configFile, options)
      daemons.push(daemon)
      return daemon
    },
    async crash(point) {
      const daemon = bench.start({ crashAt: point })
      let isLate = false
      const timer = setTimeout(() => {
        isLate = true
        void daemon.kill()
      }, CRASH_LIMIT_MS)
      const { signal } = await daemon.ended
      clearTimeout(timer)
      if (signal !== 'SIGKILL') throw new Error(`It ended otherwise: ${daemon.output()}`)
      if (isLate) throw new Error(`${point} was not reached: ${daemon.output().slice(-2000)}`)
    },
    partners: () => standIn.partners(mark),
    async quietly(daemon) {
      const look = async (): Promise<string> => {
        const stamps = (await bench.partners()).map(({ id, write_date }) => [id, write_date])
        return JSON.stringify({ stamps, shopWrites: shop.writes() })
      }
      const before = await look()
      for (let run = 0; run < 2; run++) {
        const failure = await beside.sync(daemon)
        if (failure !== null) return [failure]
      }
      return (await look()) === before ? [] : ['quiet sides are written']
    },
    async [Symbol.asyncDispose]() {
      for (const daemon of daemons) if (daemon.isRunning()) await daemon.kill()
      await beside[Symbol.asyncDispose]()
      shop.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return bench
}
