import { afterEach, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'
import { expectQuiet } from './expect-quiet.ts'
import { personOf } from './person.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

/** Contacts that were merged with Odoo's own wizard. */
export function describeMerge(series: OdooSeries, protocol: Protocol): void {
  describe.skipIf(!hasRealOdoo(series))(`Odoo ${series}`, () => cases(series, protocol))
}

function cases(series: OdooSeries, protocol: Protocol): void {
  const odoo = realOdoo(series)
  const person = personOf(odoo)
  let tandem: RealTandem
  afterEach(() => tandem?.close())

  /** What a person does with Odoo's own wizard: Contacts → Merge. */
  async function merge(survivor: number, ...losers: number[]): Promise<void> {
    const [wizard] = await person<number[]>('base.partner.merge.automatic.wizard', 'create', {
      vals_list: [{ state: 'selection', partner_ids: [[6, 0, [survivor, ...losers]]], dst_partner_id: survivor }],
    })
    await person('base.partner.merge.automatic.wizard', 'action_merge', { ids: [wizard] })
  }

  async function row(name: string): Promise<Record<string, unknown>> {
    return (await tandem.customers()).find(({ full_name }) => full_name === name) ?? {}
  }

  async function sweep(): Promise<void> {
    await tandem.runner().then((runner) => runner.runNow({ depth: 'deep', sweeps: true }))
    await tandem.settle()
  }

  const nameOfParent = async (name: string): Promise<unknown> => {
    const found = (await tandem.partners()).find((partner) => partner.name === name)
    return Array.isArray(found?.parent_id) ? found.parent_id[1] : found?.parent_id
  }

  describe(`contacts that were merged in a real Odoo ${series} over ${protocol}`, () => {
    it('are one: what refers to the lost one means the survivor', async () => {
      tandem = await openRealTandem({ odoo, protocol })
      const keep = await tandem.insertPartner({ name: 'Keep', ref: `${tandem.mark}-K`, is_company: true })
      const lose = await tandem.insertPartner({ name: 'Lose', ref: `${tandem.mark}-L`, is_company: true })
      await tandem.insertPartner({ name: 'Child', ref: `${tandem.mark}-C`, parent_id: lose })
      await tandem.settle()
      const { id: loserId } = await row('Lose')
      expect(await row('Child')).toMatchObject({ parent: loserId })
      await merge(keep, lose)
      await sweep()
      expect(tandem.events.filter(({ kind }) => kind === 'merged')).toMatchObject([
        { side: 'odoo', odooId: String(lose), message: `odoo ${lose} was merged into ${keep}` },
      ])
      // Put away, and not deleted; its own edits are nobody's any more.
      expect(await row('Lose')).toMatchObject({ id: loserId, archived: true })
      await tandem.shop.query(`UPDATE customers SET phone = '1' WHERE id = $1`, [loserId])
      await expectQuiet(tandem)
      expect((await tandem.partners()).map(({ name }) => name).sort()).toEqual(['Child', 'Keep'])

      await tandem.shop.query(`INSERT INTO customers (code, full_name, parent) VALUES ($1, 'New', $2)`, [
        `${tandem.mark}-N`,
        loserId,
      ])
      await tandem.settle()
      expect(await nameOfParent('New')).toBe('Keep')
      await expectQuiet(tandem)

      // Merged in turn: all of it means the last survivor.
      const last = await tandem.insertPartner({ name: 'Last', ref: `${tandem.mark}-Z`, is_company: true })
      await tandem.settle()
      await merge(last, keep)
      await sweep()
      await tandem.shop.query(`INSERT INTO customers (code, full_name, parent) VALUES ($1, 'Newer', $2)`, [
        `${tandem.mark}-M`,
        loserId,
      ])
      await tandem.settle()
      expect(await nameOfParent('Newer')).toBe('Last')
      await expectQuiet(tandem)
    })

    it('hand over their link where the survivor has none', async () => {
      tandem = await openRealTandem({ odoo, protocol })
      const lose = await tandem.insertPartner({ name: 'Lose', ref: `${tandem.mark}-L`, email: 'lose@x' })
      await tandem.insertPartner({ name: 'Other', ref: `${tandem.mark}-O` })
      await tandem.settle()
      const { id } = await row('Lose')
      const [survivor = 0] = await person<number[]>('res.partner', 'create', {
        vals_list: [{ name: 'Fresh', ref: `${tandem.mark}-F`, function: 'elsewhere' }],
      })
      await merge(survivor, lose)
      await sweep()
      expect(await tandem.customers()).toHaveLength(2)
      expect(await row('Fresh')).toMatchObject({ id, email: 'lose@x', archived: false })
      await expectQuiet(tandem)
      await tandem.shop.query(`UPDATE customers SET phone = '7' WHERE id = $1`, [id])
      await tandem.settle()
      expect(await person('res.partner', 'read', { ids: [survivor], fields: ['phone'] })).toMatchObject([
        { phone: '7' },
      ])
      await person('res.partner', 'unlink', { ids: [survivor] })
    })
  })
}
