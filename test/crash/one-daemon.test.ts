import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBench } from './bench.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

const PROGRAM = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const RUN = [PROGRAM, 'run', '--json', '--config']

let standIn: StandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.close())

async function untilWriting(standInOf: StandIn): Promise<void> {
  const { writing } = await standInOf.requests()
  await expect
    .poll(async () => (await standInOf.requests()).writing, { timeout: 20_000, interval: 20 })
    .toBeGreaterThan(writing)
}

describe('a second daemon on one ledger', () => {
  it('says so and ends before it asks anything of a system', async () => {
    await using bench = await openBench({ standIn })
    const first = bench.start()
    await first.said('info running')
    await bench.beside.settle(first)
    // Stopped, not ended: it holds the ledger and asks nothing.
    first.signal('SIGSTOP')
    await sleep(200)
    const { all } = await standIn.requests()
    const second = bench.start()
    expect(await second.ended).toEqual({ code: 2, signal: null })
    expect(second.output()).toContain(`process ${first.pid}`)
    expect((await standIn.requests()).all).toBe(all)
    first.signal('SIGCONT')
    expect((await first.stop()).code).toBe(0)
    const third = bench.start()
    await third.said('info running')
  })

  it('takes over at once when the first was killed', async () => {
    await using bench = await openBench({ standIn })
    const first = bench.start()
    await first.said('info running')
    await first.kill()
    const second = bench.start()
    await second.said('info running')
  })
})

describe('a daemon that is told to stop', () => {
  it('finishes what is under way and ends with 0', async () => {
    await using bench = await openBench({ standIn })
    for (let n = 0; n < 2000; n++) bench.shop.insert({ full_name: `c${n}`, code: `${bench.mark}-${n}` })
    await standIn.fault({ kind: 'latency', method: 'create', delayMs: 300 })
    const daemon = bench.start()
    await untilWriting(standIn)
    expect((await bench.partners()).length).toBeLessThan(2000)
    const startedMs = performance.now()
    expect(await daemon.stop()).toEqual({ code: 0, signal: null })
    expect(performance.now() - startedMs).toBeLessThan(10_000)
    expect(await bench.beside.faults()).toEqual([])
    expect((await bench.partners()).length).toBeGreaterThan(0)
    await standIn.clearFaults()
    const successor = bench.start()
    await bench.beside.settle(successor)
    expect(await bench.beside.faults()).toEqual([])
    expect(await bench.partners()).toHaveLength(2000)
  })

  it('gives up at its deadline what does not end, and what was sent is looked up by the next one', async () => {
    await using bench = await openBench({ standIn })
    bench.limitShutdown('500ms')
    bench.shop.insert({ full_name: 'slow', code: `${bench.mark}-slow` })
    await standIn.fault({ kind: 'slow_body', model: 'res.partner', method: 'create', times: 1, delayMs: 20_000 })
    const daemon = bench.start()
    await untilWriting(standIn)
    const startedMs = performance.now()
    expect(await daemon.stop()).toEqual({ code: 0, signal: null })
    expect(performance.now() - startedMs).toBeLessThan(10_000)
    const successor = bench.start()
    await bench.beside.settle(successor)
    expect(await bench.partners()).toHaveLength(1)
    expect(await bench.beside.faults()).toEqual([])
  })
})

describe.skipIf(!existsSync(PROGRAM))('tandem run', () => {
  it('ends at once at the second signal', async () => {
    await using bench = await openBench({ standIn })
    bench.shop.insert({ full_name: 'slow', code: `${bench.mark}-slow` })
    await standIn.fault({ kind: 'slow_body', model: 'res.partner', method: 'create', times: 1, delayMs: 20_000 })
    const daemon = bench.start({ command: RUN })
    await untilWriting(standIn)
    daemon.signal('SIGINT')
    await sleep(300)
    expect(daemon.isRunning()).toBe(true)
    const startedMs = performance.now()
    daemon.signal('SIGINT')
    expect(await daemon.ended).toEqual({ code: 130, signal: null })
    expect(performance.now() - startedMs).toBeLessThan(8000)
    const successor = bench.start()
    await bench.beside.settle(successor)
    expect(await bench.partners()).toHaveLength(1)
  })

  it('kills itself at the crash point that the environment names', async () => {
    await using bench = await openBench({ standIn })
    const daemon = bench.start({ command: RUN, crashAt: 'page-staged' })
    expect((await daemon.ended).signal).toBe('SIGKILL')
  })

  it('refuses a ledger that another holds', async () => {
    await using bench = await openBench({ standIn })
    const first = bench.start()
    await first.said('info running')
    const second = bench.start({ command: RUN })
    expect((await second.ended).code).toBe(2)
    expect(second.output()).toContain(`process ${first.pid}`)
  })
})
