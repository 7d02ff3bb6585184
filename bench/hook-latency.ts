import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../scripts/real/free-port.ts'
import { runProgram } from '../src/cli/program.ts'
import { openBareOdoo } from './bare-odoo.ts'
import { type Entry, quantile, type Size } from './entry.ts'
import { latencyEntry, until } from './latency.ts'
import { insertPartners, partnerIds } from './partners.ts'
import type { Systems } from './systems.ts'
import { startTandem } from './tandem.ts'
import { openWorkspace } from './workspace.ts'

const PARTNERS = 200
const TARGET_MS = 300

/** From the moment at which a person's edit is sent to Odoo until PostgreSQL shows it, told by Odoo's webhooks. */
export async function measureHookLatency(systems: Systems, size: Size): Promise<readonly Entry[]> {
  const edits = size === 'full' ? 40 : 8
  const { odooDatabase, shop } = systems
  const port = await freePort()
  const workspace = await openWorkspace(systems, {
    more: 'schedule: every 1m\ndeep: every 10m',
    config: `server: { listen: ${port}, public_url: "http://127.0.0.1:${port}", hook_secret: a-secret-for-benchmarks }`,
  })
  const { mark, table, configFile } = workspace
  await insertPartners(odooDatabase, mark, PARTNERS)
  const ids = await partnerIds(odooDatabase, mark)
  const tandem = startTandem()
  const person = openBareOdoo({ ...systems, login: 'admin' }, systems.adminApiKey)
  try {
    await tandem.daemon(configFile)
    await until(shop, `SELECT count(*)::int = ${PARTNERS} AS is_there FROM ${table}`, [])
    await hooks(systems, configFile, 'install')
    await sleep(3000)
    const waitsMs: number[] = []
    for (let edit = 0; edit < edits; edit++) {
      const id = ids[edit % ids.length] ?? 0
      const code = `${mark}-${(edit % ids.length) + 1}`
      await sleep(300 + Math.random() * 1000)
      const sentMs = performance.now()
      await Promise.all([
        until(shop, `SELECT city = $1 AS is_there FROM ${table} WHERE code = $2`, [`h${edit}`, code]),
        person.call('res.partner', 'write', { ids: [id], vals: { city: `h${edit}` } }),
      ])
      waitsMs.push(performance.now() - sentMs)
    }
    const entry = latencyEntry('latency-webhook', 'an edit sent to Odoo is in PostgreSQL, told by a webhook', waitsMs)
    return [{ ...entry, target: `≤ ${TARGET_MS} ms`, ok: quantile(waitsMs, 0.5) <= TARGET_MS }]
  } finally {
    await hooks(systems, configFile, 'remove')
    await tandem.close()
    await person.close()
    await workspace.remove()
  }
}

async function hooks(systems: Systems, configFile: string, action: 'install' | 'remove'): Promise<void> {
  let said = ''
  const output = {
    isTTY: false,
    write(text: string) {
      said += text
      return true
    },
  }
  const args = ['--config', configFile, 'odoo', 'hooks', action, 'customers', '--key-env', 'ADMIN_KEY']
  const code = await runProgram(args, {
    env: { ADMIN_KEY: systems.adminApiKey },
    signal: new AbortController().signal,
    stdout: output,
    stderr: output,
  })
  if (code !== 0) throw new Error(said)
}
