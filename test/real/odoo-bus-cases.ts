import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import { canRestart, hasRealOdoo, realOdoo, restartOdoo } from './environment.ts'
import { HOOK_SECRET, hooks, withOdooKeys } from './hooks.ts'
import { asPerson } from './person.ts'
import { customersMapping, openRealTandem, type RealTandem } from './tandem.ts'

const SERVER = `server: { listen: off, hook_secret: ${HOOK_SECRET} }`
const NO_SCANS = 'schedule: "0 0 1 1 *"\ndeep: "0 0 1 1 *"\nsweep: never\ncompare_within: never'

/** `push: bus` on a real Odoo of that version: its websocket, or long polling before 16. */
export function busCases(series: OdooSeries): void {
  const protocol = series === '14' ? 'jsonrpc' : 'json2'
  let tandem: RealTandem
  const person = (model: string, method: string, args: Readonly<Record<string, unknown>>) =>
    asPerson(model, method, args, realOdoo(series))

  afterEach(async () => {
    await hooks(tandem.configFile, 'remove', [], realOdoo(series))
    await tandem.close()
  })

  async function open(more = NO_SCANS, password = realOdoo(series).password): Promise<void> {
    const odoo = { ...realOdoo(series), password }
    const mapping = (mark: string, schema: string) => withOdooKeys(customersMapping(mark, schema, more), 'push: bus')
    tandem = await openRealTandem({ config: SERVER, odoo, protocol, mapping })
    await hooks(tandem.configFile, 'remove', [], odoo)
    expect((await hooks(tandem.configFile, 'install', [], odoo)).parts).toMatchObject([
      { purpose: 'create and write', state: 'created' },
      { purpose: 'delete', state: 'created' },
    ])
    expect((await hooks(tandem.configFile, 'list', [], odoo)).parts).toMatchObject([
      { state: 'unchanged' },
      { state: 'unchanged' },
    ])
  }

  // A message that comes as Odoo 14 begins to wait is told with the next one, or after 50 s.
  const within = { timeout: series === '14' ? 60_000 : 15_000, interval: 50 }
  const customers = () => expect.poll(() => tandem.customers(), within)
  const position = () => tandem.app().ledger.heardPosition('customers', 'odoo')

  /** Starts listening, and waits until a first message came through. */
  async function listen(): Promise<void> {
    const runner = await tandem.runner()
    await tandem.settle()
    runner.start()
    await sleep(1000)
  }

  describe.skipIf(!hasRealOdoo(series))(`the bus of a real Odoo ${series}`, () => {
    it('brings creates, writes, archives and deletes at once, without a scan and without being called', async () => {
      await open()
      await listen()
      const ann = await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A` })
      await customers().toMatchObject([{ full_name: 'Ann', phone: null }])
      await person('res.partner', 'write', { ids: [ann], vals: { phone: '7' } })
      await customers().toMatchObject([{ phone: '7' }])
      // A record that was written in this second is looked at once more: then it is told of, and not found by chance.
      await sleep(2500)
      await person('res.partner', 'action_archive', { ids: [ann] })
      await customers().toMatchObject([{ archived: true }])
      await person('res.partner', 'action_unarchive', { ids: [ann] })
      await customers().toMatchObject([{ archived: false }])
      await person('res.partner', 'unlink', { ids: [ann] })
      await customers().toMatchObject([{ archived: true }])
      expect(Number(await position())).toBeGreaterThan(0)
      expect(tandem.events.filter(({ kind }) => kind === 'run')).toEqual([])
    })

    it('tells what was missed while nobody listened, also deletes', async () => {
      await open()
      const runner = await tandem.runner()
      const ann = await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A` })
      await tandem.settle()
      await person('res.partner', 'unlink', { ids: [ann] })
      runner.start()
      await customers().toMatchObject([{ archived: true }])
    })

    it.skipIf(!canRestart(series))('is listened to again after Odoo was restarted', async () => {
      await open('schedule: every 1s\ndeep: every 1h\nsweep: never')
      await listen()
      const ann = await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A` })
      await customers().toMatchObject([{ full_name: 'Ann' }])
      await restartOdoo('SIGKILL', series)
      await person('res.partner', 'write', { ids: [ann], vals: { phone: '7' } })
      await expect.poll(() => tandem.customers(), { timeout: 60_000, interval: 100 }).toMatchObject([{ phone: '7' }])
      const before = await position()
      await expect
        .poll(
          async () => {
            await person('res.partner', 'write', { ids: [ann], vals: { phone: String(Math.random()) } })
            return position()
          },
          { timeout: 60_000, interval: 1000 },
        )
        .not.toBe(before)
      expect(tandem.events.filter(({ kind }) => kind === 'run')).not.toEqual([])
    })

    it('is done without where it cannot be opened, and the reason is told', async () => {
      await open('schedule: every 1s\ndeep: every 1h\nsweep: never', 'not the password')
      await listen()
      await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A` })
      await customers().toMatchObject([{ full_name: 'Ann' }])
      const told = () => tandem.events.filter(({ kind }) => kind === 'run').map(({ message }) => message)
      await expect.poll(told, within).toEqual([expect.stringContaining('Odoo opens no session for the user tandem')])
      expect(told().join()).not.toContain('not the password')
    })
  })
}
