import { describe, expect, it } from 'vitest'
import { hasOdooDatabaseAccess } from '../environment.ts'
import { asPerson } from '../person.ts'
import { openLab } from './lab.ts'

describe.skipIf(!hasOdooDatabaseAccess)('mappings/shop-invoices.yaml', () => {
  it("makes the shop's invoices in Odoo with their lines, and posts what is released", async () => {
    await using lab = await openLab('customers', 'shop-invoices')
    const [customer] = await lab.query<{ id: string }>(
      'INSERT INTO customers (code, full_name) VALUES ($1, $2) RETURNING id',
      [`${lab.mark}-C`, `${lab.mark} Cleo`],
    )
    const product = await lab.make('product.product', {
      name: `${lab.mark} cup`,
      default_code: `${lab.mark}-cup`,
      taxes_id: [[5, 0, 0]],
    })
    const insert = async (n: number, kind: string, total: number): Promise<string> => {
      const [row] = await lab.query<{ id: string }>(
        `INSERT INTO shop_invoices (number, kind, customer_id, invoiced_on, due_on, currency, total)
         VALUES ($1, $2, $3, '2026-11-20', '2026-12-20', 'USD', $4) RETURNING id`,
        [`${lab.mark}-${n}`, kind, customer?.id, total],
      )
      return row?.id ?? ''
    }
    const [first, second] = [await insert(1, 'invoice', 23), await insert(2, 'credit note', 99)]
    await lab.query(
      `INSERT INTO shop_invoice_lines (invoice_id, position, description, sku, quantity, unit_price, discount)
       VALUES ($1, 1, 'Cups', $3, 4, 5, 0), ($1, 2, 'Packing', $3, 1, 6, 50), ($2, 1, 'A broken cup', $3, 1, 5, 0)`,
      [first, second, `${lab.mark}-cup`],
    )
    await lab.settle()
    const shown = async (n: number) =>
      (await lab.query('SELECT * FROM shop_invoices WHERE number = $1', [`${lab.mark}-${n}`]))[0]
    expect(await shown(1)).toMatchObject({ state: 'draft', odoo_number: null, amount_total: '23.00' })
    const find = (n: number) => lab.find('account.move', ['ref', '=', `${lab.mark}-${n}`])
    const invoice = await find(1)
    expect(await lab.read('account.move', invoice, 'move_type', 'invoice_date', 'invoice_date_due')).toMatchObject({
      move_type: 'out_invoice',
      invoice_date: '2026-11-20',
      invoice_date_due: '2026-12-20',
    })
    const domain = [
      ['move_id', '=', invoice],
      ['display_type', '=', 'product'],
    ]
    const fields = ['name', 'product_id', 'quantity', 'price_unit', 'discount', 'price_subtotal']
    const lines = () =>
      asPerson<Record<string, unknown>[]>('account.move.line', 'search_read', {
        domain,
        fields,
        order: 'sequence',
        load: '',
      })
    const [cups, packing] = await lines()
    expect(cups).toMatchObject({ name: 'Cups', product_id: product, quantity: 4, price_unit: 5, price_subtotal: 20 })
    expect(packing).toMatchObject({ name: 'Packing', discount: 50, price_subtotal: 3 })
    expect(await lab.unrest()).toEqual([])

    // A line of a draft is changed in place, and another one comes.
    await lab.query('UPDATE shop_invoice_lines SET quantity = 5 WHERE invoice_id = $1 AND position = 1', [first])
    await lab.query(
      `INSERT INTO shop_invoice_lines (invoice_id, position, description, sku, unit_price) VALUES ($1, 3, 'Card', $2, 1)`,
      [first, `${lab.mark}-cup`],
    )
    await lab.query('UPDATE shop_invoices SET total = 29 WHERE id = $1', [first])
    await lab.settle()
    expect(await lines()).toMatchObject([{ id: cups?.id, quantity: 5 }, packing, { name: 'Card' }])
    expect(await lab.unrest()).toEqual([])

    // Released: posted where the amounts agree, and left a draft where they do not.
    await lab.query('UPDATE shop_invoices SET released = true')
    await lab.settle()
    expect(await shown(1)).toMatchObject({ state: 'posted', payment: 'not_paid', amount_due: '29.00' })
    expect((await shown(1))?.odoo_number).toMatch(/^INV\//)
    expect(await shown(2)).toMatchObject({ state: 'draft', amount_total: '5.00', total: '99.00' })
    expect(await lab.read('account.move', await find(2), 'move_type')).toMatchObject({ move_type: 'out_refund' })
    await lab.query('UPDATE shop_invoices SET total = 5 WHERE id = $1', [second])
    await lab.settle()
    expect(await shown(2)).toMatchObject({ state: 'posted', odoo_number: expect.stringMatching(/^RINV\//) })
    expect(lab.events.filter(({ kind }) => kind === 'step').map(({ message }) => message)).toEqual([
      'post: called',
      'post: called',
    ])
    expect(await lab.unrest()).toEqual([])
  })

  it('tells that a posted invoice is not changed, and deletes a draft that is taken back', async () => {
    await using lab = await openLab('customers', 'shop-invoices')
    const customer = await lab.query<{ id: string }>(
      'INSERT INTO customers (code, full_name) VALUES ($1, $2) RETURNING id',
      [`${lab.mark}-C`, `${lab.mark} Dan`],
    )
    const product = `${lab.mark}-cup`
    await lab.make('product.product', { name: product, default_code: product, taxes_id: [[5, 0, 0]] })
    const ids = await lab.query<{ id: string }>(
      `INSERT INTO shop_invoices (number, customer_id, currency, total, released)
       VALUES ($1, $3, 'USD', 5, true), ($2, $3, 'USD', 5, false) RETURNING id`,
      [`${lab.mark}-1`, `${lab.mark}-2`, customer[0]?.id],
    )
    for (const { id } of ids) {
      await lab.query(
        `INSERT INTO shop_invoice_lines (invoice_id, position, description, sku, unit_price) VALUES ($1, 1, 'Cup', $2, 5)`,
        [id, product],
      )
    }
    await lab.settle()
    await lab.query('UPDATE shop_invoice_lines SET unit_price = 6 WHERE invoice_id = $1', [ids[0]?.id])
    await lab.query('DELETE FROM shop_invoices WHERE id = $1', [ids[1]?.id])
    await lab.settle()
    const [dead] = await lab.app.ledger.changes('shop-invoices', { state: 'dead', limit: 9 })
    expect(dead?.change.fault?.message).toMatch(/posted/)
    expect(await lab.find('account.move', ['ref', '=', `${lab.mark}-2`])).toBe(0)
    await lab.query('UPDATE shop_invoice_lines SET unit_price = 5 WHERE invoice_id = $1', [ids[0]?.id])
    await lab.settle()
    expect(await lab.unrest()).toEqual([])
  })
})
