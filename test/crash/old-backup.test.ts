import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bench, openBench } from './bench.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

const PARTS = ['', '-wal', '-shm']

let standIn: StandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.close())

async function runUntilQuiet(bench: Bench): Promise<void> {
  const daemon = bench.start()
  await bench.beside.settle(daemon)
  expect((await daemon.stop()).code).toBe(0)
}

describe('a ledger that is an old backup', () => {
  it('doubles nothing, and both sides come in step again', async () => {
    await using bench = await openBench({ standIn })
    const { mark, shop, ledgerFile } = bench
    const inOdoo = (n: number): Promise<number> =>
      standIn.create({ function: mark, name: `o${n}`, ref: n % 2 ? `${mark}-o${n}` : false, phone: 'old' })
    const inShop = (n: number): number =>
      shop.insert({ full_name: `s${n}`, code: n % 2 ? `${mark}-s${n}` : null, email: 'old' })
    const early = { partners: await Promise.all([1, 2, 3, 4].map(inOdoo)), customers: [1, 2, 3, 4].map(inShop) }
    await runUntilQuiet(bench)
    await bench.closeBeside()
    for (const part of PARTS)
      if (existsSync(ledgerFile + part)) copyFileSync(ledgerFile + part, `${ledgerFile}.copy${part}`)
    await bench.openBeside()

    for (let n = 5; n <= 20; n++) {
      await inOdoo(n)
      inShop(n)
    }
    for (const id of early.partners) await standIn.write(id, { phone: 'new' })
    for (const id of early.customers) shop.update(id, { email: 'new@x' })
    await runUntilQuiet(bench)
    // The triggers' notes of these edits are gone when the old ledger comes back.
    shop.update(early.customers[0] ?? 0, { email: 'newest@x' })
    await bench.closeBeside()
    for (const part of PARTS) {
      rmSync(ledgerFile + part, { force: true })
      if (existsSync(`${ledgerFile}.copy${part}`)) copyFileSync(`${ledgerFile}.copy${part}`, ledgerFile + part)
    }
    await bench.openBeside()
    await standIn.write(early.partners[0] ?? 0, { phone: 'newest' })

    await runUntilQuiet(bench)
    expect(await bench.partners()).toHaveLength(40)
    expect(shop.customers()).toHaveLength(40)
    expect(await bench.beside.differences()).toEqual([])
    expect(await bench.beside.faults()).toEqual([])
    const phones = (await bench.partners()).filter(({ id }) => early.partners.includes(id)).map(({ phone }) => phone)
    expect(phones).toEqual(['newest', 'new', 'new', 'new'])
    const emails = shop
      .customers()
      .filter(({ id }) => early.customers.includes(id))
      .map(({ email }) => email)
    expect(emails).toEqual(['newest@x', 'new@x', 'new@x', 'new@x'])
  })
})
