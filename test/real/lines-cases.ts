import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { type Beside, openBeside } from '../crash/beside.ts'
import { type Daemon, startDaemon } from '../crash/daemon.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'
import { expectQuiet } from './expect-quiet.ts'
import { personOf } from './person.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

interface OdooLine {
  readonly id: number
  readonly sequence: number
  readonly product_id: number
  readonly name: string
  readonly product_uom_qty: number
  readonly price_unit: number
  readonly price_subtotal: number
  readonly write_date: string
}

interface ShopLine {
  readonly line_no: number
  readonly sku: string
  readonly qty: number | string
  readonly price?: number | string | null
  readonly subtotal?: number | string | null
}

/** How a table keeps an order's lines. */
interface Shop {
  readonly name: string
  readonly table: string
  readonly collection: (schema: string) => string
  readonly insert: (tandem: RealTandem, code: string, lines: readonly ShopLine[]) => Promise<void>
  readonly lines: (tandem: RealTandem, code: string) => Promise<readonly ShopLine[]>
  readonly setQty: (tandem: RealTandem, code: string, line: number, qty: number) => Promise<void>
  readonly remove: (tandem: RealTandem, code: string, line: number) => Promise<void>
  readonly add: (tandem: RealTandem, code: string, line: ShopLine) => Promise<void>
}

const ORDERS = `CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, customer text, note text`

export const JSON_COLUMN: Shop = {
  name: 'in a JSON column',
  table: `${ORDERS}, lines jsonb)`,
  collection: (schema) => `{ table: ${schema}.orders, capture: triggers }`,
  async insert({ shop }, code, lines) {
    const customer = code.slice(0, 10)
    await shop.query('INSERT INTO orders (code, customer, lines) VALUES ($1, $2, $3)', [
      code,
      customer,
      JSON.stringify(lines),
    ])
  },
  async lines({ shop }, code) {
    const { rows } = await shop.query<{ lines: ShopLine[] | null }>('SELECT lines FROM orders WHERE code = $1', [code])
    return [...(rows[0]?.lines ?? [])].sort((a, b) => a.line_no - b.line_no)
  },
  setQty: (tandem, code, line, qty) =>
    replaceJson(tandem, code, (lines) => lines.map((each) => (each.line_no === line ? { ...each, qty } : each))),
  remove: (tandem, code, line) => replaceJson(tandem, code, (lines) => lines.filter(({ line_no }) => line_no !== line)),
  add: (tandem, code, line) => replaceJson(tandem, code, (lines) => [...lines, line]),
}

async function replaceJson(
  tandem: RealTandem,
  code: string,
  change: (lines: readonly ShopLine[]) => readonly ShopLine[],
): Promise<void> {
  const lines = JSON.stringify(change(await JSON_COLUMN.lines(tandem, code)))
  await tandem.shop.query('UPDATE orders SET lines = $1 WHERE code = $2', [lines, code])
}

export const CHILD_TABLE: Shop = {
  name: 'in a table of their own',
  table: `${ORDERS});
    CREATE TABLE order_lines (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      order_id bigint NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
      line_no int NOT NULL, sku text NOT NULL, qty numeric(12, 2) NOT NULL, price numeric(12, 2), subtotal numeric,
      UNIQUE (order_id, line_no))`,
  collection: (schema) =>
    `{ table: ${schema}.orders, capture: triggers, children: { lines: { table: ${schema}.order_lines, parent: order_id } } }`,
  async insert(tandem, code, lines) {
    const customer = code.slice(0, 10)
    await tandem.shop.query('BEGIN')
    await tandem.shop.query('INSERT INTO orders (code, customer) VALUES ($1, $2)', [code, customer])
    for (const line of lines) await CHILD_TABLE.add(tandem, code, line)
    await tandem.shop.query('COMMIT')
  },
  async lines({ shop }, code) {
    const { rows } = await shop.query<ShopLine>(
      'SELECT l.* FROM order_lines l JOIN orders o ON o.id = order_id WHERE code = $1 ORDER BY line_no',
      [code],
    )
    return rows
  },
  async setQty({ shop }, code, line, qty) {
    await shop.query(
      'UPDATE order_lines SET qty = $1 FROM orders o WHERE o.id = order_id AND code = $2 AND line_no = $3',
      [qty, code, line],
    )
  },
  async remove({ shop }, code, line) {
    await shop.query('DELETE FROM order_lines USING orders o WHERE o.id = order_id AND code = $1 AND line_no = $2', [
      code,
      line,
    ])
  },
  async add({ shop }, code, { line_no, sku, qty, price, subtotal }) {
    await shop.query(
      `INSERT INTO order_lines (order_id, line_no, sku, qty, price, subtotal)
       SELECT id, $2, $3, $4, $5, $6 FROM orders WHERE code = $1`,
      [code, line_no, sku, qty, price ?? null, subtotal ?? null],
    )
  },
}

function mappingOf(shop: Shop) {
  return (mark: string, schema: string): string => `
mapping: orders
odoo:
  connection: erp
  model: sale.order
  domain: [[client_order_ref, "=like", "${mark}%"]]
  key: client_order_ref
  archive: null
external: { connection: shop, collection: ${shop.collection(schema)}, key: code }
fields:
  - { odoo: partner_id, external: customer, lookup: { model: res.partner, by: ref } }
  - { odoo: origin, external: note }
lines:
  - odoo: order_line
    external: lines
    key: { odoo: sequence, external: line_no }
    fields:
      - { odoo: product_id, external: sku, lookup: { model: product.product, by: default_code } }
      - { odoo: product_uom_qty, external: qty }
      - { odoo: price_unit, external: price }
      - { odoo: price_subtotal, external: subtotal, direction: from-odoo }
schedule: every 1s
deep: every 5s
`
}

export interface LinesUnderTest {
  readonly series: OdooSeries
  readonly protocol: Protocol
  readonly shops: readonly Shop[]
  /** Also with the daemon killed between any two steps. */
  readonly withCrashes: boolean
}

/** An order's lines between a real Odoo and a real PostgreSQL. */
export function linesCases({ series, protocol, shops, withCrashes }: LinesUnderTest): void {
  describe.skipIf(!hasRealOdoo(series)).each(shops)(
    `lines of Odoo ${series} over ${protocol} and those $name`,
    (shop) => {
      const person = personOf(realOdoo(series))
      let tandem: RealTandem
      let products: readonly number[] = []
      let beside: Beside | null = null
      let daemon: Daemon | null = null
      const code = (n: number): string => `${tandem.mark}${n}`
      const sku = (n: number): string => `${tandem.mark}-P${n}`

      beforeEach(async () => {
        tandem = await openRealTandem({ table: shop.table, mapping: mappingOf(shop), odoo: realOdoo(series), protocol })
        await person('res.partner', 'create', { vals_list: [{ name: tandem.mark, ref: tandem.mark }] })
        const vals = [1, 2, 3].map((n) => ({ name: `Product ${n}`, default_code: sku(n), list_price: n * 10 }))
        products = await person<number[]>('product.product', 'create', { vals_list: vals })
      })
      afterEach(async () => {
        if (daemon?.isRunning()) await daemon.kill()
        await beside?.[Symbol.asyncDispose]()
        beside = null
        await tandem?.close()
      })

      async function odooLines(n: number): Promise<readonly OdooLine[]> {
        const fields = [
          'sequence',
          'product_id',
          'name',
          'product_uom_qty',
          'price_unit',
          'price_subtotal',
          'write_date',
        ]
        const domain = [['order_id.client_order_ref', '=', code(n)]]
        const ids = await person<number[]>('sale.order.line', 'search', { domain, order: 'sequence, id' })
        return person('sale.order.line', 'read', { ids, fields, load: '' })
      }

      const brief = (lines: readonly OdooLine[]) =>
        lines.map(({ sequence, product_id, product_uom_qty, price_unit }) => [
          sequence,
          products.indexOf(product_id) + 1,
          product_uom_qty,
          price_unit,
        ])
      const briefShop = (lines: readonly ShopLine[]) =>
        lines.map(({ line_no, sku: product, qty, price }) => [
          line_no,
          Number(product.slice(-1)),
          Number(qty),
          Number(price),
        ])

      async function orderInOdoo(n: number): Promise<number> {
        const [partner] = await person<{ id: number }[]>('res.partner', 'search_read', {
          domain: [['ref', '=', tandem.mark]],
          fields: ['id'],
        })
        const lines = [1, 2].map((p) => [0, 0, { product_id: products[p - 1], product_uom_qty: p, sequence: p * 10 }])
        const [id = 0] = await person<number[]>('sale.order', 'create', {
          vals_list: [{ partner_id: partner?.id, client_order_ref: code(n), order_line: lines }],
        })
        return id
      }

      it('are created both ways, changed on both sides, and then left alone', async () => {
        await orderInOdoo(1)
        await shop.insert(tandem, code(2), [
          { line_no: 1, sku: sku(3), qty: 4, price: 7.5 },
          { line_no: 2, sku: sku(1), qty: 1, price: 9 },
        ])
        await tandem.settle()
        expect(briefShop(await shop.lines(tandem, code(1)))).toEqual([
          [10, 1, 1, 10],
          [20, 2, 2, 20],
        ])
        expect(brief(await odooLines(2))).toEqual([
          [1, 3, 4, 7.5],
          [2, 1, 1, 9],
        ])
        // What Odoo computes in a line comes back.
        expect((await shop.lines(tandem, code(2))).map(({ subtotal }) => Number(subtotal))).toEqual([30, 9])
        await expectQuiet(tandem)

        // Each side changes another line of one order.
        const before = await odooLines(1)
        await sleep(1100)
        await person('sale.order.line', 'write', { ids: [before[0]?.id], vals: { product_uom_qty: 8 } })
        await shop.setQty(tandem, code(1), 20, 5)
        await tandem.settle()
        const after = await odooLines(1)
        expect(brief(after)).toEqual([
          [10, 1, 8, 10],
          [20, 2, 5, 20],
        ])
        expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id))
        expect(briefShop(await shop.lines(tandem, code(1)))).toEqual(brief(after))
        await expectQuiet(tandem)
      })

      it('are added, taken away and moved, and those that stay are not touched', async () => {
        await orderInOdoo(1)
        await tandem.settle()
        await expectQuiet(tandem)
        const before = await odooLines(1)
        await sleep(1100)
        // From outside: line 10 goes, line 30 comes. Line 20 is not named in any command.
        await shop.remove(tandem, code(1), 10)
        await shop.add(tandem, code(1), { line_no: 30, sku: sku(3), qty: 6, price: 5 })
        await tandem.settle()
        let lines = await odooLines(1)
        expect(brief(lines)).toEqual([
          [20, 2, 2, 20],
          [30, 3, 6, 5],
        ])
        expect(lines[0]).toEqual(before[1])
        await expectQuiet(tandem)

        // A line that is taken away for good and one that comes, in Odoo.
        const [order] = await person<{ id: number }[]>('sale.order', 'search_read', {
          domain: [['client_order_ref', '=', code(1)]],
          fields: ['id'],
        })
        await person('sale.order', 'write', {
          ids: [order?.id],
          vals: {
            order_line: [
              [2, lines[1]?.id, 0],
              [0, 0, { product_id: products[0], product_uom_qty: 9, sequence: 5 }],
            ],
          },
        })
        await tandem.settle(false)
        expect(briefShop(await shop.lines(tandem, code(1)))).toEqual([
          [5, 1, 9, 10],
          [20, 2, 2, 20],
        ])
        await expectQuiet(tandem)

        // Moved: its key changes, so it is another line outside.
        lines = await odooLines(1)
        await person('sale.order.line', 'write', { ids: [lines[0]?.id], vals: { sequence: 40 } })
        await tandem.settle(false)
        expect(briefShop(await shop.lines(tandem, code(1)))).toEqual([
          [20, 2, 2, 20],
          [40, 1, 9, 10],
        ])
        await expectQuiet(tandem)
      })

      it.skipIf(!withCrashes)(
        'survive a kill between any two steps: nothing is lost, doubled or made anew',
        async () => {
          await orderInOdoo(1)
          await tandem.settle()
          const ids = (await odooLines(1)).map(({ id }) => id)
          beside = await openBeside(tandem.configFile, 'orders')
          for (const [n, crashAt] of (['page-staged', 'intended', 'applied', 'settled'] as const).entries()) {
            const [line] = await odooLines(1)
            await person('sale.order.line', 'write', { ids: [line?.id], vals: { product_uom_qty: 10 + n } })
            await shop.setQty(tandem, code(1), 20, 30 + n)
            await shop.add(tandem, code(1), { line_no: 50 + n, sku: sku(3), qty: 1, price: 5 })
            daemon = startDaemon(tandem.configFile, { crashAt })
            expect((await daemon.ended).signal).toBe('SIGKILL')
            daemon = startDaemon(tandem.configFile)
            await beside.settle(daemon)
            await daemon.stop()
            const lines = await odooLines(1)
            const added = Array.from({ length: n + 1 }, (_, each) => [50 + each, 3, 1, 5])
            expect(brief(lines)).toEqual([[10, 1, 10 + n, 10], [20, 2, 30 + n, 20], ...added])
            expect(briefShop(await shop.lines(tandem, code(1)))).toEqual(brief(lines))
            expect(lines.slice(0, 2).map(({ id }) => id)).toEqual(ids)
            expect(await beside.faults()).toEqual([])
            expect(await beside.differences()).toEqual([])
          }
        },
      )

      it('of a confirmed order that Odoo will not give up are told in one message', async () => {
        const id = await orderInOdoo(1)
        await tandem.settle()
        await person('sale.order', 'action_confirm', { ids: [id] })
        await tandem.settle()
        await shop.remove(tandem, code(1), 10)
        await tandem.settle()
        const [dead] = await tandem.app().ledger.changes('orders', { state: 'dead', limit: 10 })
        const [line] = await odooLines(1)
        expect(dead?.change.fault?.message).toMatch(/can't remove one of its lines|can not remove an order line/)
        expect(dead?.change.fault?.message).toContain(`removes line ${line?.id} (sequence 10)`)
        // Put right by a person, the dead letter goes by itself.
        await shop.add(tandem, code(1), { line_no: 10, sku: sku(1), qty: 1, price: 10, subtotal: 10 })
        await tandem.settle()
        expect(await tandem.app().ledger.countChanges('orders', { state: 'dead' })).toBe(0)
        await expectQuiet(tandem)
      })
    },
  )
}
