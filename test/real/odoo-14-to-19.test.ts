import { describe, expect, it } from 'vitest'
import { hasRealOdoo, type RealOdoo, realOdoo } from './environment.ts'
import { edit, make, openTwoOdoos, type Row, rows } from './two-odoos.ts'

const isPossible = hasRealOdoo('19') && hasRealOdoo('14')

describe.skipIf(!isPossible)('Odoo 19 over JSON-2 and an Odoo 14', () => {
  const erp = realOdoo('19')
  const other = realOdoo('14')

  const one = async (
    odoo: RealOdoo,
    model: string,
    field: string,
    value: string,
    ...fields: string[]
  ): Promise<Row> => {
    const found = await rows(odoo, model, [[field, '=', value]], ...fields)
    expect(found, `${model} ${value} in Odoo ${odoo.series}`).toHaveLength(1)
    return found[0] ?? { id: 0 }
  }
  const countryId = async (odoo: RealOdoo, code: string): Promise<number> =>
    (await one(odoo, 'res.country', 'code', code)).id

  it('brings companies, contacts, products and orders across, both ways, and then rests: over JSON-RPC', async () => {
    await using two = await openTwoOdoos(erp, other, { erp: 'json2', other: 'jsonrpc' })
    const { mark } = two
    // A company with a contact in the old one, a company in the new one, and one that both have.
    const company = await make(other, 'res.partner', {
      name: `${mark} Old company`,
      ref: `${mark}-C`,
      is_company: true,
      street: 'Rue du Bac 1',
      city: 'Paris',
      country_id: await countryId(other, 'FR'),
    })
    await make(other, 'res.partner', { name: `${mark} Ann`, parent_id: company, email: 'ann@x.example' })
    await make(erp, 'res.partner', {
      name: `${mark} New company`,
      is_company: true,
      country_id: await countryId(erp, 'BE'),
    })
    await make(erp, 'res.partner', { name: `${mark} Both`, ref: `${mark}-B`, phone: '1' })
    await make(other, 'res.partner', { name: `${mark} Both`, ref: `${mark}-B`, email: 'both@x.example' })
    const desk = await make(other, 'product.product', { name: 'Desk', default_code: `${mark}-desk`, list_price: 120.5 })
    await make(erp, 'product.product', {
      name: 'Hours',
      default_code: `${mark}-hours`,
      type: 'service',
      list_price: 80,
    })
    await make(other, 'sale.order', {
      partner_id: company,
      client_order_ref: `${mark}-O1`,
      order_line: [
        [0, 0, { product_id: desk, product_uom_qty: 3, price_unit: 110 }],
        [0, 0, { product_id: desk, product_uom_qty: 1, price_unit: 0 }],
      ],
    })
    await two.settle()

    const there = await one(erp, 'res.partner', 'ref', `${mark}-C`, 'name', 'is_company', 'city', 'country_id')
    expect(there).toMatchObject({ is_company: true, city: 'Paris', country_id: [await countryId(erp, 'FR'), 'France'] })
    const ann = await one(erp, 'res.partner', 'name', `${mark} Ann`, 'parent_id', 'email', 'ref')
    expect(ann).toMatchObject({
      parent_id: [there.id, expect.any(String)],
      email: 'ann@x.example',
      ref: expect.stringMatching(/^external-/),
    })
    const made = await one(other, 'res.partner', 'name', `${mark} New company`, 'country_id', 'ref')
    expect(made).toMatchObject({
      country_id: [await countryId(other, 'BE'), 'Belgium'],
      ref: expect.stringMatching(/^odoo-/),
    })
    for (const odoo of [erp, other]) {
      const both = await one(odoo, 'res.partner', 'ref', `${mark}-B`, 'phone', 'email')
      expect(both).toMatchObject({ phone: '1', email: 'both@x.example' })
    }
    expect(await one(other, 'product.product', 'default_code', `${mark}-hours`, 'list_price')).toMatchObject({
      list_price: 80,
    })
    const order = await one(erp, 'sale.order', 'client_order_ref', `${mark}-O1`, 'partner_id', 'amount_untaxed')
    expect(order).toMatchObject({ partner_id: [there.id, expect.any(String)], amount_untaxed: 330 })
    expect(await two.unrest()).toEqual([])
  })

  it('merges what both changed, keeps the newer of what clashes, and echoes nothing: over XML-RPC', async () => {
    await using two = await openTwoOdoos(erp, other, { erp: 'json2', other: 'xmlrpc' })
    const { mark } = two
    const here = await make(erp, 'res.partner', { name: `${mark} Ann`, ref: `${mark}-A`, city: 'Ghent' })
    const chair = await make(erp, 'product.product', { name: 'Chair', default_code: `${mark}-chair`, list_price: 50 })
    const table = await make(erp, 'product.product', { name: 'Table', default_code: `${mark}-table`, list_price: 90 })
    const order = await make(erp, 'sale.order', {
      partner_id: here,
      client_order_ref: `${mark}-O`,
      order_line: [
        [0, 0, { product_id: chair, product_uom_qty: 2, price_unit: 50 }],
        [0, 0, { product_id: table, product_uom_qty: 1, price_unit: 90 }],
      ],
    })
    await two.settle()
    const there = await one(other, 'res.partner', 'ref', `${mark}-A`, 'city')
    const copy = await one(other, 'sale.order', 'client_order_ref', `${mark}-O`, 'order_line')
    expect(await two.unrest()).toEqual([])

    await edit(erp, 'res.partner', here, { phone: '+32 1', street: 'old' })
    await two.app.clock.sleep(2100, new AbortController().signal)
    await edit(other, 'res.partner', there.id, { email: 'ann@x.example', street: 'newer' })
    const linesHere = await rows(erp, 'sale.order.line', [['order_id', '=', order]], 'product_id')
    const linesThere = await rows(other, 'sale.order.line', [['order_id', '=', copy.id]], 'product_id')
    await edit(erp, 'sale.order', order, { order_line: [[1, linesHere[0]?.id, { product_uom_qty: 5 }]], origin: 'web' })
    await edit(other, 'sale.order', copy.id, { order_line: [[1, linesThere[1]?.id, { price_unit: 80 }]] })
    await two.settle()
    for (const odoo of [erp, other]) {
      const partner = await one(odoo, 'res.partner', 'ref', `${mark}-A`, 'phone', 'email', 'street')
      expect(partner).toMatchObject({ phone: '+32 1', email: 'ann@x.example', street: 'newer' })
      const found = await one(odoo, 'sale.order', 'client_order_ref', `${mark}-O`, 'origin', 'order_line')
      const lines = await rows(odoo, 'sale.order.line', [['order_id', '=', found.id]], 'product_uom_qty', 'price_unit')
      expect(lines.map((line) => [line.product_uom_qty, line.price_unit])).toEqual([
        [5, 50],
        [1, 80],
      ])
      expect(found.origin).toBe('web')
    }
    expect(await two.unrest()).toEqual([])

    await edit(other, 'res.partner', there.id, { active: false })
    await edit(other, 'sale.order', copy.id, { order_line: [[2, linesThere[0]?.id, 0]] })
    await two.settle()
    expect(await one(erp, 'res.partner', 'ref', `${mark}-A`, 'active')).toMatchObject({ active: false })
    expect(await rows(erp, 'sale.order.line', [['order_id', '=', order]])).toHaveLength(1)
    expect(await two.unrest()).toEqual([])
  })
})
