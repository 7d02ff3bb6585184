import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Entry, round, type Size } from './entry.ts'
import { insertPartners } from './partners.ts'
import type { Systems } from './systems.ts'
import { type Answer, type Counters, startTandem } from './tandem.ts'
import { openWorkspace } from './workspace.ts'

/** The least that a run with nothing to do may read again. */
const READ_AGAIN_TARGET = 0
const CLOCK_TICKS_PER_SECOND = 100

/** What a daemon costs that has nothing to do, with the schedule that a mapping has when it says nothing. */
export async function measureIdle(systems: Systems, size: Size): Promise<readonly Entry[]> {
  const imported = size === 'full' ? 50_000 : 2_000
  const seconds = size === 'full' ? 120 : 65
  return [
    ...(await measureAfter(systems, 'idle', 1000, seconds, null)),
    ...(await measureAfter(systems, 'idle-after-import', imported, seconds, READ_AGAIN_TARGET)),
  ]
}

async function measureAfter(
  systems: Systems,
  name: string,
  count: number,
  seconds: number,
  target: number | null,
): Promise<readonly Entry[]> {
  const workspace = await openWorkspace(systems)
  await insertPartners(systems.odooDatabase, workspace.mark, count)
  const tandem = startTandem()
  try {
    await tandem.daemon(workspace.configFile)
    await untilLinked(systems, workspace.table, count)
    // The runs that meet the echoes.
    await sleep(15_000)
    const before = await tandem.look()
    const odooBeforeMs = cpuOf(systems.odooPid)
    await sleep(seconds * 1000)
    const after = await tandem.look()
    const odooMs = (cpuOf(systems.odooPid) ?? Number.NaN) - (odooBeforeMs ?? Number.NaN)
    return [entry(name, count, perMinute(before, after, seconds), (odooMs * 60) / seconds, target)]
  } finally {
    await tandem.close()
    await workspace.remove()
  }
}

function perMinute(before: Answer, after: Answer, seconds: number): Counters {
  const rate = (name: keyof Counters) => round(((after.totals[name] - before.totals[name]) * 60) / seconds)
  return {
    requests: rate('requests'),
    receivedBytes: rate('receivedBytes'),
    recordsReadById: rate('recordsReadById'),
    statements: rate('statements'),
    cpuMs: rate('cpuMs'),
  }
}

async function untilLinked(systems: Systems, table: string, count: number): Promise<void> {
  for (;;) {
    const { rows } = await systems.shop.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`)
    if (rows[0]?.count === count) return
    await sleep(200)
  }
}

/** User and system time of a process in milliseconds. */
function cpuOf(pid: number | null): number | null {
  if (pid === null) return null
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / CLOCK_TICKS_PER_SECOND
}

function entry(name: string, count: number, rates: Counters, odooMs: number, target: number | null): Entry {
  const { requests, receivedBytes, recordsReadById, statements, cpuMs } = rates
  const odoo = Number.isNaN(odooMs) ? '' : `, Odoo's CPU ${round(odooMs / 1000)} s`
  return {
    name,
    value: round(cpuMs),
    unit: 'ms CPU a minute',
    ratio: null,
    target: target === null ? null : `records read again: ${target}`,
    ok: target === null ? null : recordsReadById <= target,
    runs: [{ ...rates, odooMs }],
    note:
      `one mapping with ${count} linked records, a minute: ${requests} requests to Odoo, ${round(receivedBytes / 1024, 0)} kB ` +
      `from it, ${recordsReadById} records read again, ${statements} statements to PostgreSQL, CPU ${round(cpuMs / 1000)} s${odoo}`,
  }
}
