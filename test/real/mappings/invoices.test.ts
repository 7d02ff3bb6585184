import { describe, expect, it } from 'vitest'
import { hasOdooDatabaseAccess } from '../environment.ts'
import { openLab } from './lab.ts'

describe.skipIf(!hasOdooDatabaseAccess)('mappings/invoices.yaml', () => {
  it('shows a draft, posts it when the shop releases it, and registers what was paid', async () => {
    await using lab = await openLab('customers', 'invoices', 'payments')
    const partner = await lab.make('res.partner', { name: `${lab.mark} Ann`, ref: `${lab.mark}-A` })
    const uncoded = await lab.make('product.product', { name: 'Nameless' })
    const coded = await lab.make('product.product', { name: 'Pen', default_code: `${lab.mark}-pen` })
    const line = (values: object) => [0, 0, { quantity: 1, tax_ids: [[5, 0, 0]], ...values }]
    const invoice = await lab.make('account.move', {
      move_type: 'out_invoice',
      partner_id: partner,
      invoice_date: '2026-11-20',
      invoice_date_due: '2026-11-30',
      invoice_line_ids: [
        line({ name: 'Work', price_unit: 80 }),
        line({ name: 'Thing', product_id: uncoded, price_unit: 15 }),
        line({ name: 'Pen', product_id: coded, price_unit: 5 }),
      ],
    })
    await lab.settle()
    const row = async () =>
      (await lab.query('SELECT *, overdue_after::text FROM invoices WHERE odoo_id = $1', [invoice]))[0]
    expect(await row()).toMatchObject({
      number: null,
      state: 'draft',
      payment: 'not_paid',
      amount_due: '100.00',
      overdue_after: '2026-12-07',
      currency: 'USD',
    })
    expect(
      await lab.query(
        'SELECT description, sku, quantity, subtotal FROM invoice_lines WHERE invoice_id = $1 ORDER BY position, odoo_id',
        [invoice],
      ),
    ).toEqual([
      { description: 'Work', sku: null, quantity: '1.000', subtotal: '80.00' },
      { description: 'Thing', sku: null, quantity: '1.000', subtotal: '15.00' },
      { description: 'Pen', sku: `${lab.mark}-pen`, quantity: '1.000', subtotal: '5.00' },
    ])
    expect(await lab.unrest()).toEqual([])

    await lab.query('UPDATE invoices SET release = true WHERE odoo_id = $1', [invoice])
    await lab.settle()
    expect(await row()).toMatchObject({ number: expect.stringMatching(/^INV\/2026\//), state: 'posted' })
    expect(await lab.unrest()).toEqual([])

    await lab.query(`UPDATE invoices SET paid_on = '2026-11-25' WHERE odoo_id = $1`, [invoice])
    await lab.settle()
    expect(await row()).toMatchObject({ payment: 'paid', amount_due: '0.00' })
    const [customer] = await lab.query('SELECT id FROM customers WHERE code = $1', [`${lab.mark}-A`])
    expect(
      await lab.query('SELECT amount, paid_on::text FROM payments WHERE customer_id = $1', [customer?.id]),
    ).toEqual([{ amount: '100.00', paid_on: '2026-11-25' }])
    expect(await lab.unrest()).toEqual([])
  })
})
