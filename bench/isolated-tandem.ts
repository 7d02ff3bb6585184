import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSetup, systemClock } from '../src/app.ts'
import { type Connections, connectMapping, openLookups } from '../src/connect.ts'
import { justDo } from '../src/engine/activity.ts'
import { createRunner } from '../src/engine/runner.ts'
import { openSqliteLedger } from '../src/ledger/sqlite/open.ts'
import { createSyntheticSide, SYNTHETIC_FIELDS } from './synthetic-side.ts'

export interface Sample {
  readonly wallMs: number
  readonly cpuMs: number
}

/** A Tandem between two made-up systems, with its ledger on the disk: what is left is its own cost. */
export interface Isolated {
  /** Edits so many records, spread over all, and brings them across, until the echoes are quiet as well. */
  change(count: number, round: number): Promise<Sample>
  close(): Promise<void>
}

export async function openIsolated(folder: string, links: number): Promise<Isolated> {
  const { signal } = new AbortController()
  const shop = createSyntheticSide('shop', 'code', links)
  const connections = connectionsOf({ erp: createSyntheticSide('erp', 'ref', 0), shop })
  const [file] = readSetup(configure(folder), {}).files
  if (!file) throw new Error('no mapping')
  const ledger = await openSqliteLedger({ file: join(folder, 'tandem.db'), program: 'bench' })
  const surroundings = {
    ledger,
    clock: systemClock,
    random: Math.random,
    options: { doubtGraceMs: 10_000, directFrom: 100, backoffMs: 1000, backoffMaxMs: 60_000, keepsValues: true },
    emit: () => {},
    around: justDo,
    crashPoint: () => {},
    wake: () => {},
  }
  const lookups = openLookups(connections, systemClock)
  const runner = createRunner((await connectMapping(file, connections, lookups, surroundings, true, signal)).context)
  const run = async () => {
    await runner.runNow({ depth: 'tail' })
    await runner.runNow({ depth: 'tail' })
  }
  await run()
  const linked = await ledger.countLinks('customers')
  if (linked !== links) throw new Error(`${linked} of ${links} linked`)
  return {
    async change(count, at) {
      for (let index = 0; index < count; index++) {
        const n = Math.floor(((index + ((Math.abs(at) * 0.618) % 1)) * links) / count) + 1
        shop.edit(Math.min(n, links), `${at}.${index}@customer.example`)
      }
      const startedMs = performance.now()
      const startedCpu = process.cpuUsage()
      await run()
      const { user, system } = process.cpuUsage(startedCpu)
      const pending = await ledger.countChanges('customers', {})
      if (pending > 0) throw new Error(`${pending} changes are left over`)
      return { wallMs: performance.now() - startedMs, cpuMs: (user + system) / 1000 }
    },
    async close() {
      await runner.stop(10_000)
      await ledger[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function connectionsOf(connectors: Readonly<Record<string, ReturnType<typeof createSyntheticSide>>>): Connections {
  const get = (name: string) => {
    const connector = connectors[name]
    if (!connector) throw new Error(`no connection ${name}`)
    return connector
  }
  return {
    get,
    clockOffsetMs: () => 0,
    refresh: (name, signal) => get(name).check(signal),
    distrust: () => {},
    async [Symbol.asyncDispose]() {},
  }
}

function configure(folder: string): string {
  mkdirSync(join(folder, 'mappings'), { recursive: true })
  writeFileSync(
    join(folder, 'mappings', 'customers.yaml'),
    `mapping: customers
odoo: { connection: erp, collection: customers, key: ref }
external: { connection: shop, collection: customers, key: code }
fields: [${SYNTHETIC_FIELDS.join(', ')}]
changes_guard: { share: 100%, count: 1000000 }
`,
  )
  const configFile = join(folder, 'config.yaml')
  const connection = '{ type: memory, store: none }'
  writeFileSync(
    configFile,
    `ledger: { file: ./tandem.db }
connections: { erp: ${connection}, shop: ${connection} }
`,
  )
  return configFile
}
