import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import { SyncError } from '../../src/contract/error.ts'
import { runInProcess } from '../cli/in-process.ts'
import { canRestart, hasRealOdoo, PROTOCOLS_OF, realOdoo, startOdoo, stopOdoo } from './environment.ts'
import { personOf } from './person.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

/** A database that is put back, copied or another one, behind an address that stays. */
export function describeIdentity(series: OdooSeries): void {
  describe.skipIf(!hasRealOdoo(series))(`Odoo ${series}`, () => cases(series))
}

function cases(series: OdooSeries): void {
  const odoo = realOdoo(series)
  const [protocol = 'jsonrpc'] = PROTOCOLS_OF[series]
  const person = personOf(odoo)
  let tandem: RealTandem
  let server: pg.Client
  let database: string

  /** While Odoo is down: PostgreSQL copies a database only when nobody is connected to it. */
  async function whileDown(work: () => Promise<unknown>): Promise<void> {
    await stopOdoo('SIGKILL', series)
    await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE $1', [`${database}%`])
    await work()
    await startOdoo(series)
  }

  const copy = (from: string, to: string) => server.query(`CREATE DATABASE "${to}" TEMPLATE "${from}"`)
  const drop = (name: string) => server.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)

  /** Puts a copy in the place of Odoo's database, as a restored dump is. */
  async function putBack(name: string): Promise<void> {
    await drop(database)
    await copy(name, database)
  }

  async function inCopy(name: string, sql: string): Promise<void> {
    const url = new URL(odoo.postgresUrl)
    url.pathname = `/${name}`
    const client = new pg.Client({ connectionString: url.href })
    await client.connect()
    await client.query(sql)
    await client.end()
  }

  async function runFails(): Promise<SyncError> {
    const runner = await tandem.runner()
    const error: unknown = await runner.runNow().then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(SyncError)
    return error as SyncError
  }

  /** Longer than a database is trusted without a glance: nothing was asked of Odoo while it was down. */
  const waitForGlance = () => new Promise((resolve) => setTimeout(resolve, 4500))

  /** The next run, whatever the sockets of before the restart are good for, finds out before it reads anything. */
  async function expectStop(): Promise<SyncError> {
    await waitForGlance()
    let error = await runFails()
    for (let round = 0; round < 10 && error.code !== 'identity'; round++) error = await runFails()
    expect(error.code).toBe('identity')
    return error
  }

  async function cli(...args: readonly string[]): Promise<{ code: number | null; text: string }> {
    const { code, stdout, stderr } = await runInProcess(tandem.configFile, args)
    return { code, text: stdout + stderr }
  }

  const names = async () => (await tandem.partners()).map(({ name }) => name)
  const rows = async () => (await tandem.customers()).map(({ full_name, archived }) => [full_name, archived])

  describe.skipIf(!canRestart(series))(`the database behind the address of a real Odoo ${series}`, () => {
    beforeAll(async () => {
      const url = new URL(odoo.postgresUrl)
      database = url.pathname.slice(1)
      url.pathname = '/postgres'
      server = new pg.Client({ connectionString: url.href })
      await server.connect()
      await whileDown(() => copy(database, `${database}_before`))
    })
    afterEach(() => tandem?.close())
    afterAll(async () => {
      await whileDown(async () => {
        await putBack(`${database}_before`)
        for (const name of ['before', 'backup', 'after']) await drop(`${database}_${name}`)
      })
      await server.end()
    })

    it('a restored backup stops everything; accepted with the partner as the winner, what was lost comes back', async () => {
      tandem = await openRealTandem({ odoo, protocol })
      const ref = (name: string): string => `${tandem.mark}-${name}`
      const add = (name: string) => tandem.insertPartner({ name, ref: ref(name), phone: 'old' })
      const ann = await add('Ann')
      await add('Bea')
      await tandem.settle()
      await whileDown(async () => {
        await drop(`${database}_backup`)
        await copy(database, `${database}_backup`)
      })
      const cid = await add('Cid')
      await add('Dan')
      await person('res.partner', 'write', { ids: [ann], vals: { phone: 'new' } })
      await tandem.settle()
      expect(await tandem.customers()).toHaveLength(4)
      // As the daemon does every few minutes.
      tandem.app().connections.distrust('erp')
      await (await tandem.runner()).runNow()

      await whileDown(() => putBack(`${database}_backup`))
      // Odoo gives Cid's id to another.
      expect(await add('Xan')).toBe(cid)
      await tandem.shop.query(`UPDATE customers SET email = 'meanwhile@x' WHERE full_name = 'Bea'`)
      const before = await tandem.partners()
      const error = await expectStop()
      expect(error.message).toContain('an older state of it is back')
      expect(error.message).toMatch(/"wizard" only grows/)
      expect(error.message).toMatch(/was created on/)
      expect(await tandem.partners()).toEqual(before)
      expect((await rows()).every(([, archived]) => archived === false)).toBe(true)

      const look = await cli('accept', 'erp')
      expect(look.code).toBe(1)
      expect(look.text).toContain('restored backup')
      const accepted = await cli('accept', 'erp', '--as', 'restored', '--winner', 'partner')
      expect(accepted).toMatchObject({ code: 0, text: expect.stringContaining('accepted as restored, for 1 mapping') })
      await tandem.settle()
      expect((await names()).sort()).toEqual(['Ann', 'Bea', 'Cid', 'Dan', 'Xan'])
      const partners = new Map((await tandem.partners()).map((partner) => [partner.name, partner]))
      expect(partners.get('Ann')).toMatchObject({ id: ann, phone: 'new' })
      expect(partners.get('Bea')).toMatchObject({ email: 'meanwhile@x' })
      expect(partners.get('Xan')).toMatchObject({ id: cid, ref: ref('Xan') })
      expect(await tandem.customers()).toHaveLength(5)
      expect(await tandem.differences()).toEqual([])
    })

    // What comes after a person's answer is the ledger's, whatever the version.
    it.skipIf(series === '14')(
      'a restored backup accepted as the winner takes the other side back with it',
      async () => {
        tandem = await openRealTandem({ odoo, protocol })
        const add = (name: string) => tandem.insertPartner({ name, ref: `${tandem.mark}-${name}`, phone: 'old' })
        const ann = await add('Ann')
        await tandem.settle()
        await whileDown(async () => {
          await drop(`${database}_backup`)
          await copy(database, `${database}_backup`)
        })
        await add('Cid')
        await person('res.partner', 'write', { ids: [ann], vals: { phone: 'new' } })
        await tandem.settle()
        // A run later, all of it was seen once more.
        await waitForGlance()
        await (await tandem.runner()).runNow()
        await whileDown(() => putBack(`${database}_backup`))
        await expectStop()
        expect((await cli('accept', 'erp', '--as', 'restored', '--winner', 'restored')).code).toBe(0)
        await tandem.settle()
        expect(await names()).toEqual(['Ann'])
        expect(await tandem.customers()).toMatchObject([
          { full_name: 'Ann', phone: 'old', archived: false },
          { full_name: 'Cid', archived: true },
        ])
        expect(await tandem.differences()).toEqual([])
        // Cid's id is given again.
        await add('Xan')
        await tandem.settle()
        expect(await rows()).toEqual([
          ['Ann', false],
          ['Cid', true],
          ['Xan', false],
        ])
      },
    )

    it('another database, and a copy that has gone its own way, stop everything', async () => {
      tandem = await openRealTandem({ odoo, protocol })
      await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A` })
      await tandem.settle()
      await waitForGlance()
      await (await tandem.runner()).runNow()
      await whileDown(async () => {
        await drop(`${database}_backup`)
        await drop(`${database}_after`)
        await copy(database, `${database}_backup`)
        await copy(database, `${database}_after`)
        // What a database that was set up at another time shows to an ordinary user.
        for (const table of ['res_company', 'res_partner']) {
          await inCopy(`${database}_backup`, `UPDATE ${table} SET create_date = create_date - interval '1 day'`)
        }
        await putBack(`${database}_backup`)
      })
      const error = await expectStop()
      expect(error.message).toContain('another database answers')
      expect(error.message).toMatch(/its born was .* and is /)
      expect((await cli('accept', 'erp')).code).toBe(1)
      const other = await cli('accept', 'erp', '--as', 'other')
      expect(other.code).toBe(0)
      await tandem.settle()
      expect(await rows()).toEqual([['Ann', false]])
      expect(await names()).toEqual(['Ann'])
      await waitForGlance()
      await (await tandem.runner()).runNow()
      // The first one again: that is another one by now.
      await whileDown(() => putBack(`${database}_after`))
      expect((await expectStop()).message).toContain('another database answers')
      expect((await cli('accept', 'erp', '--as', 'same')).code).toBe(0)
      await tandem.settle()
      expect(await tandem.differences()).toEqual([])
    })

    it.skipIf(series === '14')(
      'a file copy that nothing has happened to since cannot be told from the original',
      async () => {
        tandem = await openRealTandem({ odoo, protocol })
        await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A` })
        await tandem.settle()
        await whileDown(async () => {
          await drop(`${database}_backup`)
          await copy(database, `${database}_backup`)
          await putBack(`${database}_backup`)
        })
        await tandem.settle().catch(() => tandem.settle())
        expect(await tandem.differences()).toEqual([])
      },
    )
  })
}
