import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSetup } from '../../src/app.ts'
import { type SandboxOdoo, startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'
import { runInProcess } from '../cli/in-process.ts'

interface Recipe {
  readonly title: string
  readonly mappings: readonly string[]
  readonly sql: string | null
}

const recipes = readFileSync('docs/cookbook.md', 'utf8')
  .split(/^## /m)
  .slice(1)
  .map((text): Recipe => {
    const blocks = (language: string) =>
      [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, block = '']) => block)
    return { title: text.split('\n')[0] ?? '', mappings: blocks('yaml'), sql: blocks('sql')[0] ?? null }
  })

interface Kitchen {
  readonly odoo: SandboxOdoo
  readonly shop: Database.Database
  /** Columns of a row or of all, in the order of the first column. */
  rows(sql: string): unknown[]
  partners(fields: readonly string[]): unknown[]
  sync(...options: readonly string[]): Promise<void>
}

/** What each recipe is for, seen to happen. */
const TASTES: Readonly<Record<string, (kitchen: Kitchen) => Promise<void>>> = {
  async 'One way, out of Odoo'({ odoo, shop, rows, sync }) {
    const [ada = 0] = odoo.as('admin').create('res.partner', [{ name: 'Ada', email: 'ada@example.com' }])
    shop.exec("insert into contacts (name) values ('Made here')")
    await sync()
    expect(rows(`select name, email from contacts where odoo_id = '${ada}'`)).toEqual([
      { name: 'Ada', email: 'ada@example.com' },
    ])
    expect(odoo.as('admin').search('res.partner', [['name', '=', 'Made here']])).toEqual([])
  },
  async 'One way, into Odoo'({ odoo, shop, partners, rows, sync }) {
    shop.exec("insert into customers (code, full_name, email) values ('C-1', 'Ada', 'ada@example.com')")
    odoo.as('admin').create('res.partner', [{ name: 'Bo', ref: 'C-2' }])
    await sync()
    expect(partners(['ref', 'name', 'customer_rank'])).toEqual([
      { ref: 'C-1', name: 'Ada', customer_rank: 1 },
      { ref: 'C-2', name: 'Bo', customer_rank: 0 },
    ])
    expect(rows('select code from customers')).toEqual([{ code: 'C-1' }])
  },
  async 'Only some records'({ odoo, rows, sync }) {
    const [acme = 0] = odoo.as('admin').create('res.partner', [
      { name: 'Acme', ref: 'A', email: 'acme@example.com', is_company: true },
      { name: 'Silent', ref: 'B', is_company: true },
      { name: 'Ada', ref: 'C', email: 'ada@example.com' },
    ])
    await sync()
    expect(rows('select code, archived from companies')).toEqual([{ code: 'A', archived: 0 }])
    odoo.as('admin').write('res.partner', [acme], { is_company: false })
    await sync('--sweep')
    expect(rows('select code, archived from companies')).toEqual([{ code: 'A', archived: 1 }])
  },
  async 'Only what is there already'({ odoo, shop, partners, sync }) {
    odoo.as('admin').create('res.partner', [{ name: 'Ada', ref: 'A' }])
    shop.exec("insert into phones values ('A', '1'), ('B', '2')")
    await sync()
    expect(partners(['ref', 'phone'])).toEqual([{ ref: 'A', phone: '1' }])
    odoo.as('admin').create('res.partner', [{ name: 'Bo', ref: 'B' }])
    await sync('--sweep')
    expect(partners(['ref', 'phone'])).toEqual([
      { ref: 'A', phone: '1' },
      { ref: 'B', phone: '2' },
    ])
  },
  async 'Existing customers on both sides'({ odoo, shop, partners, rows, sync }) {
    odoo.as('admin').create('res.partner', [
      { name: 'Ada', email: 'Ada@example.com', customer_rank: 1 },
      { name: 'Bo', email: 'bo@example.com', customer_rank: 1 },
    ])
    shop.exec("insert into customers (code, full_name, email) values ('C-1', 'Ada', 'ada@example.com')")
    await sync()
    expect(rows('select full_name from customers order by full_name')).toEqual([
      { full_name: 'Ada' },
      { full_name: 'Bo' },
    ])
    expect(partners(['name', 'ref'])).toEqual([
      { name: 'Ada', ref: 'C-1' },
      { name: 'Bo', ref: expect.stringMatching(/^ODOO-\d+$/) },
    ])
  },
  async 'Two sources, one model'({ odoo, shop, partners, rows, sync }) {
    shop.exec(
      "insert into customers_eu (code, name) values ('EU-1', 'Ada'); insert into customers_us (code, name) values ('US-1', 'Bo')",
    )
    odoo.as('admin').create('res.partner', [{ name: 'Cy', ref: 'US-2' }])
    await sync()
    expect(partners(['ref'])).toEqual([{ ref: 'EU-1' }, { ref: 'US-1' }, { ref: 'US-2' }])
    expect(rows('select code from customers_us order by code')).toEqual([{ code: 'US-1' }, { code: 'US-2' }])
    expect(rows('select code from customers_eu')).toEqual([{ code: 'EU-1' }])
  },
  async 'Rename and convert'({ odoo, shop, partners, rows, sync }) {
    odoo
      .as('admin')
      .create('res.partner', [{ name: 'Ada', ref: 'A', type: 'invoice', vat: 'be0477472701', customer_rank: 3 }])
    shop.exec(
      "insert into addresses (code, title, kind, tax_number, level, hidden) values ('B', 'Bo', 'shipping', null, '2', 0)",
    )
    await sync()
    expect(rows("select title, kind, tax_number, level, hidden from addresses where code = 'A'")).toEqual([
      { title: 'Ada', kind: 'billing', tax_number: 'BE0477472701', level: '3', hidden: 0 },
    ])
    expect(partners(['ref', 'type', 'customer_rank'])[1]).toEqual({ ref: 'B', type: 'delivery', customer_rank: 2 })
  },
  async 'A calculated value'({ odoo, rows, sync }) {
    odoo.as('admin').create('res.partner', [
      { name: 'Ada', ref: 'A', city: 'London', customer_rank: 1 },
      { name: 'Bo', ref: 'B' },
    ])
    await sync()
    expect(rows('select label, is_known from labels order by code')).toEqual([
      { label: 'Ada, London', is_known: 1 },
      { label: 'Bo', is_known: 0 },
    ])
  },
  async 'Countries and tags'({ odoo, shop, rows, partners, sync }) {
    const [germany = 0] = odoo.as('admin').search('res.country', [['code', '=', 'DE']])
    odoo.as('admin').create('res.partner', [{ name: 'Ada', ref: 'A', country_id: germany }])
    shop.exec("insert into places (code, name, country, tags) values ('B', 'Bo', 'de', 'new, wholesale')")
    await sync()
    expect(rows("select country from places where code = 'A'")).toEqual([{ country: 'DE' }])
    const [, bo] = partners(['ref', 'country_id', 'category_id']) as { country_id: [number]; category_id: number[] }[]
    expect(bo?.country_id[0]).toBe(germany)
    const names = odoo.as('admin').read('res.partner.category', bo?.category_id ?? [], ['name'])
    expect(names.map(({ name }) => name).sort()).toEqual(['new', 'wholesale'])
  },
  async 'A company and its contacts'({ odoo, shop, rows, sync }) {
    shop.exec("insert into people (code, name, employer) values ('P', 'Ada', 'Z'), ('Z', 'Acme', null)")
    await sync()
    const admin = odoo.as('admin')
    const [ada] = admin.read('res.partner', admin.search('res.partner', [['ref', '=', 'P']]), ['parent_id'])
    const [acme = 0] = admin.search('res.partner', [['ref', '=', 'Z']])
    expect(ada?.parent_id).toEqual([acme, expect.any(String)])
    admin.create('res.partner', [{ name: 'Bo', ref: 'Q', parent_id: acme }])
    await sync()
    expect(rows("select employer from people where code = 'Q'")).toEqual([{ employer: 'Z' }])
  },
  async Pictures({ odoo, rows, sync }) {
    odoo.as('admin').create('res.partner', [{ name: 'Ada', ref: 'A', image_1920: PIXEL }])
    await sync()
    const [row] = rows("select picture from portraits where code = 'A'") as { picture: Buffer }[]
    expect(row?.picture.toString('base64')).toBe(PIXEL)
  },
  async 'An owner for each field'({ odoo, shop, rows, partners, sync }) {
    const [ada = 0] = odoo.as('admin').create('res.partner', [{ name: 'Ada', ref: 'A', email: 'ada@example.com' }])
    await sync()
    odoo.as('admin').write('res.partner', [ada], { email: 'odoo@example.com', phone: '1' })
    shop.exec("update owners set full_name = 'Wrong'")
    await sync()
    await sync()
    expect(partners(['name', 'email'])).toEqual([{ name: 'Ada', email: 'ada@example.com' }])
    expect(rows('select full_name, email, phone from owners')).toEqual([
      { full_name: 'Ada', email: 'ada@example.com', phone: '1' },
    ])
  },
  async 'A person decides'({ odoo, shop, rows, partners, sync }) {
    const [ada = 0] = odoo.as('admin').create('res.partner', [{ name: 'Ada', ref: 'A', vat: '1' }])
    await sync()
    odoo.as('admin').write('res.partner', [ada], { name: 'Ada O', vat: '2' })
    shop.exec("update careful set name = 'Ada S', tax_number = '3'")
    await sync()
    expect(rows('select name, tax_number from careful')).toEqual([{ name: 'Ada O', tax_number: '3' }])
    expect(partners(['name', 'vat'])).toEqual([{ name: 'Ada O', vat: '2' }])
  },
  async 'Soft deletes'({ odoo, shop, rows, partners, sync }) {
    const [ada = 0] = odoo.as('admin').create('res.partner', [
      { name: 'Ada', ref: 'A' },
      { name: 'Bo', ref: 'B' },
    ])
    await sync()
    odoo.as('admin').write('res.partner', [ada], { active: false })
    shop.exec("update members set gone = 1 where code = 'B'")
    await sync()
    expect(rows('select code, gone from members order by code')).toEqual([
      { code: 'A', gone: 1 },
      { code: 'B', gone: 1 },
    ])
    expect(partners(['ref', 'active'])).toEqual([
      { ref: 'A', active: false },
      { ref: 'B', active: false },
    ])
  },
}

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

describe('the cookbook', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-cookbook-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** A folder with the recipe's mappings, as a reader of it would make it. */
  function kitchenOf({ title, mappings, sql }: Recipe, odoo: SandboxOdoo | null): string {
    const place = join(folder, title.replace(/\W+/g, '-'))
    mkdirSync(join(place, 'mappings'), { recursive: true })
    for (const [at, text] of mappings.entries()) writeFileSync(join(place, 'mappings', `${at}.yaml`), text)
    const { url = 'http://127.0.0.1:9', database = 'x', apiKey = 'x' } = odoo ?? {}
    const erp = `{ type: odoo, url: "${url}", database: "${database}", api_key: "${apiKey}" }`
    writeFileSync(
      join(place, 'config.yaml'),
      `ledger: { file: ./tandem.db }\nconnections:\n  erp: ${erp}\n  shop: { type: sqlite, file: ./shop.db }\n`,
    )
    if (sql !== null) new Database(join(place, 'shop.db')).exec(sql).close()
    return join(place, 'config.yaml')
  }

  test('has a taste for every recipe that can be run', () => {
    const runnable = recipes.filter(({ sql }) => sql !== null).map(({ title }) => title)
    expect(Object.keys(TASTES).sort()).toEqual(runnable.sort())
    expect(recipes.length).toBeGreaterThanOrEqual(15)
  })

  test.each(recipes)('$title: is a configuration', (recipe) => {
    const { files } = readSetup(kitchenOf({ ...recipe, sql: null }, null), {})
    expect(files).toHaveLength(recipe.mappings.length)
    expect(files.length).toBeGreaterThan(0)
  })

  test.each(recipes.filter(({ sql }) => sql !== null))('$title: does what it says', async (recipe) => {
    const odoo = await startSandboxOdoo()
    const config = kitchenOf(recipe, odoo)
    const shop = new Database(join(config, '..', 'shop.db'))
    const own = new Set(odoo.as('admin').search('res.partner', [['active', 'in', [true, false]]]))
    try {
      await TASTES[recipe.title]?.({
        ...{ odoo, shop },
        rows: (sql) => shop.prepare(sql).all(),
        partners(fields) {
          const admin = odoo.as('admin')
          const ids = admin.search('res.partner', [['active', 'in', [true, false]]]).filter((each) => !own.has(each))
          const found = admin.read('res.partner', ids, fields).map(({ id: _, ...values }) => values)
          const [first = ''] = fields
          return found.sort((a, b) => String(a[first]).localeCompare(String(b[first])))
        },
        async sync(...options) {
          const { code, stderr, stdout } = await runInProcess(config, ['sync', ...options])
          expect([code, stderr + stdout]).toEqual([
            recipe.title === 'A person decides' ? expect.any(Number) : 0,
            stderr + stdout,
          ])
        },
      })
    } finally {
      shop.close()
      await odoo.close()
    }
  })
})
