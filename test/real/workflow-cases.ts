import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'
import { expectQuiet } from './expect-quiet.ts'
import { personOf } from './person.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

const TABLE = `CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE,
  status text NOT NULL DEFAULT 'open', paid_on date, odoo_state text, invoicing text)`

/** The steps of mappings/sale-orders.yaml, without what only 19 has. */
const mapping = (mark: string, schema: string): string => `
mapping: orders
odoo:
  connection: erp
  model: sale.order
  domain: [[client_order_ref, "=like", "${mark}%"]]
  key: client_order_ref
  archive: null
external: { connection: shop, collection: { table: ${schema}.orders, capture: triggers }, key: code }
fields:
  - { odoo: state, external: odoo_state, direction: from-odoo }
  - { odoo: invoice_status, external: invoicing, direction: from-odoo }
steps:
  - name: confirm
    when: external.status in ['confirmed', 'paid']
    unless: odoo.state in ['sale', 'cancel']
    call: { method: action_confirm }
  - name: make-invoice
    when: external.status == 'paid' && odoo.state == 'sale'
    unless: odoo.invoice_status != 'to invoice'
    call:
      wizard: sale.advance.payment.inv
      values: { advance_payment_method: delivered }
      method: create_invoices
  - name: post-invoice
    when: external.status == 'paid'
    read: { invoices: { path: invoice_ids, fields: [state, move_type] } }
    unless: "!read.invoices.exists(i, i.state == 'draft')"
    call:
      model: account.move
      method: action_post
      ids: "=read.invoices.filter(i, i.state == 'draft').map(i, i.id)"
  - name: take-payment
    when: external.status == 'paid'
    read: { invoices: { path: invoice_ids, fields: [state, payment_state] } }
    unless: "!read.invoices.exists(i, i.state == 'posted' && i.payment_state == 'not_paid')"
    call:
      wizard: account.payment.register
      context:
        active_model: account.move
        active_ids: "=read.invoices.filter(i, i.state == 'posted' && i.payment_state == 'not_paid').map(i, i.id)"
      values: { payment_date: "=external.paid_on" }
      method: action_create_payments
  - name: cancel
    when: external.status == 'cancelled'
    unless: odoo.state == 'cancel'
    call: { method: action_cancel, context: { disable_cancel_warning: true } }
deletes: { from_odoo: ignore, from_external: ignore }
schedule: every 1s
deep: every 5s
`

/** Steps between a real PostgreSQL and a real Odoo: an order that is confirmed, invoiced and paid there, or cancelled. */
export function workflowCases(series: OdooSeries, protocol: Protocol): void {
  const person = personOf(realOdoo(series))

  describe.skipIf(!hasRealOdoo(series))(`steps in Odoo ${series} over ${protocol}`, () => {
    let tandem: RealTandem
    beforeEach(async () => {
      tandem = await openRealTandem({ table: TABLE, mapping, odoo: realOdoo(series), protocol })
    })
    afterEach(() => tandem?.close())

    async function make(model: string, values: Readonly<Record<string, unknown>>): Promise<number> {
      const [id = 0] = await person<number[]>(model, 'create', { vals_list: [values] })
      return id
    }
    async function order(n: number): Promise<number> {
      const partner = await make('res.partner', { name: `${tandem.mark} Ann` })
      const product = await make('product.product', { name: 'Work', type: 'service', invoice_policy: 'order' })
      const tax = series === '14' ? 'tax_id' : 'tax_ids'
      const line = { product_id: product, product_uom_qty: 2, price_unit: 50, [tax]: [[5, 0, 0]] }
      return make('sale.order', {
        partner_id: partner,
        client_order_ref: `${tandem.mark}${n}`,
        order_line: [[0, 0, line]],
      })
    }
    const set = (n: number, values: string) =>
      tandem.shop.query(`UPDATE orders SET ${values} WHERE code = $1`, [`${tandem.mark}${n}`])
    const rows = async () => (await tandem.shop.query('SELECT * FROM orders ORDER BY code')).rows
    const called = () => tandem.events.flatMap(({ kind, message }) => (kind === 'step' ? [message] : []))
    it('go all the way, each once, and a further run does nothing', async () => {
      const id = await order(1)
      await tandem.settle()
      expect(await rows()).toMatchObject([{ odoo_state: 'draft', invoicing: 'no' }])
      await set(1, "status = 'confirmed'")
      await tandem.settle()
      expect(called()).toEqual(['confirm: called'])
      expect(await rows()).toMatchObject([{ odoo_state: 'sale', invoicing: 'to invoice' }])
      await set(1, "status = 'paid', paid_on = '2026-11-21'")
      await tandem.settle()
      // XML-RPC cannot carry every answer: then `unless` tells that the call was made.
      const steps = called()
        .slice(1)
        .map((message) => message?.replace('had been called', 'called'))
      expect(steps).toEqual(['make-invoice: called', 'post-invoice: called', 'take-payment: called'])
      expect(await rows()).toMatchObject([{ odoo_state: 'sale', invoicing: 'invoiced' }])
      const [{ invoice_ids = [] } = {}] = await person<{ invoice_ids?: number[] }[]>('sale.order', 'read', {
        ids: [id],
        fields: ['invoice_ids'],
      })
      const invoices = await person('account.move', 'read', { ids: invoice_ids, fields: ['state', 'payment_state'] })
      expect(invoices).toMatchObject([{ state: 'posted', payment_state: 'paid' }])
      await expectQuiet(tandem)
    })

    it('are not done where somebody made them needless, and are done when they are needed', async () => {
      const id = await order(1)
      await tandem.settle()
      await person('sale.order', 'action_cancel', { ids: [id], context: { disable_cancel_warning: true } })
      await set(1, "status = 'paid'")
      await tandem.settle()
      expect(called()).toEqual([])
      expect(await rows()).toMatchObject([{ odoo_state: 'cancel' }])
      await person('sale.order', 'action_draft', { ids: [id] })
      await set(1, "status = 'cancelled'")
      await tandem.settle()
      expect(called()).toEqual(['cancel: called'])
      expect(await rows()).toMatchObject([{ odoo_state: 'cancel' }])
      await expectQuiet(tandem)
    })
  })
}
