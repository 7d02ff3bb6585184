import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Daemon, startDaemon } from '../crash/daemon.ts'
import { hasOdooDatabaseAccess, realOdoo } from './environment.ts'
import { hasMysql, type MysqlBench, mysqlBench } from './mysql-bench.ts'
import { asPerson } from './person.ts'

const TABLES = `
create table customers (id int auto_increment primary key, code varchar(60) collate utf8mb4_bin unique, full_name varchar(200),
  email varchar(200), phone varchar(60), country char(2), archived boolean not null default false);
create table orders (id int auto_increment primary key, code varchar(60) collate utf8mb4_bin unique, customer int, note varchar(200),
  foreign key (customer) references customers (id));
create table order_lines (order_id int not null, line_no int not null, sku varchar(60) not null, qty decimal(12, 2) not null,
  price decimal(12, 2), primary key (order_id, line_no), foreign key (order_id) references orders (id))`

const mappings = (mark: string): Readonly<Record<string, string>> => ({
  customers: `
mapping: customers
odoo: { connection: erp, model: res.partner, domain: [[ref, "=like", "${mark}%"]], key: ref }
external: { connection: shop, collection: { table: customers, archive: { column: archived, value: true } }, key: code }
fields:
  - { odoo: name, external: full_name }
  - { odoo: email, external: email }
  - { odoo: phone, external: phone }
  - { odoo: country_id, external: country, lookup: { model: res.country, by: code } }
  - { odoo: active, external: archived, transform: not }
deletes: { from_odoo: archive, from_external: archive }
schedule: every 1s
deep: every 3s`,
  orders: `
mapping: orders
odoo: { connection: erp, model: sale.order, domain: [[client_order_ref, "=like", "${mark}%"]], key: client_order_ref, archive: null }
external:
  connection: shop
  collection: { table: orders, children: { lines: { table: order_lines, parent: order_id } } }
  key: code
fields:
  - { odoo: partner_id, external: customer, link: customers }
  - { odoo: origin, external: note }
lines:
  - odoo: order_line
    external: lines
    key: { odoo: sequence, external: line_no }
    fields:
      - { odoo: product_id, external: sku, lookup: { model: product.product, by: default_code } }
      - { odoo: product_uom_qty, external: qty }
      - { odoo: price_unit, external: price }
schedule: every 1s
deep: every 3s`,
})

describe.skipIf(!hasMysql || !hasOdooDatabaseAccess)('the daemon between a real Odoo 19 and a real MariaDB', () => {
  let bench: MysqlBench
  let folder: string
  let mark: string
  let daemon: Daemon
  const odoo = realOdoo('19')
  const run = (): Daemon => startDaemon(join(folder, 'config.yaml'), { command: ['src/main.ts', 'run', '--config'] })

  beforeEach(async () => {
    bench = await mysqlBench()
    await bench.person.query(TABLES)
    mark = `y-${randomUUID().slice(0, 8)}`
    folder = mkdtempSync(join(tmpdir(), 'tandem-mysql-'))
    mkdirSync(join(folder, 'mappings'))
    for (const [name, text] of Object.entries(mappings(mark)))
      writeFileSync(join(folder, 'mappings', `${name}.yaml`), text)
    writeFileSync(
      join(folder, 'config.yaml'),
      `ledger: { file: ./tandem.db }
server: { listen: off }
connections:
  erp: { type: odoo, url: "${odoo.url}", database: "${odoo.database}", api_key: "${odoo.apiKey}" }
  shop: { type: mysql, url: "${bench.url}" }
`,
    )
  })

  afterEach(async () => {
    await daemon.stop()
    await bench.tearDown()
    rmSync(folder, { recursive: true, force: true })
  })

  async function rows(sql: string): Promise<readonly Record<string, unknown>[]> {
    const [found] = await bench.person.query(sql)
    return found as unknown as Record<string, unknown>[]
  }

  const partners = () =>
    asPerson<Record<string, unknown>[]>('res.partner', 'search_read', {
      domain: [['ref', '=like', `${mark}%`]],
      fields: ['name', 'ref', 'email', 'phone', 'active', 'write_date'],
      order: 'ref',
      context: { active_test: false },
    })

  /** What it said where it did not find all in step. */
  const verify = (name: string): Promise<string> =>
    new Promise((resolve) => {
      const args = ['src/main.ts', 'verify', name, '--config', join(folder, 'config.yaml')]
      execFile(process.execPath, args, (error, stdout, stderr) =>
        resolve(error === null ? '' : `${error.code}: ${stdout}${stderr}`),
      )
    })

  it('syncs customers and orders with lines both ways, over a crash of the daemon, and then rests', async () => {
    const [product = 0] = await asPerson<number[]>('product.product', 'create', {
      vals_list: [{ name: 'Desk', default_code: `${mark}-desk`, list_price: 10 }],
    })
    await bench.person.query(
      `insert into customers (code, full_name, country) values ('${mark}-A', 'Ann 🙂', 'BE');
       insert into orders (code, customer, note) values ('${mark}-1', 1, 'first');
       insert into order_lines values (1, 10, '${mark}-desk', 2, 9.5)`,
    )
    daemon = run()
    await expect.poll(partners, { timeout: 60_000 }).toMatchObject([{ name: 'Ann 🙂', active: true }])
    const orders = () =>
      asPerson<Record<string, unknown>[]>('sale.order', 'search_read', {
        domain: [['client_order_ref', '=like', `${mark}%`]],
        fields: ['origin', 'amount_untaxed', 'order_line'],
        order: 'client_order_ref',
      })
    await expect.poll(orders, { timeout: 60_000 }).toMatchObject([{ origin: 'first', amount_untaxed: 19 }])

    // Both sides go on while the daemon is dead.
    await daemon.kill()
    const [ann] = await partners()
    const [order] = await orders()
    await asPerson('res.partner', 'write', { ids: [ann?.id], vals: { phone: '7' } })
    await asPerson('res.partner', 'create', { vals_list: [{ name: 'Bob', ref: `${mark}-B` }] })
    await asPerson('sale.order', 'write', {
      ids: [order?.id],
      vals: { order_line: [[0, 0, { product_id: product, sequence: 20, product_uom_qty: 1, price_unit: 3 }]] },
    })
    await bench.person.query(`update customers set email = 'ann@x.example'; update order_lines set price = 12`)
    daemon = run()
    await expect
      .poll(() => rows('select code, full_name, email, phone from customers order by code'), { timeout: 60_000 })
      .toEqual([
        { code: `${mark}-A`, full_name: 'Ann 🙂', email: 'ann@x.example', phone: '7' },
        { code: `${mark}-B`, full_name: 'Bob', email: null, phone: null },
      ])
    await expect
      .poll(() => rows('select line_no, qty, price from order_lines order by line_no'), { timeout: 60_000 })
      .toEqual([
        { line_no: 10, qty: '2.00', price: '12.00' },
        { line_no: 20, qty: '1.00', price: '3.00' },
      ])
    await expect.poll(orders, { timeout: 60_000 }).toMatchObject([{ amount_untaxed: 27 }])
    await expect
      .poll(partners, { timeout: 60_000 })
      .toMatchObject([{ email: 'ann@x.example', phone: '7' }, { name: 'Bob' }])

    await expect.poll(() => rows('select 1 from tandem_change'), { timeout: 20_000 }).toEqual([])
    const before = [await partners(), await rows('select * from customers'), await rows('select * from order_lines')]
    const [notes] = await rows(
      "select auto_increment as n from information_schema.tables where table_name = 'tandem_change' and table_schema = database()",
    )
    await new Promise((resolve) => setTimeout(resolve, 5000))
    expect([await partners(), await rows('select * from customers'), await rows('select * from order_lines')]).toEqual(
      before,
    )
    const [later] = await rows(
      "select auto_increment as n from information_schema.tables where table_name = 'tandem_change' and table_schema = database()",
    )
    expect(later).toEqual(notes)
    expect(await verify('customers')).toBe('')
    expect(await verify('orders')).toBe('')

    await bench.person.query(`update customers set archived = true where code = '${mark}-B'`)
    await expect.poll(partners, { timeout: 60_000 }).toMatchObject([{ active: true }, { active: false }])
  })
})
