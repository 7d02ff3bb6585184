import { alternate, type Entry, median, round, type Size } from './entry.ts'
import { measureOwnCost } from './own-cost-per-change.ts'
import { insertPartners, partnerIds, removePartners } from './partners.ts'
import type { Systems } from './systems.ts'
import { type Answer, startTandem } from './tandem.ts'
import { openWorkspace } from './workspace.ts'

const LIMIT = 1.2
const FEW_LINKS = 1000
const CHANGES = 500

/** What a change costs with few and with many links in the ledger: from Odoo to PostgreSQL, and Tandem alone. */
export async function measureCostPerChange(systems: Systems, size: Size): Promise<readonly Entry[]> {
  return [await measureWholeCost(systems, size), await measureOwnCost(systems, size)]
}

/**
 * Edits in Odoo, then one run. All partners are in one table of Odoo's, so that its searches cost both alike: what differs is
 * the ledger and the table that the changes are brought to.
 */
async function measureWholeCost(systems: Systems, size: Size): Promise<Entry> {
  const manyLinks = size === 'full' ? 200_000 : 20_000
  const rounds = size === 'full' ? 12 : 4
  const few = await openSet(systems, 'bench_few', FEW_LINKS)
  const many = await openSet(systems, 'bench_many', manyLinks)
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
  const ratios = runs.many.map(({ ms }, at) => ms / (runs.few[at]?.ms ?? Number.NaN))
  const ratio = median(ratios)
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
      `${CHANGES} edits in Odoo and the run that brings them to PostgreSQL, by the clock, with ${manyLinks} links in the ` +
      `ledger against ${FEW_LINKS}: ${each('many')} µs against ${each('few')} µs a change`,
  }
}

interface LinkedSet {
  /** Edits partners that are spread over all, and brings them across. */
  change(round: number): Promise<Answer>
  close(): Promise<void>
}

async function openSet(systems: Systems, mark: string, count: number): Promise<LinkedSet> {
  await insertPartners(systems.odooDatabase, mark, count)
  const ids = await partnerIds(systems.odooDatabase, mark)
  const workspace = await openWorkspace(systems, { mark })
  const tandem = startTandem()
  await tandem.open(workspace.configFile)
  const { links } = await tandem.run()
  if (links !== count) throw new Error(`${links} of ${count} linked`)
  await tandem.run()
  return {
    async change(at) {
      const offset = (Math.abs(at) * 0.618) % 1
      const chosen = Array.from({ length: CHANGES }, (_, n) => ids[Math.floor(((n + offset) * count) / CHANGES)])
      await systems.odooDatabase.query(
        `UPDATE res_partner SET phone = $2 || id, write_date = now() AT TIME ZONE 'utc' WHERE id = ANY($1)`,
        [chosen, `+49 ${Math.abs(at)} `],
      )
      const answer = await tandem.run()
      const { rows } = await systems.shop.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM ${workspace.table} WHERE phone LIKE $1`,
        [`+49 ${Math.abs(at)} %`],
      )
      if (rows[0]?.count !== CHANGES) throw new Error(`${rows[0]?.count} of ${CHANGES} changes arrived`)
      await tandem.run()
      return answer
    },
    async close() {
      await tandem.close()
      await workspace.remove()
      await removePartners(systems.odooDatabase, mark)
    },
  }
}
