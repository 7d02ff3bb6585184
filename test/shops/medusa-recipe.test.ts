import { beforeAll, expect, test, vi } from 'vitest'
import { asPerson } from '../real/person.ts'
import { cook, expectDone, expectInStep } from './kitchen.ts'
import { type MedusaAdmin, medusaAdmin } from './medusa-admin.ts'

const { MEDUSA_HOOK_PORT: hookPort = '', MEDUSA_LOCATION: location = '' } = process.env
const within = { timeout: 20_000, interval: 100 }

let medusa: MedusaAdmin
beforeAll(async () => {
  medusa = await medusaAdmin()
})

const inOdoo = (model: string, key: string, value: string, fields: string[]) =>
  asPerson<Record<string, unknown>[]>(model, 'search_read', { domain: [[key, '=', value]], fields })
const price = async (id: string, currency: string) =>
  (await medusa.variant(id)).prices.find(({ currency_code: code }) => code === currency)?.amount

/** A product with two variants in two currencies. */
async function makeProduct(sku: string): Promise<readonly string[]> {
  const { product } = await medusa.post<{ product: { variants: { id: string; sku: string }[] } }>('/admin/products', {
    title: `Chair ${sku}`,
    status: 'published',
    options: [{ title: 'Colour', values: ['red', 'blue'] }],
    variants: ['red', 'blue'].map((colour) => ({
      title: colour,
      sku: `${sku}-${colour}`,
      options: { Colour: colour },
      prices: [
        { currency_code: 'eur', amount: 10.5 },
        { currency_code: 'usd', amount: 12 },
      ],
    })),
  })
  for (const { sku: one } of product.variants) {
    const level = { location_id: location, stocked_quantity: 100 }
    await medusa.post(`/admin/inventory-items/${await medusa.inventoryItem(one)}/location-levels`, level)
  }
  return ['red', 'blue'].map((colour) => product.variants.find((one) => one.sku === `${sku}-${colour}`)?.id ?? '')
}

test('customers, both ways', async () => {
  using kitchen = cook('medusa')
  await expectDone(kitchen.tandem('check'))
  const email = `m${Date.now()}@x.example`
  const [id] = await asPerson<number[]>('res.partner', 'create', { vals_list: [{ name: 'Cleo Ltd', email }] })
  const { customer } = await medusa.post<{ customer: { id: string } }>('/admin/customers', {
    email: `s${email}`,
    company_name: 'Dora Ltd',
  })
  await expectInStep(kitchen, 'customers')
  expect(await inOdoo('res.partner', 'email', `s${email}`, ['name'])).toMatchObject([{ name: 'Dora Ltd' }])
  await asPerson('res.partner', 'write', { ids: [id], vals: { name: 'Cleo & Co', phone: '+41 44 111 22 33' } })
  await medusa.post(`/admin/customers/${customer.id}`, { phone: '+41 44 444 55 66' })
  await expectInStep(kitchen, 'customers')
  expect(await inOdoo('res.partner', 'email', `s${email}`, ['phone'])).toMatchObject([{ phone: '+41 44 444 55 66' }])
  expect(await medusa.customers(email)).toMatchObject([
    { metadata: { odoo_name: 'Cleo & Co' }, phone: '+41 44 111 22 33' },
  ])
})

test('products: variants with prices, both ways', async () => {
  using kitchen = cook('medusa')
  const sku = `V-${Date.now()}`
  const [red = '', blue = ''] = await makeProduct(sku)
  await asPerson('product.product', 'create', {
    vals_list: [{ name: `Lamp ${sku}`, default_code: `O-${sku}`, lst_price: 30 }],
  })
  await expectInStep(kitchen, 'products')
  const ofRed = () => inOdoo('product.product', 'default_code', `${sku}-red`, ['name', 'lst_price'])
  expect(await ofRed()).toMatchObject([{ name: `Chair ${sku}`, lst_price: 10.5 }])
  expect(await medusa.variantsBySku(`O-${sku}`)).toMatchObject([{ prices: [{ currency_code: 'eur', amount: 30 }] }])

  // A new price moves the update time of the variant only, and other currencies stay.
  const before = await medusa.variant(red)
  await medusa.post(`/admin/products/${before.product_id}/variants/${red}`, {
    prices: [
      { currency_code: 'eur', amount: 11 },
      { currency_code: 'usd', amount: 13 },
    ],
  })
  const after = await medusa.variant(red)
  expect(after.product.updated_at).toBe(before.product.updated_at)
  expect(after.updated_at > before.updated_at).toBe(true)
  const [ofBlue] = await asPerson<number[]>('product.product', 'search', {
    domain: [['default_code', '=', `${sku}-blue`]],
  })
  await asPerson('product.product', 'write', { ids: [ofBlue], vals: { lst_price: 9.25 } })
  await expectInStep(kitchen, 'products')
  expect(await ofRed()).toMatchObject([{ lst_price: 11 }])
  expect([await price(red, 'usd'), await price(blue, 'eur'), await price(blue, 'usd')]).toEqual([13, 9.25, 12])
})

test('orders become sale orders, and the stock goes back', async () => {
  using kitchen = cook('medusa')
  const sku = `T-${Date.now()}`
  const [red = '', blue = ''] = await makeProduct(sku)
  const order = await medusa.order(`${sku}@x.example`, [
    { variant_id: red, quantity: 2 },
    { variant_id: blue, quantity: 1, unit_price: 8 },
  ])
  await expectInStep(kitchen, 'customers', 'products', 'orders')
  const ofOrder = () => inOdoo('sale.order', 'client_order_ref', order, ['state', 'partner_id', 'origin', 'order_line'])
  const [sale] = await ofOrder()
  expect(sale).toMatchObject({ state: 'sale', partner_id: [expect.any(Number), expect.any(String)] })
  const lines = await asPerson('sale.order.line', 'search_read', {
    domain: [['order_id.client_order_ref', '=', order]],
    fields: ['product_id', 'product_uom_qty', 'price_unit'],
    // Medusa tells of an order's items in no order.
    order: 'price_unit desc',
  })
  expect(lines).toMatchObject([
    { product_id: [expect.any(Number), expect.stringContaining(`${sku}-red`)], product_uom_qty: 2, price_unit: 10.5 },
    { product_id: [expect.any(Number), expect.stringContaining(`${sku}-blue`)], product_uom_qty: 1, price_unit: 8 },
  ])
  await medusa.post(`/admin/orders/${order}/cancel`, {})
  await expectInStep(kitchen, 'orders')
  expect(await ofOrder()).toMatchObject([{ state: 'cancel' }])

  const stock = () => Promise.all(['red', 'blue'].map((colour) => medusa.stock(`${sku}-${colour}`)))
  await countInOdoo(`${sku}-red`, 17)
  await expectInStep(kitchen, 'stock')
  expect(await stock()).toEqual([17, 100])
  await countInOdoo(`${sku}-red`, 12)
  await expectDone(kitchen.tandem('resync', 'stock', '--from', 'odoo'))
  await expectInStep(kitchen, 'stock')
  expect(await stock()).toEqual([12, 100])
})

/** As someone who counts what lies there. */
async function countInOdoo(sku: string, quantity: number): Promise<void> {
  const [product] = await asPerson<number[]>('product.product', 'search', { domain: [['default_code', '=', sku]] })
  await asPerson('product.product', 'write', { ids: [product], vals: { is_storable: true } })
  const [place] = await asPerson<number[]>('stock.location', 'search', {
    domain: [['usage', '=', 'internal']],
    limit: 1,
  })
  const ids = await asPerson<number[]>('stock.quant', 'create', {
    vals_list: [{ product_id: product, location_id: place, inventory_quantity: quantity }],
    context: { inventory_mode: true },
  })
  await asPerson('stock.quant', 'action_apply_inventory', { ids })
}

test('the subscriber tells of changes at once', async () => {
  using kitchen = cook('medusa')
  await expectDone(kitchen.tandem('sync'))
  await using _daemon = await kitchen.run(hookPort)
  const sku = `H-${Date.now()}`
  const [red = '', blue = ''] = await makeProduct(sku)
  const ofBlue = () => inOdoo('product.product', 'default_code', `${sku}-blue`, ['name', 'lst_price'])
  await vi.waitFor(async () => expect(await ofBlue()).toMatchObject([{ lst_price: 10.5 }]), within)
  const { product_id: id } = await medusa.variant(blue)
  await medusa.post(`/admin/products/${id}/variants/${blue}`, { prices: [{ currency_code: 'eur', amount: 7 }] })
  await vi.waitFor(async () => expect(await ofBlue()).toMatchObject([{ lst_price: 7 }]), within)
  await medusa.post(`/admin/products/${id}`, { title: `Stool ${sku}` })
  await vi.waitFor(async () => expect(await ofBlue()).toMatchObject([{ name: `Stool ${sku}` }]), within)

  const order = await medusa.order(`${sku}@x.example`, [{ variant_id: red, quantity: 1 }])
  const ofOrder = () => inOdoo('sale.order', 'client_order_ref', order, ['state'])
  await vi.waitFor(async () => expect(await ofOrder()).toMatchObject([{ state: 'sale' }]), within)
  await medusa.post(`/admin/orders/${order}/cancel`, {})
  await vi.waitFor(async () => expect(await ofOrder()).toMatchObject([{ state: 'cancel' }]), within)
})
