import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type Bench, openBench } from './bench.ts'
import type { Daemon } from './daemon.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

const PROGRAM = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const BREAKER = fileURLToPath(new URL('break-ledger.ts', import.meta.url))

let standIn: StandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.close())

/** A daemon whose ledger's disk fails from `breakWith` on, and works again from `mend` on. */
function startBreakable(bench: Bench): { daemon: Daemon; breakWith(code: string): void; mend(): void } {
  const file = join(bench.folder, 'broken')
  const command = ['--import', BREAKER, PROGRAM, 'run', '--json', '--config']
  return {
    daemon: bench.start({ command, env: { TANDEM_BREAK: file } }),
    breakWith: (code) => writeFileSync(file, code),
    mend: () => rmSync(file),
  }
}

// Beside each other, so each has an `expect` of its own: the common one knows the test that ran last, and polls for no other.
describe.concurrent("the ledger's disk", () => {
  it('that fails at fsync ends the daemon, which says why, and the next one goes on', async ({ expect }) => {
    await using bench = await openBench({ standIn })
    const { daemon, breakWith, mend } = startBreakable(bench)
    await daemon.said('"msg":"running"')
    breakWith('SQLITE_IOERR_FSYNC')
    bench.shop.insert({ full_name: 'Ann', code: `${bench.mark}-A` })
    expect(await daemon.ended).toEqual({ code: 2, signal: null })
    expect(daemon.output()).toContain('met an input/output error')
    expect(daemon.output()).toContain('"level":"error"')

    mend()
    const next = bench.start()
    await bench.beside.settle(next)
    expect(await bench.partners()).toHaveLength(1)
    expect(await bench.beside.faults()).toEqual([])
  })

  it('that is full does not end the daemon, which goes on when there is space', async ({ expect }) => {
    await using bench = await openBench({ standIn })
    const { daemon, breakWith, mend } = startBreakable(bench)
    await daemon.said('"msg":"running"')
    breakWith('SQLITE_FULL')
    bench.shop.insert({ full_name: 'Ann', code: `${bench.mark}-A` })
    await daemon.said('the disk is full')
    mend()
    await daemon.said('the ledger can be written again')
    // Every run and every look met it.
    expect(daemon.output().split('the disk is full')).toHaveLength(2)
    await expect.poll(() => bench.partners(), { timeout: 30_000 }).toHaveLength(1)
    expect(await bench.beside.sync(daemon)).toBe(null)
    expect(daemon.isRunning()).toBe(true)
    expect(await bench.beside.faults()).toEqual([])
  })
})
