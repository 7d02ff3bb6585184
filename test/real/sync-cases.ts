import { afterEach, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'
import { expectQuiet } from './expect-quiet.ts'
import { asPerson } from './person.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

/** Both ways between a real Odoo and a real PostgreSQL. */
export function describeSync(series: OdooSeries, protocol: Protocol): void {
  describe.skipIf(!hasRealOdoo(series))(`Odoo ${series} over ${protocol} and a real PostgreSQL`, () =>
    syncCases(series, protocol),
  )
}

function syncCases(series: OdooSeries, protocol: Protocol): void {
  const odoo = realOdoo(series)
  // Odoo 14 keeps notes as plain text.
  const note = (text: string) => (series === '14' ? text : `<p>${text}</p>`)
  let tandem: RealTandem
  afterEach(() => tandem?.close())

  it('are brought in step both ways, and then left alone', async () => {
    tandem = await openRealTandem({ odoo, protocol })
    const ann = await tandem.insertPartner({ name: ' Ann ', ref: `${tandem.mark}-A`, comment: 'hello', email: 'ann@x' })
    await tandem.shop.query(
      `INSERT INTO customers (code, full_name, phone, country, notes) VALUES ($1, 'Bob', '+32 2 555', 'BE', 'plain')`,
      [`${tandem.mark}-B`],
    )
    await tandem.settle()
    const rows = await tandem.customers()
    expect(rows).toHaveLength(2)
    expect(rows[1]).toMatchObject({ code: `${tandem.mark}-A`, notes: note('hello'), email: 'ann@x' })
    const partners = await tandem.partners()
    expect(partners).toHaveLength(2)
    expect(partners[1]).toMatchObject({
      name: 'Bob',
      ref: `${tandem.mark}-B`,
      phone: '+32 2 555',
      comment: note('plain'),
    })
    expect(partners[1]).toMatchObject({ country_id: [expect.any(Number), 'Belgium'] })
    await expectQuiet(tandem)

    await asPerson('res.partner', 'write', { ids: [ann], vals: { phone: '1' } }, odoo)
    await tandem.shop.query(`UPDATE customers SET email = 'new@x' WHERE code = $1`, [`${tandem.mark}-A`])
    await tandem.settle()
    expect((await tandem.customers())[1]).toMatchObject({ phone: '1', email: 'new@x' })
    expect((await tandem.partners())[0]).toMatchObject({ phone: '1', email: 'new@x' })
    await expectQuiet(tandem)
  })

  it('adopt what both have, by key', async () => {
    tandem = await openRealTandem({ odoo, protocol })
    await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A`, phone: '1' })
    await tandem.shop.query(`INSERT INTO customers (code, full_name, email) VALUES ($1, 'Ann', 'a@x')`, [
      `${tandem.mark}-A`,
    ])
    await tandem.settle()
    expect(await tandem.customers()).toMatchObject([{ phone: '1', email: 'a@x' }])
    expect(await tandem.partners()).toMatchObject([{ phone: '1', email: 'a@x' }])
    await expectQuiet(tandem)
  })

  it('leave a key that two records carry to a person, and go on when one of them is deleted', async () => {
    tandem = await openRealTandem({ odoo, protocol })
    const ref = `${tandem.mark}-A`
    await tandem.insertPartner({ name: 'Ann', ref })
    const rival = await tandem.insertPartner({ name: 'Ann again', ref })
    await tandem.shop.query(`INSERT INTO customers (code, full_name, email) VALUES ($1, 'Ann', 'a@x')`, [ref])
    await tandem.settle()
    expect(await tandem.app().ledger.countChanges('customers', { state: 'conflict' })).toBe(3)
    expect(await tandem.partners()).toHaveLength(2)
    expect(await tandem.customers()).toHaveLength(1)

    await asPerson('res.partner', 'unlink', { ids: [rival] }, odoo)
    await tandem.settle()
    expect(await tandem.app().ledger.countChanges('customers', { state: 'conflict' })).toBe(0)
    expect(await tandem.partners()).toMatchObject([{ name: 'Ann', ref, email: 'a@x' }])
    expect(await tandem.customers()).toMatchObject([{ code: ref, full_name: 'Ann', email: 'a@x' }])
    await expectQuiet(tandem)
  })

  it('carry parents before their children, and archives and deletes across', async () => {
    tandem = await openRealTandem({ odoo, protocol })
    const { rows } = await tandem.shop.query<{ id: string }>(
      `INSERT INTO customers (code, full_name) VALUES ('${tandem.mark}-c', 'child'), ('${tandem.mark}-p', 'parent') RETURNING id`,
    )
    await tandem.shop.query('UPDATE customers SET parent = $1 WHERE id = $2', [rows[1]?.id, rows[0]?.id])
    await tandem.settle()
    const partners = await tandem.partners()
    const parent = partners.find(({ name }) => name === 'parent')
    const child = partners.find(({ name }) => name === 'child')
    expect(child).toMatchObject({ parent_id: [parent?.id, expect.any(String)] })
    await expectQuiet(tandem)

    await tandem.shop.query(`DELETE FROM customers WHERE code = '${tandem.mark}-c'`)
    await tandem.settle()
    expect((await tandem.partners()).find(({ name }) => name === 'child')).toMatchObject({ active: false })
    await asPerson('res.partner', 'write', { ids: [parent?.id], vals: { active: false } }, odoo)
    await tandem.settle()
    expect(await tandem.customers()).toMatchObject([{ full_name: 'parent', archived: true }])
    await expectQuiet(tandem)
  })

  it('show an edit of either side on the other within seconds', async () => {
    tandem = await openRealTandem({ odoo, protocol })
    const runner = await tandem.runner()
    runner.start()
    const id = await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A` })
    await expect.poll(() => tandem.customers(), { timeout: 10_000, interval: 50 }).toMatchObject([{ full_name: 'Ann' }])
    await tandem.shop.query(`UPDATE customers SET phone = '7'`)
    await expect.poll(() => tandem.partners(), { timeout: 10_000, interval: 50 }).toMatchObject([{ id, phone: '7' }])
    await asPerson('res.partner', 'write', { ids: [id], vals: { phone: '8' } }, odoo)
    await expect.poll(() => tandem.customers(), { timeout: 10_000, interval: 50 }).toMatchObject([{ phone: '8' }])
  })
}
