import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '../../src/cli/program.ts'
import { type Bench, openBench } from './bench.ts'
import { openShop } from './shop.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

let standIn: StandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.close())

async function accept(configFile: string, ...args: readonly string[]): Promise<number> {
  const out = { isTTY: false, write: () => true }
  const { signal } = new AbortController()
  const world = { env: {}, signal, stdout: out, stderr: out } as unknown as Parameters<typeof runProgram>[1]
  return runProgram(['accept', 'shop', ...args, '--config', configFile], world)
}

async function runUntilQuiet(bench: Bench): Promise<void> {
  const daemon = bench.start()
  await bench.beside.settle(daemon)
  expect((await daemon.stop()).code).toBe(0)
}

/** What a daemon says that does not know the database; it is given time to do something wrong, and ended. */
async function stopped(bench: Bench): Promise<string> {
  const daemon = bench.start()
  await daemon.said('is not as the ledger knows it')
  await sleep(2000)
  await daemon.stop()
  return daemon.output()
}

const backup = (from: string, to: string): void => {
  const database = new Database(from)
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
  copyFileSync(from, to)
}

describe('a SQLite file that is put back', () => {
  it('stops everything until a person says what it is; then what was lost comes back', async () => {
    await using bench = await openBench({ standIn })
    const file = join(bench.folder, 'shop.db')
    bench.shop.insert({ full_name: 'Ann', code: `${bench.mark}-A`, phone: 'old' })
    await runUntilQuiet(bench)
    backup(file, `${file}.backup`)
    bench.shop.insert({ full_name: 'Bea', code: `${bench.mark}-B` })
    bench.shop.update(1, { phone: 'new' })
    await runUntilQuiet(bench)
    await runUntilQuiet(bench)

    bench.shop.close()
    for (const part of ['', '-wal', '-shm']) rmSync(file + part, { force: true })
    copyFileSync(`${file}.backup`, file)
    await bench.closeBeside()
    await bench.openBeside()
    const shop = openShop(file)
    const before = await bench.partners()
    expect(await stopped(bench)).toMatch(/an older state of it is back.*notes.* only grows/)
    expect(await bench.partners()).toEqual(before)
    expect(shop.customers()).toHaveLength(1)

    expect(await accept(bench.configFile, '--as', 'restored', '--winner', 'partner')).toBe(0)
    await runUntilQuiet(bench)
    expect(shop.customers()).toMatchObject([{ full_name: 'Ann', phone: 'new' }, { full_name: 'Bea' }])
    expect(await bench.beside.differences()).toEqual([])
    shop.close()
  })
})
