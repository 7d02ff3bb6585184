import { describe, expect, it } from 'vitest'
import { hasRealOdoo, PROTOCOLS_OF, realOdoo } from '../environment.ts'
import { asPerson } from '../person.ts'
import { type Lab, openLabOf } from './lab.ts'

/** Before 16, a line of a product has no type. */
const edit = (text: string): string => text.replace('[[display_type, "=", product]]', '[[display_type, "=", false]]')

describe.skipIf(!hasRealOdoo('14')).each(PROTOCOLS_OF['14'])(
  'mappings/shop-invoices.yaml on Odoo 14 over %s',
  (protocol) => {
    async function sell(lab: Lab): Promise<(n: number) => Promise<Record<string, unknown> | undefined>> {
      const sku = `${lab.mark}-cup`
      await lab.make('product.product', { name: sku, default_code: sku, taxes_id: [[5, 0, 0]] })
      const [customer] = await lab.query<{ id: string }>(
        'INSERT INTO customers (code, full_name) VALUES ($1, $2) RETURNING id',
        [`${lab.mark}-C`, `${lab.mark} Cleo`],
      )
      const ids = await lab.query<{ id: string }>(
        `INSERT INTO shop_invoices (number, kind, customer_id, invoiced_on, due_on, currency, total)
       VALUES ($1, 'invoice', $3, '2026-11-20', '2026-12-20', 'USD', 23),
         ($2, 'credit note', $3, '2026-11-20', '2026-12-20', 'USD', 5) RETURNING id`,
        [`${lab.mark}-1`, `${lab.mark}-2`, customer?.id],
      )
      await lab.query(
        `INSERT INTO shop_invoice_lines (invoice_id, position, description, sku, quantity, unit_price, discount)
       VALUES ($1, 1, 'Cups', $3, 4, 5, 0), ($1, 2, 'Packing', $3, 1, 6, 50), ($2, 1, 'A broken cup', $3, 1, 5, 0)`,
        [ids[0]?.id, ids[1]?.id, sku],
      )
      await lab.settle()
      return async (n) => (await lab.query('SELECT * FROM shop_invoices WHERE number = $1', [`${lab.mark}-${n}`]))[0]
    }

    it("makes the shop's invoices with their lines, and posts what is released", async () => {
      await using lab = await openLabOf({ odoo: realOdoo('14'), protocol, edit }, 'customers', 'shop-invoices')
      const shown = await sell(lab)
      expect(await shown(1)).toMatchObject({ state: 'draft', odoo_number: null, amount_total: '23.00' })
      expect(await shown(2)).toMatchObject({ state: 'draft', odoo_number: null, amount_total: '5.00' })
      const invoice = await lab.find('account.move', ['ref', '=', `${lab.mark}-1`])
      const lines = await asPerson<Record<string, unknown>[]>(
        'account.move.line',
        'search_read',
        {
          domain: [
            ['move_id', '=', invoice],
            ['exclude_from_invoice_tab', '=', false],
          ],
          fields: ['name', 'quantity', 'price_unit', 'discount', 'price_subtotal'],
          order: 'sequence',
        },
        realOdoo('14'),
      )
      expect(lines).toMatchObject([
        { name: 'Cups', quantity: 4, price_unit: 5, price_subtotal: 20 },
        { name: 'Packing', quantity: 1, price_unit: 6, discount: 50, price_subtotal: 3 },
      ])
      expect(await lab.unrest()).toEqual([])

      await lab.query('UPDATE shop_invoices SET released = true')
      await lab.settle()
      expect(await shown(1)).toMatchObject({ state: 'posted', payment: 'not_paid', amount_due: '23.00' })
      expect((await shown(1))?.odoo_number).toMatch(/^INV\//)
      expect((await shown(2))?.odoo_number).toMatch(/^RINV\//)
      expect(await lab.unrest()).toEqual([])
    })

    it.skipIf(protocol !== 'jsonrpc')('changes what is posted, for Odoo 14 does not refuse it', async () => {
      await using lab = await openLabOf({ odoo: realOdoo('14'), protocol, edit }, 'customers', 'shop-invoices')
      const shown = await sell(lab)
      await lab.query('UPDATE shop_invoices SET released = true')
      await lab.settle()
      await lab.query(`UPDATE shop_invoice_lines SET unit_price = 7 WHERE description = 'A broken cup'`)
      await lab.settle()
      expect(await shown(2)).toMatchObject({ state: 'posted', amount_total: '7.00' })
    })
  },
)
