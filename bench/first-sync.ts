import type { BareOdoo } from './bare-odoo.ts'
import { openBareOdoo } from './bare-odoo.ts'
import { alternate, type Entry, median, round, type Size, seconds } from './entry.ts'
import { insertPartners, PARTNER_FIELDS, removePartners } from './partners.ts'
import type { Systems } from './systems.ts'
import { startTandem } from './tandem.ts'
import { openWorkspace } from './workspace.ts'

const TARGET = 0.7
const PAGE = 5000
const MARK = 'bench_first'

/** Odoo → PostgreSQL: everything of a collection, against a loop that only reads the same. */
export async function measureFirstSync(systems: Systems, size: Size): Promise<readonly Entry[]> {
  const count = size === 'full' ? 50_000 : 5_000
  const rounds = size === 'full' ? 5 : 2
  await insertPartners(systems.odooDatabase, MARK, count)
  const bare = openBareOdoo(systems, systems.apiKey)
  try {
    await readAll(systems, bare, count)
    const both = await compare(systems, bare, count, rounds, 'both')
    const oneWay = await compare(systems, bare, count, Math.min(rounds, 3), 'from-odoo')
    return [
      entry('first-sync', `direction both, ${count} partners`, both, TARGET),
      entry('first-sync-one-way', `direction from-odoo, no triggers, ${count} partners`, oneWay, null),
    ]
  } finally {
    await bare.close()
    await removePartners(systems.odooDatabase, MARK)
  }
}

type Run = Record<'bareMs' | 'tandemMs' | 'connectMs' | 'cpuMs' | 'requests' | 'statements' | 'echoMs', number>

async function compare(
  systems: Systems,
  bare: BareOdoo,
  count: number,
  rounds: number,
  direction: 'both' | 'from-odoo',
): Promise<readonly Run[]> {
  const bareMs: number[] = []
  const tandem: Omit<Run, 'bareMs'>[] = []
  await alternate(
    rounds,
    async () => {
      bareMs.push(await readAll(systems, bare, count))
    },
    async () => {
      tandem.push(await syncOnce(systems, count, direction))
    },
  )
  return tandem.map((run, at) => ({ bareMs: bareMs[at] ?? Number.NaN, ...run }))
}

async function syncOnce(
  systems: Systems,
  count: number,
  direction: 'both' | 'from-odoo',
): Promise<Omit<Run, 'bareMs'>> {
  const workspace = await openWorkspace(systems, { mark: MARK, direction })
  const process = startTandem()
  const opened = await process.open(workspace.configFile)
  const { ms, counters, links, pending, dead } = await process.run()
  if (links !== count || pending > 0 || dead > 0)
    throw new Error(`${links} of ${count} linked, ${pending} pending, ${dead} dead`)
  const echo = await process.run()
  await process.close()
  const { rows } = await systems.shop.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${workspace.table}`)
  if (rows[0]?.count !== count) throw new Error(`${rows[0]?.count} of ${count} rows arrived`)
  await workspace.remove()
  const { cpuMs, requests, statements } = counters
  return { tandemMs: ms, connectMs: opened.ms, cpuMs, requests, statements, echoMs: echo.ms }
}

/** The least that a program could do: it reads, and does nothing with it. */
async function readAll({ series }: Systems, bare: BareOdoo, count: number): Promise<number> {
  const startedMs = performance.now()
  let last = 0
  let read = 0
  for (;;) {
    const rows = await bare.call<{ id: number }[]>('res.partner', 'search_read', {
      domain: [
        ['function', '=', MARK],
        ['id', '>', last],
      ],
      fields: PARTNER_FIELDS,
      order: 'id',
      limit: PAGE,
      ...(series === '14' ? {} : { load: '' }),
      context: { active_test: false },
    })
    read += rows.length
    last = rows.at(-1)?.id ?? last
    if (rows.length < PAGE) break
  }
  if (read !== count) throw new Error(`read ${read} of ${count}`)
  return performance.now() - startedMs
}

function entry(name: string, what: string, runs: readonly Run[], target: number | null): Entry {
  const ratio = median(runs.map(({ bareMs, tandemMs }) => bareMs / tandemMs))
  const of = (field: keyof Run) => median(runs.map((run) => run[field]))
  return {
    name,
    value: round(of('tandemMs')),
    unit: 'ms',
    ratio: round(ratio),
    target: target === null ? null : `≥ ${target}`,
    ok: target === null ? null : ratio >= target,
    runs,
    note:
      `${what}, ${PARTNER_FIELDS.length} fields: Tandem ${seconds(of('tandemMs'))}, a bare read ${seconds(of('bareMs'))}; ` +
      `Tandem's own CPU ${seconds(of('cpuMs'))}, ${of('requests')} requests, ${of('statements')} statements; ` +
      `connecting before that ${seconds(of('connectMs'))}, the run after it (its own echoes) ${seconds(of('echoMs'))}`,
  }
}
