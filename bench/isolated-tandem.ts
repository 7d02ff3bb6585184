import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openApp, readSetup } from '../src/app.ts'
import { registerMemoryStore } from '../src/connectors/memory/index.ts'
import type { CollectionOptions } from '../src/connectors/memory/options.ts'
import { createMemoryStore, type MemoryStore } from '../src/connectors/memory/store.ts'
import { createRunner } from '../src/engine/runner.ts'

const FIELDS = ['name', 'email', 'phone', 'street', 'city', 'zip'] as const

export interface Sample {
  readonly wallMs: number
  readonly cpuMs: number
}

/** A Tandem between two systems in memory, with its ledger on the disk: what is left is its own cost. */
export interface Isolated {
  /** Edits so many records, spread over all, and brings them across, until the echoes are quiet as well. */
  change(count: number, round: number): Promise<Sample>
  close(): Promise<void>
}

export async function openIsolated(folder: string, links: number): Promise<Isolated> {
  const { odoo, shop } = { odoo: storeOf('ref'), shop: storeOf('code') }
  const configFile = configure(folder, odoo, shop)
  for (let at = 1; at <= links; at++) shop.insert('customers', { code: `C${at}`, ...valuesOf(at, 0) })
  const app = await openApp(readSetup(configFile, {}), { emit: () => {} })
  const [file] = app.files
  if (!file) throw new Error('no mapping')
  const { signal } = new AbortController()
  const runner = createRunner((await app.connect(file, signal)).context)
  const run = async () => {
    await runner.runNow({ depth: 'tail' })
    await runner.runNow({ depth: 'tail' })
  }
  await run()
  const linked = await app.ledger.countLinks('customers')
  if (linked !== links) throw new Error(`${linked} of ${links} linked`)
  return {
    async change(count, at) {
      for (let index = 0; index < count; index++) {
        const id = Math.floor(((index + ((Math.abs(at) * 0.618) % 1)) * links) / count) + 1
        shop.edit('customers', String(Math.min(id, links)), { email: `${at}.${index}@customer.example` })
      }
      const startedMs = performance.now()
      const startedCpu = process.cpuUsage()
      await run()
      const { user, system } = process.cpuUsage(startedCpu)
      return { wallMs: performance.now() - startedMs, cpuMs: (user + system) / 1000 }
    },
    async close() {
      await runner.stop(10_000)
      await app[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function storeOf(key: string): MemoryStore {
  const collection: CollectionOptions = {
    fields: {
      [key]: { type: 'text' },
      ...Object.fromEntries(FIELDS.map((name) => [name, { type: 'text' } as const])),
    },
    key,
    unique: [key],
    feed: { kind: 'log' },
    maxBatch: 500,
    pageSize: 5000,
  }
  return createMemoryStore({ collections: { customers: collection } })
}

function configure(folder: string, odoo: MemoryStore, shop: MemoryStore): string {
  registerMemoryStore(`${folder}/odoo`, odoo)
  registerMemoryStore(`${folder}/shop`, shop)
  mkdirSync(join(folder, 'mappings'), { recursive: true })
  writeFileSync(
    join(folder, 'mappings', 'customers.yaml'),
    `mapping: customers
odoo: { connection: erp, collection: customers, key: ref }
external: { connection: shop, collection: customers, key: code }
fields: [${FIELDS.join(', ')}]
changes_guard: { share: 100%, count: 1000000 }
`,
  )
  const configFile = join(folder, 'config.yaml')
  writeFileSync(
    configFile,
    `ledger: { file: ./tandem.db }
connections:
  erp: { type: memory, store: "${folder}/odoo" }
  shop: { type: memory, store: "${folder}/shop" }
`,
  )
  return configFile
}

function valuesOf(at: number, version: number): Readonly<Record<(typeof FIELDS)[number], string>> {
  return {
    name: `Customer ${at} & Sons`,
    email: `${version}.${at}@customer.example`,
    phone: `+49 30 ${1_000_000 + at}`,
    street: `Long Street ${at % 389}`,
    city: 'Berlin',
    zip: String(at % 99_999).padStart(5, '0'),
  }
}
