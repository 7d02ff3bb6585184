import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { hasOdooDatabaseAccess } from './environment.ts'
import { asPerson } from './person.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

const TABLE = `
  CREATE TABLE tags (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    color int UNIQUE,
    name text,
    name_fr text,
    name_nl text
  )`

/** Partner tags, told apart by their color: a model with a translated field, and nothing else in the way. */
function mapping(low: number, options = ''): (mark: string, schema: string) => string {
  return (_, schema) => `
mapping: customers
odoo:
  connection: erp
  model: res.partner.category
  domain: [[color, ">=", ${low}], [color, "<", ${low + 10}]]
  key: color
  ${options}
external:
  connection: shop
  collection: { table: ${schema}.tags, capture: triggers }
  key: color
fields:
  - { odoo: name, external: name }
  - { odoo: name@fr_FR, external: name_fr }
  - { odoo: name@nl_NL, external: name_nl }
deletes: { from_odoo: ignore, from_external: ignore }
`
}

let tandem: RealTandem
afterEach(() => tandem?.close())

async function expectQuiet(): Promise<void> {
  tandem.events.length = 0
  await tandem.settle()
  await tandem.settle()
  expect(tandem.events).toEqual([])
  expect(await tandem.differences()).toEqual([])
}

async function shop(): Promise<readonly Record<string, unknown>[]> {
  return (await tandem.shop.query('SELECT color, name, name_fr, name_nl FROM tags ORDER BY color')).rows
}

async function nameIn(color: number, lang: string): Promise<unknown> {
  const [row] = await asPerson<{ name: string }[]>('res.partner.category', 'search_read', {
    domain: [['color', '=', color]],
    fields: ['name'],
    context: { lang },
  })
  return row?.name
}

async function write(color: number, name: string, lang: string): Promise<void> {
  const [row] = await asPerson<{ id: number }[]>('res.partner.category', 'search_read', {
    domain: [['color', '=', color]],
    fields: ['color'],
  })
  await asPerson('res.partner.category', 'write', { ids: [row?.id], vals: { name }, context: { lang } })
}

describe.skipIf(!hasOdooDatabaseAccess)('a field in several languages of a real Odoo', () => {
  beforeAll(async () => {
    const languages = await asPerson<{ id: number }[]>('res.lang', 'search_read', {
      domain: [['code', 'in', ['fr_FR', 'nl_NL']]],
      fields: ['code'],
      context: { active_test: false },
    })
    const [wizard] = await asPerson<number[]>('base.language.install', 'create', {
      vals_list: [{ lang_ids: [[6, 0, languages.map(({ id }) => id)]] }],
    })
    await asPerson('base.language.install', 'lang_install', { ids: [wizard] })
  })

  it('goes both ways, each language by itself', async () => {
    tandem = await openRealTandem({ table: TABLE, mapping: mapping(100) })
    await asPerson('res.partner.category', 'create', { vals_list: [{ name: 'Gold', color: 100 }] })
    await write(100, 'Or', 'fr_FR')
    await tandem.shop.query(`INSERT INTO tags (color, name, name_fr) VALUES (101, 'Silver', 'Argent')`)
    await tandem.settle()
    // What has no translation shows the source text.
    expect(await shop()).toEqual([
      { color: 100, name: 'Gold', name_fr: 'Or', name_nl: 'Gold' },
      { color: 101, name: 'Silver', name_fr: 'Argent', name_nl: null },
    ])
    expect([await nameIn(101, 'en_US'), await nameIn(101, 'fr_FR'), await nameIn(101, 'nl_NL')]).toEqual([
      'Silver',
      'Argent',
      'Silver',
    ])
    await expectQuiet()

    await tandem.shop.query(`UPDATE tags SET name_nl = 'Goud', name_fr = 'Doré' WHERE color = 100`)
    await tandem.settle()
    expect([await nameIn(100, 'en_US'), await nameIn(100, 'fr_FR'), await nameIn(100, 'nl_NL')]).toEqual([
      'Gold',
      'Doré',
      'Goud',
    ])
    await write(100, 'Jaune', 'fr_FR')
    await tandem.settle()
    expect((await shop())[0]).toEqual({ color: 100, name: 'Gold', name_fr: 'Jaune', name_nl: 'Goud' })
    await expectQuiet()
  })

  it('loses a translation that is emptied, and no other', async () => {
    tandem = await openRealTandem({ table: TABLE, mapping: mapping(110) })
    await tandem.shop.query(`INSERT INTO tags (color, name, name_fr, name_nl) VALUES (110, 'Gold', 'Or', 'Goud')`)
    await tandem.settle()
    expect(await nameIn(110, 'fr_FR')).toBe('Or')
    await tandem.shop.query('UPDATE tags SET name_fr = NULL')
    await tandem.settle()
    expect([await nameIn(110, 'en_US'), await nameIn(110, 'fr_FR'), await nameIn(110, 'nl_NL')]).toEqual([
      'Gold',
      'Gold',
      'Goud',
    ])
    await expectQuiet()
  })

  it('may be the language of the whole mapping', async () => {
    tandem = await openRealTandem({ table: TABLE, mapping: mapping(120, 'lang: fr_FR') })
    await asPerson('res.partner.category', 'create', { vals_list: [{ name: 'Gold', color: 120 }] })
    await write(120, 'Or', 'fr_FR')
    await tandem.settle()
    expect(await shop()).toMatchObject([{ name: 'Or', name_fr: 'Or', name_nl: 'Gold' }])
  })

  it('is refused at its place where it is not installed or not allowed', async () => {
    const problems = async (options: string): Promise<unknown> => {
      tandem = await openRealTandem({ table: TABLE, mapping: mapping(130, options) })
      return tandem
        .runner()
        .catch((error: { problems: { message: string }[] }) => error.problems[0]?.message)
        .finally(() => tandem.close())
    }
    expect(await problems('lang: it_IT')).toMatch(
      /the language "it_IT" is not installed in Odoo. Install it there, or take one of .*fr_FR/,
    )
    expect(await problems('companies: [1, 99]')).toMatch(
      /may not work in company 99, or there is none. .* it may work in 1/,
    )
    tandem = await openRealTandem({ table: TABLE, mapping: mapping(130) })
  })
})

describe.skipIf(!hasOdooDatabaseAccess)('a mapping in a company of a real Odoo', () => {
  const PARTNERS = `CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, full_name text, barcode text)`
  const inCompany =
    (company: number) =>
    (mark: string, schema: string): string =>
      `
mapping: customers
odoo: { connection: erp, model: res.partner, domain: [[function, "=", "${mark}"]], key: ref, defaults: { function: "${mark}" }, companies: [${company}] }
external: { connection: shop, collection: { table: ${schema}.customers, capture: triggers }, key: code }
fields:
  - { odoo: name, external: full_name }
  - { odoo: barcode, external: barcode }
deletes: { from_odoo: ignore, from_external: ignore }
`

  it('reads and writes the values of that company', async () => {
    const [company = 0] = await asPerson<number[]>('res.company', 'create', {
      vals_list: [{ name: `Second ${Date.now()}` }],
    })
    const [bot] = await asPerson<{ id: number }[]>('res.users', 'search_read', {
      domain: [['login', '=', 'tandem']],
      fields: ['login'],
    })
    await asPerson('res.users', 'write', { ids: [bot?.id], vals: { company_ids: [[4, company]] } })
    tandem = await openRealTandem({ table: PARTNERS, mapping: inCompany(company) })
    const id = await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A`, barcode: `${tandem.mark}1` })
    const barcodes = async (): Promise<unknown[]> => {
      const of = async (context: object) =>
        (await asPerson<{ barcode: unknown }[]>('res.partner', 'read', { ids: [id], fields: ['barcode'], context }))[0]
          ?.barcode
      return [await of({ allowed_company_ids: [1] }), await of({ allowed_company_ids: [company] })]
    }
    await tandem.settle()
    expect((await tandem.customers())[0]).toMatchObject({ barcode: null })
    await tandem.shop.query('UPDATE customers SET barcode = $1', [`${tandem.mark}2`])
    await tandem.settle()
    expect(await barcodes()).toEqual([`${tandem.mark}1`, `${tandem.mark}2`])
    await asPerson('res.partner', 'write', {
      ids: [id],
      vals: { barcode: `${tandem.mark}3` },
      context: { allowed_company_ids: [company] },
    })
    await tandem.settle()
    expect((await tandem.customers())[0]).toMatchObject({ barcode: `${tandem.mark}3` })
    await expectQuiet()
  })
})
