import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../scripts/real/free-port.ts'
import { createRandom } from '../../src/connectors/memory/random.ts'
import { pushTarget } from '../../src/server/hook-address.ts'
import { type Bench, openBench } from './bench.ts'
import type { Daemon } from './daemon.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

const SECRET = 'a-secret-of-some-length-for-tests'
/** Nothing but what is told brings a change within the test. */
const NO_SCANS = {
  schedule: '0 0 1 1 *',
  deep: '0 0 1 1 *',
  sweep: 'never',
  compare_within: 'never',
  direction: 'from-odoo',
}
const KILLS = 6
/** So many that a record is hardly told of twice in one life: a second time would make up for a first one that was lost. */
const RECORDS = 400
const SEED = Number(process.env.TANDEM_SEED ?? Date.now() % 1_000_000)

let standIn: StandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.close())

/** Where the daemons of a bench are told of changes, as Odoo's webhook would. */
async function openHooked(bench: Bench): Promise<(id: number, event?: string) => Promise<number>> {
  const port = await freePort()
  const publicUrl = `http://127.0.0.1:${port}`
  const config = readFileSync(bench.configFile, 'utf8')
  const mappingFile = join(bench.folder, 'mappings', 'customers.yaml')
  const kept = readFileSync(mappingFile, 'utf8')
    .replace(/^(schedule|deep|sweep): .*\n/gm, '')
    .replace(', from_external: archive', '')
  const added = Object.entries(NO_SCANS).map(([key, value]) => `${key}: "${value}"\n`)
  writeFileSync(mappingFile, `${kept}${added.join('')}`)
  writeFileSync(bench.configFile, config.replace('{ listen: 0 }', `{ listen: ${port}, hook_secret: ${SECRET} }`))
  const url = pushTarget({ publicUrl, hookSecrets: [SECRET] }, 'customers', 'odoo')?.url ?? ''
  return async (id, event) => {
    try {
      const { status } = await fetch(event ? `${url}?event=${event}` : url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ _model: 'res.partner', _id: id, _action: 'test' }),
      })
      return status
    } catch {
      // Nobody listens, or nobody any more.
      return 0
    }
  }
}

async function untilServing(daemon: Daemon): Promise<void> {
  await daemon.said('info listening')
  await daemon.said('info running')
}

describe('what a daemon acknowledged', () => {
  it('is synced by the next one, when it died before it looked', async () => {
    await using bench = await openBench({ standIn })
    const tell = await openHooked(bench)
    const dying = bench.start({ crashAt: 'arrivals-taken' })
    await untilServing(dying)
    const id = await standIn.create({ name: 'Ann', ref: `${bench.mark}-A`, function: bench.mark })
    // It may die before its answer has left.
    expect([0, 204]).toContain(await tell(id))
    expect((await dying.ended).signal).toBe('SIGKILL')
    expect(await bench.beside.app.ledger.countArrivals('customers')).toBe(1)
    expect(bench.shop.customers()).toEqual([])
    const next = bench.start()
    await untilServing(next)
    await expect.poll(() => bench.shop.customers().length, { timeout: 10_000 }).toBe(1)
  })

  it(`survives ${KILLS} kills at random moments (seed ${SEED})`, async () => {
    await using bench = await openBench({ standIn })
    const tell = await openHooked(bench)
    const random = createRandom(SEED)
    const phones = new Map<string, string>()
    const ids: number[] = []
    for (let n = 0; n < RECORDS; n++) {
      const ref = `${bench.mark}-${n}`
      ids.push(await standIn.create({ name: `c${n}`, ref, function: bench.mark }))
    }
    let at = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const daemon = bench.start()
      await untilServing(daemon)
      const end = sleep(random() * 400).then(() => daemon.kill())
      for (let edit = 0; daemon.isRunning(); edit++) {
        at = (at + 1) % ids.length
        const phone = `${kill}-${edit}`
        await standIn.write(ids[at] ?? 0, { phone })
        if ((await tell(ids[at] ?? 0)) === 204) phones.set(`${bench.mark}-${at}`, phone)
        else phones.delete(`${bench.mark}-${at}`)
      }
      await end
    }
    expect(phones.size).toBeGreaterThan(0)
    const last = bench.start()
    await untilServing(last)
    const wrong = () => {
      const stored = new Map(bench.shop.customers().map(({ code, phone }) => [code, phone]))
      return [...phones].filter(([code, phone]) => stored.get(code) !== phone)
    }
    await expect.poll(wrong, { timeout: 20_000 }).toEqual([])
    expect(await bench.beside.faults()).toEqual([])
  })

  it('is kept while Odoo cannot be asked', async () => {
    await using bench = await openBench({ standIn })
    const tell = await openHooked(bench)
    const daemon = bench.start()
    await untilServing(daemon)
    const id = await standIn.create({ name: 'Ann', ref: `${bench.mark}-A`, function: bench.mark })
    await standIn.fault({ kind: 'unavailable', times: 3, retryAfterS: 1 })
    expect(await tell(id)).toBe(204)
    await expect.poll(() => bench.shop.customers().length, { timeout: 50_000 }).toBe(1)
  })

  it('includes the deletes, which are confirmed', async () => {
    await using bench = await openBench({ standIn })
    const tell = await openHooked(bench)
    const id = await standIn.create({ name: 'Ann', ref: `${bench.mark}-A`, function: bench.mark })
    const daemon = bench.start()
    await untilServing(daemon)
    expect(await tell(id)).toBe(204)
    await expect.poll(() => bench.shop.customers().length, { timeout: 10_000 }).toBe(1)
    await standIn.unlink(id)
    expect(await tell(id, 'gone')).toBe(204)
    await expect.poll(() => bench.shop.customers()[0]?.archived, { timeout: 10_000 }).toBe(1)
  })
})
