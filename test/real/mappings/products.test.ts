import { describe, expect, it } from 'vitest'
import { hasOdooDatabaseAccess } from '../environment.ts'
import { asPerson } from '../person.ts'
import { openLab } from './lab.ts'

describe.skipIf(!hasOdooDatabaseAccess)('mappings/products.yaml', () => {
  it('brings products, their variants and prices in step both ways', async () => {
    await using lab = await openLab('products')
    const { mark } = lab
    const chair = await lab.make('product.product', {
      name: `${mark} chair`,
      default_code: `${mark}-C`,
      barcode: `${mark}-77`,
      lst_price: 99.5,
      standard_price: 40,
      is_storable: true,
    })
    const size = await lab.make('product.attribute', {
      name: `${mark} size`,
      value_ids: [
        [0, 0, { name: 'S' }],
        [0, 0, { name: 'L', default_extra_price: 5 }],
      ],
    })
    const { value_ids } = await lab.read('product.attribute', size, 'value_ids')
    const shirt = await lab.make('product.template', {
      name: `${mark} shirt`,
      list_price: 20,
      attribute_line_ids: [[0, 0, { attribute_id: size, value_ids: [[6, 0, value_ids]] }]],
    })
    await lab.query('INSERT INTO products (sku, name, price, cost, weight) VALUES ($1, $2, 12.5, 3, 0.25)', [
      `${mark}-P`,
      `${mark} pen`,
    ])
    await lab.settle()

    const rows = await lab.query('SELECT * FROM products WHERE name LIKE $1 ORDER BY name, price', [`${mark}%`])
    expect(rows).toMatchObject([
      {
        sku: `${mark}-C`,
        price: '99.50',
        cost: '40.00',
        stocked: true,
        kind: 'goods',
        label: `[${mark}-C] ${mark} chair (${mark}-77)`,
      },
      { sku: `${mark}-P`, price: '12.50', unit: 'Units' },
      { price: '20.00', template_id: String(shirt) },
      { price: '25.00', template_id: String(shirt) },
    ])
    expect(rows[2]?.sku).toMatch(/^V-\d+$/)
    const pen = await lab.find('product.product', ['default_code', '=', `${mark}-P`])
    expect(
      await lab.read('product.product', pen, 'name', 'lst_price', 'standard_price', 'weight', 'type'),
    ).toMatchObject({
      name: `${mark} pen`,
      lst_price: 12.5,
      standard_price: 3,
      weight: 0.25,
      type: 'consu',
    })
    expect(await lab.unrest()).toEqual([])

    await asPerson('product.product', 'write', { ids: [pen], vals: { lst_price: 13 } })
    await lab.query('UPDATE products SET price = 101, barcode = $2 WHERE sku = $1', [`${mark}-C`, `${mark}-78`])
    await lab.settle()
    expect(await lab.query('SELECT price FROM products WHERE sku = $1', [`${mark}-P`])).toEqual([{ price: '13.00' }])
    expect(await lab.read('product.product', chair, 'lst_price', 'barcode')).toMatchObject({
      lst_price: 101,
      barcode: `${mark}-78`,
    })
    expect(await lab.query('SELECT label FROM products WHERE sku = $1', [`${mark}-C`])).toEqual([
      { label: `[${mark}-C] ${mark} chair (${mark}-78)` },
    ])
    // The shop's label is Odoo's: what somebody writes there is put back.
    await lab.query(`UPDATE products SET label = 'mine' WHERE sku = $1`, [`${mark}-C`])
    await lab.settle()
    expect(await lab.query('SELECT label FROM products WHERE sku = $1', [`${mark}-C`])).toEqual([
      { label: `[${mark}-C] ${mark} chair (${mark}-78)` },
    ])
    expect(await lab.unrest()).toEqual([])
  })

  it('counts a first stock once, where Odoo has none of a product in a place', async () => {
    await using lab = await openLab('products')
    const sku = (n: number): string => `${lab.mark}-F${n}`
    await lab.query(
      `INSERT INTO products (sku, name, opening_stock, opening_place)
       VALUES ($1, $2, 7.5, DEFAULT), ($3, $4, 3, 'WH/Nowhere'), ($5, $6, NULL, DEFAULT)`,
      [1, 2, 3].flatMap((n) => [sku(n), `${lab.mark} ${n}`]),
    )
    await lab.settle()
    const stockOf = async (n: number) => {
      const product = await lab.find('product.product', ['default_code', '=', sku(n)])
      const domain = [
        ['product_id', '=', product],
        ['location_id.usage', '=', 'internal'],
      ]
      const fields = ['quantity', 'inventory_quantity_set']
      return asPerson<Record<string, unknown>[]>('stock.quant', 'search_read', { domain, fields })
    }
    expect(await stockOf(1)).toMatchObject([{ quantity: 7.5, inventory_quantity_set: false }])
    expect([await stockOf(2), await stockOf(3)]).toEqual([[], []])
    const dead = await lab.app.ledger.steps('products', { state: 'dead', limit: 9 })
    expect(dead).toMatchObject([
      { step: 'first-stock', fault: { message: 'No stock.location has "WH/Nowhere" as its complete_name.' } },
    ])
    await lab.query(`UPDATE products SET opening_place = 'WH/Stock' WHERE sku = $1`, [sku(2)])
    await lab.settle()
    expect(await stockOf(2)).toMatchObject([{ quantity: 3 }])
    expect(await lab.unrest()).toEqual([])

    // What is there by now is not counted again, whatever becomes of the row or of the stock.
    await lab.query('UPDATE products SET opening_stock = 99, price = 4 WHERE sku = $1', [sku(1)])
    const count = { model: 'stock.quant', domain: [['product_id.default_code', '=', sku(1)]] }
    const quant = await lab.find(count.model, ...count.domain, ['location_id.usage', '=', 'internal'])
    await asPerson('stock.quant', 'write', { ids: [quant], vals: { inventory_quantity: 2 } })
    await asPerson('stock.quant', 'action_apply_inventory', { ids: [quant] })
    await lab.settle()
    expect(await stockOf(1)).toMatchObject([{ quantity: 2 }])
    expect(await lab.unrest()).toEqual([])
  })
})
