import { setTimeout as sleep } from 'node:timers/promises'
import { alternate, type Entry, median, round, type Size } from './entry.ts'
import { measureOwnCost } from './own-cost-per-change.ts'
import { insertPartners, partnerIds, removePartners } from './partners.ts'
import type { Systems } from './systems.ts'
import { type Answer, startTandem, type Tandem } from './tandem.ts'
import { openWorkspace } from './workspace.ts'

const LIMIT = 1.2
const FEW_LINKS = 1000
const CHANGES = 500
/** A record counts as hot for so long after it was written. */
const COOL_MS = 3000

/** What a change costs with few and with many links in the ledger: from Odoo to PostgreSQL, and Tandem alone. */
export async function measureCostPerChange(systems: Systems, size: Size): Promise<readonly Entry[]> {
  return [await measureWholeCost(systems, size), await measureOwnCost(systems, size)]
}

/**
 * Edits in Odoo, then one run. Both mappings have systems of the same size, with the edits spread in the same way over a table
 * of Odoo's and one of PostgreSQL: what differs is how much of them is linked.
 */
async function measureWholeCost(systems: Systems, size: Size): Promise<Entry> {
  const records = size === 'full' ? 200_000 : 20_000
  const rounds = size === 'full' ? 10 : 3
  const few = await openSet(systems, { mark: 'bench_few', records, links: FEW_LINKS })
  const many = await openSet(systems, { mark: 'bench_many', records, links: records })
  const runs: Record<'few' | 'many', Answer[]> = { few: [], many: [] }
  try {
    for (const set of [few, many]) await set.change(-1)
    await alternate(
      rounds,
      async (at) => {
        runs.few.push(await few.change(at))
      },
      async (at) => {
        runs.many.push(await many.change(at))
      },
    )
  } finally {
    await few.close()
    await many.close()
  }
  const each = (name: 'few' | 'many') => round((median(runs[name].map(({ ms }) => ms)) * 1000) / CHANGES)
  const ratio = median(runs.many.map(({ ms }, at) => ms / (runs.few[at]?.ms ?? Number.NaN)))
  return {
    name: 'cost-per-change',
    value: each('many'),
    unit: 'µs a change',
    ratio: round(ratio),
    target: `≤ ${LIMIT}`,
    ok: ratio <= LIMIT,
    runs: runs.many.map((run, at) => ({
      manyMs: run.ms,
      manyCpuMs: run.counters.cpuMs,
      fewMs: runs.few[at]?.ms ?? 0,
      fewCpuMs: runs.few[at]?.counters.cpuMs ?? 0,
    })),
    note:
      `${CHANGES} edits in Odoo and the run that brings them to PostgreSQL, by the clock, with ${records} links in the ` +
      `ledger against ${FEW_LINKS}, both sides with ${records} records: ${each('many')} µs against ${each('few')} µs a change`,
  }
}

interface LinkedSet {
  /** Edits partners that are spread over all, and brings them across. */
  change(round: number): Promise<Answer>
  close(): Promise<void>
}

interface SetOptions {
  readonly mark: string
  readonly records: number
  /** So many of the records, spread over all, are the mapping's. */
  readonly links: number
}

async function openSet(systems: Systems, { mark, records, links }: SetOptions): Promise<LinkedSet> {
  const { odooDatabase, shop } = systems
  const others = `${mark}_others`
  await insertPartners(odooDatabase, others, records)
  await odooDatabase.query(
    `UPDATE res_partner SET function = $2 WHERE id IN (
       SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM res_partner WHERE function = $1) numbered
       WHERE n % $3 = 0)`,
    [others, mark, records / links],
  )
  await odooDatabase.query('VACUUM (ANALYZE) res_partner')
  const ids = await partnerIds(odooDatabase, mark)
  const workspace = await openWorkspace(systems, { mark, direction: 'from-odoo' })
  await shop.query(`INSERT INTO ${workspace.table} (code) SELECT $1 || '-' || n FROM generate_series(1, $2::int) n`, [
    others,
    records,
  ])
  const tandem = startTandem()
  await tandem.open(workspace.configFile)
  const { links: linked } = await tandem.run()
  if (linked !== links) throw new Error(`${linked} of ${links} linked`)
  await shop.query(`VACUUM (ANALYZE) ${workspace.table}`)
  await coolDown(tandem)
  return {
    async change(at) {
      const offset = (Math.abs(at) * 0.618) % 1
      const chosen = Array.from({ length: CHANGES }, (_, n) => ids[Math.floor(((n + offset) * links) / CHANGES)])
      await odooDatabase.query(
        "UPDATE res_partner SET phone = $2 || id, write_date = now() AT TIME ZONE 'utc' WHERE id = ANY($1)",
        [chosen, `+49 ${Math.abs(at)} `],
      )
      await sleep(COOL_MS)
      const answer = await tandem.run()
      const { rows } = await shop.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM ${workspace.table} WHERE phone LIKE $1`,
        [`+49 ${Math.abs(at)} %`],
      )
      if (rows[0]?.count !== CHANGES) throw new Error(`${rows[0]?.count} of ${CHANGES} changes arrived`)
      await coolDown(tandem)
      return answer
    },
    async close() {
      await tandem.close()
      await workspace.remove()
      await removePartners(odooDatabase, mark)
      await removePartners(odooDatabase, others)
    },
  }
}

/** What was just written is read again by the scans that follow at once, and would be paid for by the next edits. */
async function coolDown(tandem: Tandem): Promise<void> {
  await sleep(COOL_MS)
  await tandem.run()
}
