/** What Odoo 14's business methods do otherwise than those of 19, called over each of its protocols. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasRealOdoo, PROTOCOLS_OF, realOdoo } from './environment.ts'
import { asPerson } from './person.ts'
import { openStepLab, type StepLab } from './step-lab.ts'

const refused = (message: RegExp) => ({ code: 'invalid', message: expect.stringMatching(message) })
const MAKE_INVOICE = {
  wizard: 'sale.advance.payment.inv',
  values: { advance_payment_method: 'delivered' },
  method: 'create_invoices',
}

describe.skipIf(!hasRealOdoo('14')).each(PROTOCOLS_OF['14'])(
  'business methods of a real Odoo 14 over %s',
  (protocol) => {
    const odoo = () => realOdoo('14')
    let lab: StepLab
    let partner = 0
    let product = 0
    beforeAll(async () => {
      lab = openStepLab(odoo(), protocol)
      const mark = `st-${Date.now().toString(36)}`
      partner = await lab.make('res.partner', { name: `${mark} partner` })
      const goods = { name: `${mark} chair`, default_code: mark, type: 'product', invoice_policy: 'order' }
      product = await lab.make('product.product', goods)
    })
    afterAll(() => lab?.[Symbol.asyncDispose]())

    const quotation = () => {
      const line = { product_id: product, product_uom_qty: 3, price_unit: 10, tax_id: [[5, 0, 0]] }
      return lab.make('sale.order', { partner_id: partner, order_line: [[0, 0, line]] })
    }
    async function receipt(quantity: number, done: number): Promise<number> {
      const [uom] = await asPerson<number[]>('uom.uom', 'search', { domain: [['name', '=', 'Units']] }, odoo())
      const line = {
        name: 'Chairs',
        product_id: product,
        product_qty: quantity,
        product_uom: uom ?? 0,
        price_unit: 6,
        date_planned: '2026-11-21 08:00:00',
      }
      const purchase = await lab.make('purchase.order', { partner_id: partner, order_line: [[0, 0, line]] })
      for (let n = 0; n < 2; n++) {
        expect(await lab.call('purchase.order', purchase, { method: 'button_confirm' })).toBe(true)
      }
      const { picking_ids } = await lab.read('purchase.order', purchase, 'picking_ids')
      expect(picking_ids).toHaveLength(1)
      const [picking = 0] = picking_ids as number[]
      const { move_lines } = await lab.read('stock.picking', picking, 'move_lines')
      await asPerson('stock.move', 'write', { ids: move_lines, vals: { quantity_done: done } }, odoo())
      return picking
    }

    it('action_confirm may be called again: it answers true and delivers nothing twice', async () => {
      const order = await quotation()
      for (let n = 0; n < 2; n++) {
        expect(await lab.call('sale.order', order, { method: 'action_confirm' })).toBe(true)
        const { state, picking_ids } = await lab.read('sale.order', order, 'state', 'picking_ids')
        expect(state).toBe('sale')
        expect(picking_ids).toHaveLength(1)
      }
    })

    it('the wizards make one invoice, post it and pay it; to invoice or to pay twice is refused', async () => {
      const order = await quotation()
      await lab.call('sale.order', order, { method: 'action_confirm' })
      await lab.call('sale.order', order, MAKE_INVOICE)
      await expect(lab.call('sale.order', order, MAKE_INVOICE)).rejects.toMatchObject(refused(/nothing to invoice/i))
      const { invoice_ids } = await lab.read('sale.order', order, 'invoice_ids')
      expect(invoice_ids).toHaveLength(1)
      const [invoice = 0] = invoice_ids as number[]
      // It answers with its records, which JSON shows as text and XML-RPC cannot carry: the work is done all the same. A
      // second time it does nothing.
      for (let n = 0; n < 2; n++) {
        const posted = lab.call('account.move', invoice, { method: 'action_post' })
        if (protocol === 'xmlrpc') await expect(posted).rejects.toMatchObject({ code: 'unsupported', inDoubt: true })
        else expect(await posted).toBe(`account.move(${invoice},)`)
      }
      const pay = {
        wizard: 'account.payment.register',
        values: { payment_date: '2026-11-21' },
        method: 'action_create_payments',
      }
      await lab.call('account.move', invoice, pay)
      expect(await lab.read('account.move', invoice, 'state', 'payment_state', 'amount_residual')).toMatchObject({
        state: 'posted',
        payment_state: 'paid',
        amount_residual: 0,
      })
      await expect(lab.call('account.move', invoice, pay)).rejects.toMatchObject(refused(/nothing left to pay/))
    })

    it('button_validate of a whole receipt is done at once', async () => {
      const picking = await receipt(5, 5)
      expect(await lab.call('stock.picking', picking, { method: 'button_validate' })).toBe(true)
      expect(await lab.read('stock.picking', picking, 'state')).toMatchObject({ state: 'done' })
    })

    it('of a receipt in which nothing was entered it asks whether all of it came', async () => {
      const picking = await receipt(5, 0)
      await expect(lab.call('stock.picking', picking, { method: 'button_validate' })).rejects.toMatchObject(
        refused(/opened the dialog stock.immediate.transfer/),
      )
      const answers = { 'stock.immediate.transfer': { method: 'process' } }
      await lab.call('stock.picking', picking, { method: 'button_validate', answers })
      expect(await lab.read('stock.picking', picking, 'state')).toMatchObject({ state: 'done' })
    })

    it('of a part it asks about the rest, as 19 does', async () => {
      const picking = await receipt(5, 3)
      const answers = { 'stock.backorder.confirmation': { method: 'process' } }
      await lab.call('stock.picking', picking, { method: 'button_validate', answers })
      expect(await lab.read('stock.picking', picking, 'state', 'backorder_ids')).toMatchObject({
        state: 'done',
        backorder_ids: [expect.any(Number)],
      })
    })

    it('a stock quantity is set in inventory mode, at once, and by a stock manager alone', async () => {
      const own = await lab.make('product.product', { name: 'Lamp', type: 'product' })
      const [location = 0] = await asPerson<number[]>(
        'stock.location',
        'search',
        { domain: [['usage', '=', 'internal']], limit: 1 },
        odoo(),
      )
      const context = { inventory_mode: true }
      const count = (quantity: number) => ({
        method: 'write',
        args: { vals: { inventory_quantity: quantity } },
        context,
      })
      const values = { product_id: own, location_id: location, inventory_quantity: 4 }
      const first = { model: 'stock.quant', method: 'create', args: { vals_list: [values] }, context }
      await expect(lab.call('product.product', own, first)).rejects.toMatchObject({ code: 'forbidden_record' })
      await using manager = openStepLab(odoo(), protocol, 'administrator')
      const made = await manager.call('product.product', own, first)
      const quant = Number(Array.isArray(made) ? made[0] : made)
      expect(await lab.read('stock.quant', quant, 'quantity')).toMatchObject({ quantity: 4 })
      await manager.call('stock.quant', quant, count(9))
      expect(await lab.read('stock.quant', quant, 'quantity')).toMatchObject({ quantity: 9 })
      await expect(lab.call('stock.quant', quant, count(1))).rejects.toMatchObject({ code: 'forbidden_record' })
      await expect(manager.call('stock.quant', quant, { method: 'action_apply_inventory' })).rejects.toMatchObject({
        code: 'invalid',
      })
    })
  },
)
