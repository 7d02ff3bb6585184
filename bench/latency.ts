import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { openBareOdoo } from './bare-odoo.ts'
import { type Entry, quantile, round, type Size } from './entry.ts'
import { insertPartners, partnerIds } from './partners.ts'
import type { Systems } from './systems.ts'
import { startTandem } from './tandem.ts'
import { openWorkspace } from './workspace.ts'

const PARTNERS = 200
const POLL_MS = 3
const GIVE_UP_MS = 30_000

/** From the commit of an edit on one side to the moment when the other side's database shows it. */
export async function measureLatency(systems: Systems, size: Size): Promise<readonly Entry[]> {
  const edits = size === 'full' ? 40 : 8
  const { odooDatabase, shop } = systems
  const workspace = await openWorkspace(systems, { more: 'schedule: every 1s' })
  const { mark, table } = workspace
  await insertPartners(odooDatabase, mark, PARTNERS)
  const ids = await partnerIds(odooDatabase, mark)
  const tandem = startTandem()
  const person = openBareOdoo({ ...systems, login: 'admin' }, systems.adminApiKey)
  try {
    await tandem.daemon(workspace.configFile)
    await until(shop, `SELECT count(*)::int = ${PARTNERS} AS is_there FROM ${table}`, [])
    await sleep(3000)
    const toOdoo: number[] = []
    const toShop: number[] = []
    for (let edit = 0; edit < edits; edit++) {
      const id = ids[edit % ids.length] ?? 0
      const code = `${mark}-${(edit % ids.length) + 1}`
      await sleep(300 + Math.random() * 1000)
      await shop.query(`UPDATE ${table} SET phone = $1 WHERE code = $2`, [`a${edit}`, code])
      toOdoo.push(
        await until(odooDatabase, 'SELECT phone = $1 AS is_there FROM res_partner WHERE id = $2', [`a${edit}`, id]),
      )
      await sleep(300 + Math.random() * 1000)
      await person.call('res.partner', 'write', { ids: [id], vals: { city: `b${edit}` } })
      toShop.push(await until(shop, `SELECT city = $1 AS is_there FROM ${table} WHERE code = $2`, [`b${edit}`, code]))
    }
    return [
      latencyEntry('latency-to-odoo', 'an edit in PostgreSQL (triggers and LISTEN) is in Odoo', toOdoo),
      latencyEntry('latency-from-odoo', 'an edit in Odoo is in PostgreSQL, with a poll every second', toShop),
    ]
  } finally {
    await tandem.close()
    await person.close()
    await workspace.remove()
  }
}

/** How long it takes until the question is answered with `is_there`. */
export async function until(database: pg.Client, question: string, values: readonly unknown[]): Promise<number> {
  const startedMs = performance.now()
  for (;;) {
    const { rows } = await database.query<{ is_there: boolean }>(question, [...values])
    const elapsedMs = performance.now() - startedMs
    if (rows[0]?.is_there) return elapsedMs
    if (elapsedMs > GIVE_UP_MS) throw new Error(`not within ${GIVE_UP_MS / 1000} s: ${question}`)
    await sleep(POLL_MS)
  }
}

export function latencyEntry(name: string, what: string, waitsMs: readonly number[]): Entry {
  const p50 = quantile(waitsMs, 0.5)
  const p95 = quantile(waitsMs, 0.95)
  return {
    name,
    value: round(p50, 0),
    unit: 'ms',
    ratio: null,
    target: null,
    ok: null,
    runs: waitsMs.map((ms) => ({ ms: round(ms) })),
    note: `${what}: p50 ${round(p50, 0)} ms, p95 ${round(p95, 0)} ms of ${waitsMs.length} edits`,
  }
}
