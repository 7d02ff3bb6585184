import { describe, expect, it } from 'vitest'
import { hasOdooDatabaseAccess } from '../environment.ts'
import { asPerson } from '../person.ts'
import { type Lab, openLab } from './lab.ts'

/** An order of somebody in Odoo. */
async function quotation(lab: Lab): Promise<{ id: number; name: string }> {
  const partner = await lab.make('res.partner', { name: `${lab.mark} Ann`, ref: `${lab.mark}-A` })
  const product = await lab.make('product.product', {
    name: `${lab.mark} work`,
    type: 'service',
    invoice_policy: 'order',
    default_code: `${lab.mark}-work`,
  })
  const id = await lab.make('sale.order', {
    partner_id: partner,
    order_line: [[0, 0, { product_id: product, product_uom_qty: 2, price_unit: 50, tax_ids: [[5, 0, 0]] }]],
  })
  return { id, name: String((await lab.read('sale.order', id, 'name')).name) }
}

const called = (lab: Lab) => lab.events.flatMap(({ kind, message }) => (kind === 'step' ? [message] : []))

describe.skipIf(!hasOdooDatabaseAccess)('mappings/sale-orders.yaml', () => {
  it('moves an order on in Odoo as its status moves in the shop', async () => {
    await using lab = await openLab('customers', 'products', 'sale-orders', 'invoices', 'payments')
    const { id, name } = await quotation(lab)
    await lab.settle()
    const row = async () => (await lab.query('SELECT * FROM sale_orders WHERE number = $1', [name]))[0]
    expect(await row()).toMatchObject({
      status: 'open',
      odoo_state: 'draft',
      amount_total: '100.00',
      currency: 'USD',
      invoicing: 'no',
    })
    const [customer] = await lab.query('SELECT id FROM customers WHERE code = $1', [`${lab.mark}-A`])
    expect((await row())?.customer_id).toBe(customer?.id)
    expect(await lab.unrest()).toEqual([])

    await lab.query(`UPDATE sale_orders SET status = 'confirmed' WHERE number = $1`, [name])
    await lab.settle()
    expect(await row()).toMatchObject({ odoo_state: 'sale', invoicing: 'to invoice' })
    expect(called(lab)).toEqual(['confirm: called'])
    expect(await lab.unrest()).toEqual([])

    await lab.query(`UPDATE sale_orders SET status = 'paid', paid_on = '2026-11-21' WHERE number = $1`, [name])
    await lab.settle()
    expect(called(lab)).toEqual(['make-invoice: called', 'post-invoice: called', 'take-payment: called'])
    expect(await row()).toMatchObject({ odoo_state: 'sale', invoicing: 'invoiced' })
    const { invoice_ids } = await lab.read('sale.order', id, 'invoice_ids')
    const [invoice = 0] = invoice_ids as number[]
    const shown = async () => (await lab.query('SELECT * FROM invoices WHERE odoo_id = $1', [invoice]))[0]
    expect(await shown()).toMatchObject({
      number: expect.stringMatching(/^INV\//),
      kind: 'invoice',
      state: 'posted',
      payment: 'paid',
      customer_id: customer?.id,
      order_number: name,
      amount_total: '100.00',
      amount_due: '0.00',
    })
    expect(await lab.query('SELECT * FROM payments WHERE customer_id = $1', [customer?.id])).toMatchObject([
      { direction: 'in', state: 'paid', amount: '100.00', memo: name },
    ])
    expect(await lab.unrest()).toEqual([])
  })

  it('takes an order of the shop over with its number, and cancels it', async () => {
    await using lab = await openLab('customers', 'products', 'sale-orders')
    const [customer] = await lab.query<{ id: string }>(
      'INSERT INTO customers (code, full_name) VALUES ($1, $2) RETURNING id',
      [`${lab.mark}-B`, `${lab.mark} Bob`],
    )
    const number = `${lab.mark}-1001`
    await lab.query('INSERT INTO products (sku, name, price) VALUES ($1, $2, 12), ($3, $4, 3)', [
      `${lab.mark}-chair`,
      `${lab.mark} chair`,
      `${lab.mark}-leg`,
      `${lab.mark} leg`,
    ])
    const [own] = await lab.query<{ id: string }>(
      'INSERT INTO sale_orders (number, customer_id, reference) VALUES ($1, $2, $3) RETURNING id',
      [number, customer?.id, 'their words'],
    )
    await lab.query(
      `INSERT INTO sale_order_lines (order_id, position, sku, quantity, unit_price)
       VALUES ($1, 1, $2, 2, 10.5), ($1, 2, $3, 8, 3)`,
      [own?.id, `${lab.mark}-chair`, `${lab.mark}-leg`],
    )
    await lab.settle()
    const order = await lab.find('sale.order', ['name', '=', number])
    const lines = () =>
      asPerson<Record<string, unknown>[]>('sale.order.line', 'search_read', {
        domain: [['order_id', '=', order]],
        fields: ['product_uom_qty', 'price_unit', 'discount'],
        order: 'sequence',
      })
    const [chair, leg] = await lines()
    expect(await lines()).toMatchObject([
      { product_uom_qty: 2, price_unit: 10.5 },
      { product_uom_qty: 8, price_unit: 3 },
    ])
    const shown = () =>
      lab.query(
        'SELECT sku, quantity, discount, subtotal FROM sale_order_lines WHERE order_id = $1 ORDER BY position',
        [own?.id],
      )
    expect(await shown()).toMatchObject([{ subtotal: '21.00' }, { subtotal: '24.00' }])
    expect(await lab.unrest()).toEqual([])

    // Another line on each side, and another field of one line on each side.
    await asPerson('sale.order.line', 'write', { ids: [chair?.id], vals: { discount: 50 } })
    await lab.query('UPDATE sale_order_lines SET quantity = 4 WHERE order_id = $1 AND position = 2', [own?.id])
    await lab.settle()
    expect(await lines()).toMatchObject([
      { id: chair?.id, product_uom_qty: 2, discount: 50 },
      { id: leg?.id, product_uom_qty: 4, discount: 0 },
    ])
    expect(await shown()).toMatchObject([
      { quantity: '2.000', discount: '50.00', subtotal: '10.50' },
      { quantity: '4.000', discount: '0.00', subtotal: '12.00' },
    ])
    expect(await lab.unrest()).toEqual([])
    expect(await lab.read('sale.order', order, 'client_order_ref', 'state')).toMatchObject({
      client_order_ref: 'their words',
      state: 'draft',
    })
    await lab.query(`UPDATE sale_orders SET status = 'cancelled' WHERE number = $1`, [number])
    await lab.settle()
    expect(await lab.read('sale.order', order, 'state')).toMatchObject({ state: 'cancel' })
    expect(await lab.query('SELECT odoo_state FROM sale_orders WHERE number = $1', [number])).toEqual([
      { odoo_state: 'cancel' },
    ])
    expect(await lab.unrest()).toEqual([])
  })

  it('parks a step that Odoo refuses, and goes on with the fields', async () => {
    await using lab = await openLab('customers', 'products', 'sale-orders')
    const { id, name } = await quotation(lab)
    await lab.settle()
    await asPerson('sale.order', 'action_confirm', { ids: [id] })
    await asPerson('sale.order', 'action_lock', { ids: [id] })
    await lab.query(`UPDATE sale_orders SET status = 'cancelled' WHERE number = $1`, [name])
    await lab.settle()
    const dead = await lab.app.ledger.steps('sale-orders', { state: 'dead', limit: 9 })
    expect(dead).toMatchObject([{ step: 'cancel', fault: { message: expect.stringContaining('locked') } }])
    await asPerson('sale.order', 'write', { ids: [id], vals: { client_order_ref: 'later' } })
    await lab.settle()
    expect(await lab.query('SELECT reference FROM sale_orders WHERE number = $1', [name])).toEqual([
      { reference: 'later' },
    ])
    await asPerson('sale.order', 'action_unlock', { ids: [id] })
    await asPerson('sale.order', 'write', { ids: [id], vals: { client_order_ref: 'unlocked' } })
    await lab.settle()
    expect(await lab.read('sale.order', id, 'state')).toMatchObject({ state: 'cancel' })
    expect(await lab.unrest()).toEqual([])
  })
})
