import { join } from 'node:path'
import { alternate, type Entry, median, round, type Size } from './entry.ts'
import { openIsolated, type Sample } from './isolated-tandem.ts'
import type { Systems } from './systems.ts'

const FEW_LINKS = 1000

/** What one change costs Tandem alone, with few and with many links in its ledger: CPU, in one process, in turns. */
export async function measureOwnCost({ folder }: Systems, size: Size): Promise<Entry> {
  const manyLinks = size === 'full' ? 200_000 : 20_000
  const rounds = size === 'full' ? 30 : 6
  const changes = 500
  const few = await openIsolated(join(folder, 'few'), FEW_LINKS)
  const many = await openIsolated(join(folder, 'many'), manyLinks)
  const samples: Record<'few' | 'many', Sample[]> = { few: [], many: [] }
  try {
    for (let warmUp = 0; warmUp < 5; warmUp++) {
      await few.change(changes, -1 - warmUp)
      await many.change(changes, -1 - warmUp)
    }
    await alternate(
      rounds,
      async (at) => {
        samples.few.push(await few.change(changes, at))
      },
      async (at) => {
        samples.many.push(await many.change(changes, at))
      },
    )
  } finally {
    await few.close()
    await many.close()
  }
  const each = (name: 'few' | 'many', of: keyof Sample) =>
    (median(samples[name].map((one) => one[of])) * 1000) / changes
  const ratioOf = (of: keyof Sample) =>
    median(samples.many.map((one, at) => one[of] / (samples.few[at]?.[of] ?? Number.NaN)))
  return {
    name: 'own-cost-per-change',
    value: round(each('many', 'cpuMs')),
    unit: 'µs CPU a change',
    ratio: round(ratioOf('cpuMs')),
    target: null,
    ok: null,
    runs: samples.many.map(({ cpuMs, wallMs }, at) => {
      const other = samples.few[at]
      return { manyCpuMs: cpuMs, manyWallMs: wallMs, fewCpuMs: other?.cpuMs ?? 0, fewWallMs: other?.wallMs ?? 0 }
    }),
    note:
      `CPU of a change (${changes} in a run) with ${manyLinks} links in the ledger against ${FEW_LINKS}, both sides ` +
      `made up: ${round(each('many', 'cpuMs'))} µs against ${round(each('few', 'cpuMs'))} µs; by the clock, with the ` +
      `disk, ${round(each('many', 'wallMs'))} µs against ${round(each('few', 'wallMs'))} µs (ratio ${round(ratioOf('wallMs'))})`,
  }
}
