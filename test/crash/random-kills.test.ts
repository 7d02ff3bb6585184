import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createRandom } from '../../src/connectors/memory/random.ts'
import type { FaultKind } from '../../src/sandbox/odoo/faults.ts'
import { type Bench, openBench } from './bench.ts'
import { hirePeople, type People } from './people.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

/** How often the daemon is killed; a failure is told with the seed that repeats what people and faults did. */
const KILLS = Number(process.env.TANDEM_KILLS ?? 40)
const SEED = Number(process.env.TANDEM_SEED ?? Date.now() % 1_000_000)

const SHORTEST_LIFE_MS = 200
const LONGEST_LIFE_MS = 700
const ACT_EVERY_MS = 12
const TROUBLES: readonly FaultKind[] = [
  'swallowed',
  'dropped',
  'error_html',
  'error_json',
  'rate_limited',
  'unavailable',
  'truncated',
  'latency',
]

/** Some calls go wrong in most lives, in other ways each time. */
async function trouble(standIn: StandIn, random: () => number): Promise<void> {
  await standIn.clearFaults()
  if (random() < 0.3) return
  for (let n = 0; n < 3; n++) {
    const kind = TROUBLES[Math.floor(random() * TROUBLES.length)] ?? 'dropped'
    const seed = Math.floor(random() * 1e9)
    await standIn.fault({ kind, probability: 0.05, seed, delayMs: 300, retryAfterS: 1 })
  }
}

/** One life of the daemon, from its start to its sudden end, while people work. */
async function live(bench: Bench, standIn: StandIn, people: People, random: () => number): Promise<void> {
  await trouble(standIn, random)
  const daemon = bench.start()
  const endsAtMs = performance.now() + SHORTEST_LIFE_MS + random() * (LONGEST_LIFE_MS - SHORTEST_LIFE_MS)
  const isOdooKilled = random() < 0.08
  while (performance.now() < endsAtMs) {
    await people.act()
    await sleep(ACT_EVERY_MS * 2 * random())
  }
  if (isOdooKilled) await standIn.restart()
  if (!daemon.isRunning()) throw new Error(`The daemon ended by itself: ${daemon.output()}`)
  await daemon.kill()
}

it(
  `nothing is lost or doubled when the daemon is killed ${KILLS} times`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tandem-stand-in-'))
    const standIn = await startStandIn(join(folder, 'odoo.db'))
    const random = createRandom(SEED)
    try {
      await using bench = await openBench({ standIn })
      const people = hirePeople(standIn, bench, random)
      for (let kill = 0; kill < KILLS; kill++) await live(bench, standIn, people, random)
      await standIn.clearFaults()
      const daemon = bench.start()
      await bench.beside.settle(daemon, 120_000)
      const quiet = await bench.quietly(daemon)
      const { counts, countChanges } = bench.beside.app.ledger
      const found = {
        ...(await people.judge()),
        quiet,
        faults: await bench.beside.faults(),
        differences: await bench.beside.differences(),
        dead: await countChanges('customers', { state: 'dead' }),
        conflicts: await countChanges('customers', { state: 'conflict' }),
      }
      const told = `seed ${SEED}, ${KILLS} kills, ${JSON.stringify(people.done)}, ${JSON.stringify(await counts('customers'))}`
      if (process.env.TANDEM_KILLS) process.stdout.write(`${told}\n`)
      expect(found, told).toEqual({
        lost: [],
        doubled: [],
        quiet: [],
        faults: [],
        differences: [],
        dead: 0,
        conflicts: 0,
      })
      expect((await daemon.stop()).code).toBe(0)
    } finally {
      await standIn.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
  KILLS * 3000 + 180_000,
)
