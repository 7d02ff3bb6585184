import { describe, expect, it } from 'vitest'
import { hasOdooDatabaseAccess } from '../environment.ts'
import { asPerson } from '../person.ts'
import { openLab } from './lab.ts'

describe.skipIf(!hasOdooDatabaseAccess)('mappings/purchase-orders.yaml', () => {
  it('confirms an order and validates its receipt, in part', async () => {
    await using lab = await openLab('customers', 'products', 'purchase-orders')
    const vendor = await lab.make('res.partner', { name: `${lab.mark} Vendor`, ref: `${lab.mark}-V` })
    const product = await lab.make('product.product', {
      name: `${lab.mark} desk`,
      type: 'consu',
      is_storable: true,
      default_code: `${lab.mark}-desk`,
    })
    const id = await lab.make('purchase.order', {
      partner_id: vendor,
      order_line: [[0, 0, { product_id: product, product_qty: 5, price_unit: 6, tax_ids: [[5, 0, 0]] }]],
    })
    const { name } = await lab.read('purchase.order', id, 'name')
    await lab.settle()
    const row = async () => (await lab.query('SELECT * FROM purchase_orders WHERE number = $1', [name]))[0]
    expect(await row()).toMatchObject({ odoo_state: 'draft', amount_total: '30.00', currency: 'USD' })

    await lab.query(`UPDATE purchase_orders SET status = 'approved' WHERE number = $1`, [name])
    await lab.settle()
    expect(await row()).toMatchObject({ odoo_state: 'purchase', receipt: 'pending' })
    expect(await lab.unrest()).toEqual([])

    const picking = await lab.find('stock.picking', ['purchase_id', '=', id])
    const { move_ids } = await lab.read('stock.picking', picking, 'move_ids')
    await asPerson('stock.move', 'write', { ids: move_ids, vals: { quantity: 3 } })
    await lab.query(`UPDATE purchase_orders SET status = 'received' WHERE number = $1`, [name])
    await lab.settle()
    expect(await lab.read('stock.picking', picking, 'state')).toMatchObject({ state: 'done' })
    expect(
      await lab.query('SELECT l.sku, quantity, received FROM purchase_order_lines l WHERE order_id = $1', [
        (await row())?.id,
      ]),
    ).toEqual([{ sku: `${lab.mark}-desk`, quantity: '5.000', received: '3.000' }])
    expect(await lab.unrest()).toEqual([])
  })

  it('takes an order of the other system over, and cancels it', async () => {
    await using lab = await openLab('customers', 'products', 'purchase-orders')
    const [vendor] = await lab.query<{ id: string }>(
      'INSERT INTO customers (code, full_name, is_company) VALUES ($1, $2, true) RETURNING id',
      [`${lab.mark}-V`, `${lab.mark} Vendor`],
    )
    const number = `${lab.mark}-1`
    const [product] = await lab.query<{ sku: string }>('INSERT INTO products (name) VALUES ($1) RETURNING sku', [
      `${lab.mark} lamp`,
    ])
    const [own] = await lab.query<{ id: string }>(
      'INSERT INTO purchase_orders (number, vendor_id) VALUES ($1, $2) RETURNING id',
      [number, vendor?.id],
    )
    await lab.query('INSERT INTO purchase_order_lines (order_id, sku, quantity, unit_price) VALUES ($1, $2, 3, 7.25)', [
      own?.id,
      product?.sku,
    ])
    await lab.settle()
    const order = await lab.find('purchase.order', ['name', '=', number])
    const line = await lab.find('purchase.order.line', ['order_id', '=', order])
    expect(await lab.read('purchase.order.line', line, 'product_qty', 'price_unit')).toMatchObject({
      product_qty: 3,
      price_unit: 7.25,
    })
    expect(await lab.read('purchase.order', order, 'state')).toMatchObject({ state: 'draft' })
    await lab.query(`UPDATE purchase_orders SET status = 'cancelled' WHERE number = $1`, [number])
    await lab.settle()
    expect(await lab.query('SELECT odoo_state FROM purchase_orders WHERE number = $1', [number])).toEqual([
      { odoo_state: 'cancel' },
    ])
    expect(await lab.unrest()).toEqual([])
  })
})
