/**
 * `npm run bench [-- --only a,b] [--size small|full] [--protocol p] [--odoo 19|14] [--json]`: what Tandem costs, against a
 * real Odoo and a real PostgreSQL. Ratios of runs on the same machine in the same minute; see README.md.
 */
import { availableParallelism, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { ODOO_SERIES } from '../scripts/real/odoo-install.ts'
import { progress, tellFailure } from '../scripts/real/progress.ts'
import { PROTOCOLS } from '../src/connectors/odoo/transport/transport.ts'
import { measureCostPerChange } from './cost-per-change.ts'
import type { Entry, Size } from './entry.ts'
import { measureFirstSync } from './first-sync.ts'
import { measureHookLatency } from './hook-latency.ts'
import { measureIdle } from './idle.ts'
import { measureLatency } from './latency.ts'
import { measureMemory } from './memory.ts'
import { openSystems, type Systems } from './systems.ts'
import { printTable } from './table.ts'
import { measureWrites } from './writes.ts'

const MEASUREMENTS: Readonly<Record<string, (systems: Systems, size: Size) => Promise<readonly Entry[]>>> = {
  'first-sync': measureFirstSync,
  writes: measureWrites,
  'cost-per-change': measureCostPerChange,
  latency: measureLatency,
  'hook-latency': measureHookLatency,
  idle: measureIdle,
  memory: measureMemory,
}

process.exitCode = await main().catch((error: unknown) => {
  tellFailure(error)
  return 1
})

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      size: { type: 'string', default: 'full' },
      protocol: { type: 'string' },
      odoo: { type: 'string', default: '19' },
      json: { type: 'boolean', default: false },
    },
  })
  const names = values.only?.split(',') ?? Object.keys(MEASUREMENTS)
  const unknown = names.filter((name) => !(name in MEASUREMENTS))
  if (unknown.length > 0 || !isSize(values.size)) {
    progress(`--only takes ${Object.keys(MEASUREMENTS).join(', ')}; --size takes small or full`)
    return 2
  }
  const series = ODOO_SERIES.find((one) => one === values.odoo)
  const wanted = values.protocol ?? (series === '14' ? 'jsonrpc' : 'json2')
  const protocol = PROTOCOLS.find((one) => one === wanted && one !== 'session')
  if (series === undefined || protocol === undefined) {
    progress('--odoo takes 19 or 14; --protocol takes json2, jsonrpc or xmlrpc')
    return 2
  }
  const systems = await openSystems(process.env, series, protocol)
  const entries: Entry[] = []
  try {
    for (const name of names) {
      progress(`measuring ${name}`)
      const measured = (await MEASUREMENTS[name]?.(systems, values.size)) ?? []
      for (const entry of measured) progress(`${entry.name}: ${entry.ratio ?? entry.value} — ${entry.note}`)
      entries.push(...measured)
    }
  } finally {
    await systems.close()
  }
  const server = `Odoo ${series} over ${protocol}`
  const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`
  if (values.json) console.log(JSON.stringify({ machine, odoo: `${series}.0`, protocol, size: values.size, entries }))
  else console.log(printTable(`${machine}, ${server}`, entries))
  return entries.some(({ ok }) => ok === false) ? 1 : 0
}

function isSize(text: string): text is Size {
  return text === 'small' || text === 'full'
}
