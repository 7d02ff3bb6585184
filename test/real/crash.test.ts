import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRandom } from '../../src/connectors/memory/random.ts'
import { type Beside, openBeside } from '../crash/beside.ts'
import { type Daemon, startDaemon } from '../crash/daemon.ts'
import { canRestartOdoo, hasOdooDatabaseAccess, realEnvironment, restartOdoo } from './environment.ts'
import { asPerson } from './person.ts'
import { openRevocableKey } from './revocable.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

const KILLS = Number(process.env.TANDEM_REAL_KILLS ?? 10)
const SEED = Number(process.env.TANDEM_SEED ?? Date.now() % 1_000_000)

let tandem: RealTandem
let beside: Beside
let daemons: Daemon[]

async function open(more = ''): Promise<void> {
  tandem = await openRealTandem({ more })
  changeConfig((text) => text.replace(/(postgresql:[^"]*)/, `$1?application_name=${tandem.mark}`))
  beside = await openBeside(tandem.configFile)
}

function changeConfig(change: (text: string) => string): void {
  writeFileSync(tandem.configFile, change(readFileSync(tandem.configFile, 'utf8')))
}

function start(): Daemon {
  const daemon = startDaemon(tandem.configFile)
  daemons.push(daemon)
  return daemon
}

beforeEach(() => {
  daemons = []
})
afterEach(async () => {
  for (const daemon of daemons) if (daemon.isRunning()) await daemon.kill()
  await beside?.[Symbol.asyncDispose]()
  await tandem?.close()
})

/** Cuts every connection of our daemon to the shop, as a restart of PostgreSQL does. */
async function cutShop(): Promise<number> {
  const { rowCount } = await tandem.shop.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()',
    [tandem.mark],
  )
  return rowCount ?? 0
}

interface Life {
  readonly name: string
  phone: string
  email: string
}

/** People on both sides: each edits fields that the other does not touch. */
function hirePeople(random: () => number) {
  const lives: Life[] = []
  let count = 0
  const create = async (): Promise<void> => {
    const n = ++count
    const life: Life = { name: `${tandem.mark} ${n}`, phone: `p${n}`, email: `e${n}@x` }
    if (random() < 0.5) {
      const key = random() < 0.3 ? {} : { ref: `${tandem.mark}-${n}` }
      await tandem.insertPartner({ ...life, ...key })
    } else {
      const values = [`${tandem.mark}-${n}`, life.name, life.phone, life.email]
      await tandem.shop.query('INSERT INTO customers (code, full_name, phone, email) VALUES ($1, $2, $3, $4)', values)
    }
    lives.push(life)
  }
  const edit = async (life: Life): Promise<void> => {
    const n = ++count
    if (random() < 0.5) {
      const ids = await asPerson<number[]>('res.partner', 'search', { domain: [['name', '=', life.name]] })
      if (ids.length === 0) return
      await asPerson('res.partner', 'write', { ids, vals: { phone: `p${n}` } })
      life.phone = `p${n}`
    } else {
      const email = `e${n}@x`
      const update = 'UPDATE customers SET email = $1 WHERE full_name = $2'
      if ((await tandem.shop.query(update, [email, life.name])).rowCount) life.email = email
    }
  }
  return {
    lives,
    act: () => {
      const life = lives[Math.floor(random() * lives.length)]
      return life && random() < 0.6 ? edit(life) : create()
    },
  }
}

/** What is not once on each side as it was last written, with its history. */
async function wrongLives(lives: readonly Life[]): Promise<readonly unknown[]> {
  const partners = Map.groupBy(await tandem.partners(), ({ name }) => name)
  const customers = Map.groupBy(await tandem.customers(), ({ full_name }) => full_name)
  const wrong = lives.filter((life) => {
    const both = [partners.get(life.name) ?? [], customers.get(life.name) ?? []]
    return both.some((found) => found.length !== 1 || found[0]?.phone !== life.phone || found[0]?.email !== life.email)
  })
  return Promise.all(
    wrong.map(async (life) => {
      const [odoo, external] = [partners.get(life.name) ?? [], customers.get(life.name) ?? []]
      const key = String(odoo[0]?.ref)
      return { life, odoo, external, history: await beside.app.ledger.history('customers', { key, limit: 100 }) }
    }),
  )
}

async function expectInStep(daemon: Daemon): Promise<void> {
  await beside.settle(daemon, 90_000)
  expect(await beside.differences()).toEqual([])
  expect(await beside.faults()).toEqual([])
  expect(await beside.app.ledger.countChanges('customers', { state: 'dead' })).toBe(0)
}

describe.skipIf(!hasOdooDatabaseAccess)('between a real Odoo and a real PostgreSQL', () => {
  it(`${KILLS} kills and cut connections lose and double nothing (seed ${SEED})`, async () => {
    await open()
    const random = createRandom(SEED)
    const people = hirePeople(random)
    let cut = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const daemon = start()
      const endsAtMs = performance.now() + 600 + random() * 1800
      while (performance.now() < endsAtMs) {
        await people.act()
        if (random() < 0.03) cut += await cutShop()
      }
      expect(daemon.isRunning()).toBe(true)
      await daemon.kill()
    }
    const daemon = start()
    await expectInStep(daemon)
    process.stdout.write(`${KILLS} kills, ${cut} connections cut, ${people.lives.length} records\n`)
    const wrong = await wrongLives(people.lives)
    expect(wrong, JSON.stringify(wrong)).toEqual([])
    expect((await daemon.stop()).code).toBe(0)
  })

  it('a daemon whose connections to PostgreSQL are cut goes on by itself', async () => {
    await open()
    const daemon = start()
    await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A`, phone: '1' })
    await beside.settle(daemon)
    for (let round = 0; round < 3; round++) {
      expect(await cutShop()).toBeGreaterThan(0)
      await tandem.shop.query('UPDATE customers SET phone = $1', [String(round)])
      await expect
        .poll(async () => (await tandem.partners())[0]?.phone, { timeout: 30_000, interval: 200 })
        .toBe(String(round))
    }
    await expectInStep(daemon)
  })

  it('a revoked key pauses the mapping, makes no dead letters, and a restart with a key that works goes on', async () => {
    await open()
    await using key = await openRevocableKey(realEnvironment().odooUrl)
    changeConfig((text) => text.replace(/url: "http[^"]*"/, `url: "${key.url}"`))
    const daemon = start()
    await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A`, phone: '1' })
    await beside.settle(daemon)
    key.isRevoked = true
    await tandem.shop.query(`UPDATE customers SET phone = '2'`)
    await tandem.shop.query(`INSERT INTO customers (code, full_name) VALUES ($1, 'Bob')`, [`${tandem.mark}-B`])
    const pause = async () => (await beside.app.ledger.state('customers')).pause?.code
    await expect.poll(pause, { timeout: 20_000 }).toBe('unauthorized')
    expect(daemon.output()).toContain('"paused"')
    await sleep(1500)
    expect(await beside.app.ledger.countChanges('customers', { state: 'dead' })).toBe(0)

    // Started with a key that does not work yet, it waits too.
    await daemon.kill()
    const waiting = start()
    await waiting.said('error')
    expect(waiting.isRunning()).toBe(true)
    await waiting.kill()
    key.isRevoked = false
    const successor = start()
    await expectInStep(successor)
    expect(await tandem.partners()).toMatchObject([{ name: 'Ann', phone: '2' }, { name: 'Bob' }])
  })

  it.skipIf(!canRestartOdoo)('an Odoo that is killed in the middle of a page is read again', async () => {
    await open('page_size: 100')
    const values = Array.from({ length: 1500 }, (_, n) => ({
      function: tandem.mark,
      name: `c${n}`,
      ref: `${tandem.mark}-${n}`,
    }))
    await asPerson('res.partner', 'create', { vals_list: values })
    const daemon = start()
    await expect
      .poll(async () => (await tandem.customers()).length, { timeout: 30_000, interval: 10 })
      .toBeGreaterThan(0)
    expect((await tandem.customers()).length).toBeLessThan(1500)
    await restartOdoo()
    await expectInStep(daemon)
    const customers = await tandem.customers()
    expect(new Set(customers.map(({ code }) => code)).size).toBe(1500)
    expect(customers).toHaveLength(1500)
    expect(await tandem.partners()).toHaveLength(1500)
  })
})
