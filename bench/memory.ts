import { type Entry, round, type Size, seconds } from './entry.ts'
import { insertPartners, removePartners } from './partners.ts'
import type { Systems } from './systems.ts'
import { startTandem } from './tandem.ts'
import { openWorkspace } from './workspace.ts'

const LIMIT_MB = 250
const MARK = 'bench_memory'

/** The most memory that the process ever had, during the first sync of a large collection. */
export async function measureMemory(systems: Systems, size: Size): Promise<readonly Entry[]> {
  const count = size === 'full' ? 200_000 : 20_000
  await insertPartners(systems.odooDatabase, MARK, count)
  const workspace = await openWorkspace(systems, { mark: MARK })
  const tandem = startTandem()
  try {
    await tandem.open(workspace.configFile)
    const idleMb = tandem.peakBytes() / 2 ** 20
    const { ms, links, counters } = await tandem.run()
    if (links !== count) throw new Error(`${links} of ${count} linked`)
    const peakMb = tandem.peakBytes() / 2 ** 20
    return [
      {
        name: 'memory',
        value: round(peakMb, 0),
        unit: 'MB',
        ratio: null,
        target: `< ${LIMIT_MB} MB`,
        ok: peakMb < LIMIT_MB,
        runs: [{ idleMb, peakMb, ms, cpuMs: counters.cpuMs }],
        note: `peak of resident memory (VmHWM) during a first sync of ${count} partners in ${seconds(ms)}; ${round(idleMb, 0)} MB before it began`,
      },
    ]
  } finally {
    await tandem.close()
    await workspace.remove()
    await removePartners(systems.odooDatabase, MARK)
  }
}
