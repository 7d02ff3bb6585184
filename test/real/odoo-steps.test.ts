/** What Odoo 19's business methods do, called as Tandem's user: the facts that steps are built on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Fields, Value } from '../../src/contract/value.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'
import { asPerson } from './person.ts'
import { openStepLab, type StepLab } from './step-lab.ts'

const signal = new AbortController().signal
const mark = `st-${Date.now().toString(36)}`

interface Trade {
  readonly partner: number
  readonly product: number
}

let lab: StepLab
let trade: Trade
const callerOf = (model: string) => lab.callerOf(model)
const call = (model: string, id: number, how: Value) => lab.call(model, id, how)
const make = (model: string, values: Fields) => lab.make(model, values)
const read = (model: string, id: number, ...fields: readonly string[]) => lab.read(model, id, ...fields)

const quotation = (quantity = 3) =>
  make('sale.order', {
    partner_id: trade.partner,
    order_line: [
      [0, 0, { product_id: trade.product, product_uom_qty: quantity, price_unit: 10, tax_ids: [[5, 0, 0]] }],
    ],
  })

const refused = (message: RegExp) => ({ code: 'invalid', message: expect.stringMatching(message) })

const INVOICE = { wizard: 'sale.advance.payment.inv', values: { advance_payment_method: 'delivered' } }
const MAKE_INVOICE = { ...INVOICE, method: 'create_invoices' }

describe.skipIf(!hasRealOdoo('19'))('business methods of a real Odoo 19', () => {
  beforeAll(async () => {
    lab = openStepLab(realOdoo('19'), 'json2')
    const partner = await make('res.partner', { name: `${mark} partner` })
    const product = await make('product.product', {
      name: `${mark} chair`,
      default_code: mark,
      type: 'consu',
      is_storable: true,
      invoice_policy: 'order',
    })
    trade = { partner, product }
  })
  afterAll(() => lab?.[Symbol.asyncDispose]())

  describe('sales', () => {
    it('action_confirm confirms once, answers true, and refuses a second time', async () => {
      const order = await quotation()
      expect(await call('sale.order', order, { method: 'action_confirm' })).toBe(true)
      expect(await read('sale.order', order, 'state')).toMatchObject({ state: 'sale' })
      await expect(call('sale.order', order, { method: 'action_confirm' })).rejects.toMatchObject(
        refused(/not in a state requiring confirmation/),
      )
    })

    it('a state that is only written is a state without deliveries: confirm by the method', async () => {
      const order = await quotation()
      await call('sale.order', order, { method: 'write', args: { vals: { state: 'sale' } } })
      expect(await read('sale.order', order, 'state', 'picking_ids')).toMatchObject({ state: 'sale', picking_ids: [] })
    })

    it('action_cancel may be called again, and a locked order is refused', async () => {
      const order = await quotation()
      expect(await call('sale.order', order, { method: 'action_cancel' })).toBe(true)
      expect(await call('sale.order', order, { method: 'action_cancel' })).toBe(true)
      const locked = await quotation()
      await call('sale.order', locked, { method: 'action_confirm' })
      await call('sale.order', locked, { method: 'action_lock' })
      await expect(call('sale.order', locked, { method: 'action_cancel' })).rejects.toMatchObject(refused(/locked/))
    })

    it('the invoice wizard wants its context, makes one invoice and refuses a second one', async () => {
      const order = await quotation()
      await call('sale.order', order, { method: 'action_confirm' })
      await call('sale.order', order, MAKE_INVOICE)
      const { invoice_ids } = await read('sale.order', order, 'invoice_ids')
      expect(invoice_ids).toHaveLength(1)
      await expect(call('sale.order', order, MAKE_INVOICE)).rejects.toMatchObject(refused(/No items are available/))
      const related = await callerOf('sale.order').related(
        String(order),
        { path: 'invoice_ids', fields: ['state', 'amount_total', 'partner_id', 'invoice_date'] },
        signal,
      )
      const [id] = invoice_ids as number[]
      expect(related).toEqual([{ id, state: 'draft', amount_total: 30, partner_id: trade.partner, invoice_date: null }])
    })

    it('action_post posts a draft, answers false, and refuses a second time', async () => {
      const order = await quotation()
      await call('sale.order', order, { method: 'action_confirm' })
      await call('sale.order', order, MAKE_INVOICE)
      const { invoice_ids } = await read('sale.order', order, 'invoice_ids')
      const [invoice = 0] = invoice_ids as number[]
      const post = { model: 'account.move', method: 'action_post', ids: [invoice] }
      expect(await call('sale.order', order, post)).toBe(false)
      expect(await read('account.move', invoice, 'state', 'payment_state')).toMatchObject({
        state: 'posted',
        payment_state: 'not_paid',
      })
      await expect(call('sale.order', order, post)).rejects.toMatchObject(refused(/must be in draft/))
    })
  })

  describe('invoices and payments', () => {
    const invoiceOf = (amount: number) =>
      make('account.move', {
        move_type: 'out_invoice',
        partner_id: trade.partner,
        invoice_date: '2026-11-20',
        invoice_line_ids: [[0, 0, { name: 'Work', quantity: 1, price_unit: amount, tax_ids: [[5, 0, 0]] }]],
      })
    const PAY = {
      wizard: 'account.payment.register',
      values: { payment_date: '2026-11-21' },
      method: 'action_create_payments',
    }

    it('the payment wizard pays a posted invoice, and its create is refused when nothing is left to pay', async () => {
      const invoice = await invoiceOf(50)
      await call('account.move', invoice, { method: 'action_post' })
      await call('account.move', invoice, PAY)
      expect(await read('account.move', invoice, 'payment_state', 'amount_residual')).toMatchObject({
        payment_state: 'paid',
        amount_residual: 0,
      })
      await expect(call('account.move', invoice, PAY)).rejects.toMatchObject(refused(/nothing left to pay/))
    })

    it('a part is paid with amount, and the same call pays another part: only unless keeps it from that', async () => {
      const invoice = await invoiceOf(50)
      await call('account.move', invoice, { method: 'action_post' })
      for (const residual of [30, 10]) {
        await call('account.move', invoice, { ...PAY, values: { ...PAY.values, amount: 20 } })
        expect(await read('account.move', invoice, 'payment_state', 'amount_residual')).toMatchObject({
          payment_state: 'partial',
          amount_residual: residual,
        })
      }
    })

    it('button_draft and button_cancel take a posted invoice back', async () => {
      const invoice = await invoiceOf(50)
      await call('account.move', invoice, { method: 'action_post' })
      expect(await call('account.move', invoice, { method: 'button_draft' })).toBeNull()
      expect(await call('account.move', invoice, { method: 'button_cancel' })).toBeNull()
      expect(await read('account.move', invoice, 'state')).toMatchObject({ state: 'cancel' })
    })
  })

  describe('purchases and receipts', () => {
    const order = (quantity: number) =>
      make('purchase.order', {
        partner_id: trade.partner,
        order_line: [[0, 0, { product_id: trade.product, product_qty: quantity, price_unit: 6 }]],
      })

    async function received(quantity: number, done: number): Promise<{ purchase: number; picking: number }> {
      const purchase = await order(quantity)
      await call('purchase.order', purchase, { method: 'button_confirm' })
      const { picking_ids } = await read('purchase.order', purchase, 'picking_ids')
      const [picking = 0] = picking_ids as number[]
      const { move_ids } = await read('stock.picking', picking, 'move_ids')
      await asPerson('stock.move', 'write', { ids: move_ids, vals: { quantity: done } })
      return { purchase, picking }
    }

    it('button_confirm may be called again: it answers true and makes nothing twice', async () => {
      const purchase = await order(5)
      for (let n = 0; n < 2; n++) {
        expect(await call('purchase.order', purchase, { method: 'button_confirm' })).toBe(true)
      }
      expect(await read('purchase.order', purchase, 'state', 'picking_ids')).toMatchObject({
        state: 'purchase',
        picking_ids: [expect.any(Number)],
      })
    })

    it('button_validate of a whole receipt is done at once, and a second call does nothing', async () => {
      const { picking } = await received(5, 5)
      for (let n = 0; n < 2; n++) {
        expect(await call('stock.picking', picking, { method: 'button_validate' })).toBe(true)
        expect(await read('stock.picking', picking, 'state')).toMatchObject({ state: 'done' })
      }
    })

    it('of a part it asks about the rest: nothing is done before that is answered', async () => {
      const { picking } = await received(5, 3)
      await expect(call('stock.picking', picking, { method: 'button_validate' })).rejects.toMatchObject({
        ...refused(/opened the dialog stock.backorder.confirmation/),
        hint: expect.stringContaining('answers: { stock.backorder.confirmation'),
      })
      expect(await read('stock.picking', picking, 'state')).toMatchObject({ state: 'assigned' })
      const answers = { 'stock.backorder.confirmation': { method: 'process' } }
      await call('stock.picking', picking, { method: 'button_validate', answers })
      expect(await read('stock.picking', picking, 'state', 'backorder_ids')).toMatchObject({
        state: 'done',
        backorder_ids: [expect.any(Number)],
      })
    })

    it('process_cancel_backorder gives the rest up', async () => {
      const { picking } = await received(5, 3)
      const answers = { 'stock.backorder.confirmation': { method: 'process_cancel_backorder' } }
      await call('stock.picking', picking, { method: 'button_validate', answers })
      expect(await read('stock.picking', picking, 'state', 'backorder_ids')).toMatchObject({
        state: 'done',
        backorder_ids: [],
      })
    })

    it('action_create_invoice makes a bill at every call, an empty one when nothing is left', async () => {
      const { purchase, picking } = await received(5, 5)
      await call('stock.picking', picking, { method: 'button_validate' })
      await call('purchase.order', purchase, { method: 'action_create_invoice' })
      expect((await read('purchase.order', purchase, 'invoice_ids')).invoice_ids).toHaveLength(1)
      await call('purchase.order', purchase, { method: 'action_create_invoice' }).catch(() => {})
      const { invoice_ids } = await read('purchase.order', purchase, 'invoice_ids')
      expect((invoice_ids as number[]).length).toBeGreaterThan(1)
    })
  })

  describe('stock', () => {
    it('a counted quantity is written, then applied; applied once more, the stock is 0', async () => {
      const product = await make('product.product', { name: `${mark} lamp`, type: 'consu', is_storable: true })
      const [location] = await asPerson<number[]>('stock.location', 'search', {
        domain: [['usage', '=', 'internal']],
        limit: 1,
      })
      const quant = await make('stock.quant', {
        product_id: product,
        location_id: location ?? 0,
        inventory_quantity: 4,
      })
      const apply = { method: 'action_apply_inventory' }
      expect(await call('stock.quant', quant, apply)).toBeNull()
      const fields = ['quantity', 'inventory_quantity_set']
      expect(await read('stock.quant', quant, ...fields)).toMatchObject({ quantity: 4, inventory_quantity_set: false })

      await call('stock.quant', quant, { method: 'write', args: { vals: { inventory_quantity: 9 } } })
      expect(await read('stock.quant', quant, ...fields)).toMatchObject({ quantity: 4, inventory_quantity_set: true })
      await call('stock.quant', quant, apply)
      expect(await read('stock.quant', quant, ...fields)).toMatchObject({ quantity: 9, inventory_quantity_set: false })
      await call('stock.quant', quant, apply)
      expect(await read('stock.quant', quant, 'quantity')).toMatchObject({ quantity: 0 })
    })
  })

  describe('calls', () => {
    it('a controller of type json is called, and its failure is told by its class', async () => {
      const version = await call('res.partner', 1, { route: '/web/webclient/version_info', params: {} })
      expect(version).toMatchObject({ server_serie: '19.0' })
      await expect(call('res.partner', 1, { route: '/web/session/get_session_info' })).rejects.toMatchObject({
        code: 'forbidden',
      })
      await expect(call('res.partner', 1, { route: '/no/such/route' })).rejects.toMatchObject({
        code: 'server',
        inDoubt: true,
      })
    })

    it('what is wrong in a step is told before any record is there', async () => {
      const check = (how: Value, ...related: { path: string; fields: string[] }[]) =>
        callerOf('sale.order').check(how, related, signal)
      expect(await check({ method: 'action_confirm' })).toEqual([])
      expect(await check(MAKE_INVOICE, { path: 'invoice_ids.line_ids', fields: ['balance'] })).toEqual([])
      expect(await check({ method: '_action_confirm' })).toEqual([expect.stringContaining('is private')])
      expect(await check({ metod: 'x' })).toEqual([expect.stringMatching(/metod/)])
      expect(await check({ ...MAKE_INVOICE, values: { advance: 1 } })).toEqual([
        expect.stringContaining('sale.advance.payment.inv has no field advance'),
      ])
      expect(await check({ model: 'account.mov', method: 'x' })).toEqual([expect.stringContaining('account.mov')])
      expect(await check(null, { path: 'invoice_ids.nam', fields: [] })).toEqual([
        'account.move has no field nam, or our user may not see it',
      ])
      expect(await check(null, { path: 'invoice_ids', fields: ['stat'] })).toEqual([
        'account.move has no field stat, or our user may not see it',
      ])
      expect(await check(null, { path: 'name', fields: [] })).toEqual(['sale.order.name refers to no records'])
    })

    it('times and empty values are given as Odoo takes them', async () => {
      const order = await quotation()
      const vals = { date_order: '2026-11-21T08:30:00Z', client_order_ref: null }
      await call('sale.order', order, { method: 'write', args: { vals } })
      expect(await read('sale.order', order, 'date_order', 'client_order_ref')).toMatchObject({
        date_order: '2026-11-21 08:30:00',
        client_order_ref: false,
      })
    })
  })
})
