import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'
import { expectQuiet } from './expect-quiet.ts'
import { personOf } from './person.ts'
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

/** Translated fields, and fields that each company has its own value of. */
export function describeLanguages(series: OdooSeries, protocol: Protocol): void {
  describe.skipIf(!hasRealOdoo(series))(`Odoo ${series}`, () => cases(series, protocol))
}

function cases(series: OdooSeries, protocol: Protocol): void {
  const odoo = realOdoo(series)
  const person = personOf(odoo)
  let tandem: RealTandem
  afterEach(() => tandem?.close())

  async function shop(): Promise<readonly Record<string, unknown>[]> {
    return (await tandem.shop.query('SELECT color, name, name_fr, name_nl FROM tags ORDER BY color')).rows
  }

  async function nameIn(color: number, lang: string): Promise<unknown> {
    const [row] = await person<{ name: string }[]>('res.partner.category', 'search_read', {
      domain: [['color', '=', color]],
      fields: ['name'],
      context: { lang },
    })
    return row?.name
  }

  async function write(color: number, name: string, lang: string): Promise<void> {
    const [row] = await person<{ id: number }[]>('res.partner.category', 'search_read', {
      domain: [['color', '=', color]],
      fields: ['color'],
    })
    await person('res.partner.category', 'write', { ids: [row?.id], vals: { name }, context: { lang } })
  }

  /** What installs the languages: one wizard for all of them, and one for each on 14. */
  async function languageWizards(): Promise<Readonly<Record<string, unknown>>[]> {
    const codes = ['fr_FR', 'nl_NL']
    if (series === '14') return codes.map((lang) => ({ lang }))
    const languages = await person<{ id: number }[]>('res.lang', 'search_read', {
      domain: [['code', 'in', codes]],
      fields: ['code'],
      context: { active_test: false },
    })
    return [{ lang_ids: [[6, 0, languages.map(({ id }) => id)]] }]
  }

  describe(`a field in several languages of a real Odoo ${series} over ${protocol}`, () => {
    beforeAll(async () => {
      for (const vals of await languageWizards()) {
        const [wizard] = await person<number[]>('base.language.install', 'create', { vals_list: [vals] })
        await person('base.language.install', 'lang_install', { ids: [wizard] })
      }
    })

    it('goes both ways, each language by itself', async () => {
      tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping: mapping(100) })
      await person('res.partner.category', 'create', { vals_list: [{ name: 'Gold', color: 100 }] })
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
      await expectQuiet(tandem)

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
      await expectQuiet(tandem)
    })

    it('loses a translation that is emptied, and no other', async () => {
      tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping: mapping(110) })
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
      await expectQuiet(tandem)
    })

    it('may be the language of the whole mapping', async () => {
      tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping: mapping(120, 'lang: fr_FR') })
      await person('res.partner.category', 'create', { vals_list: [{ name: 'Gold', color: 120 }] })
      await write(120, 'Or', 'fr_FR')
      await tandem.settle()
      expect(await shop()).toMatchObject([{ name: 'Or', name_fr: 'Or', name_nl: 'Gold' }])
    })

    it('is refused at its place where it is not installed or not allowed', async () => {
      const problems = async (options: string): Promise<unknown> => {
        tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping: mapping(130, options) })
        return tandem
          .runner()
          .catch((error: { problems: { message: string }[] }) => error.problems[0]?.message)
          .finally(() => tandem.close())
      }
      expect(await problems('lang: it_IT')).toMatch(
        /the language "it_IT" is not installed in Odoo. Install it there, or take one of .*fr_FR/,
      )
      expect(await problems('companies: [1, 99]')).toMatch(
        /may not work in company 99, or there is none. .* it may work in /,
      )
      tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping: mapping(130) })
    })
  })

  describe(`a mapping in a company of a real Odoo ${series} over ${protocol}`, () => {
    const PARTNERS = `CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, full_name text, own text)`
    // On 14 an ordinary user may not search by such a field, and Odoo searches by a barcode that is written.
    const field = series === '19' ? 'barcode' : 'property_payment_term_id'
    const lookup = series === '19' ? '' : ', lookup: { model: account.payment.term, by: name }'
    const inCompany =
      (company: number) =>
      (mark: string, schema: string): string =>
        `
mapping: customers
odoo: { connection: erp, model: res.partner, domain: [[function, "=", "${mark}"]], key: ref, defaults: { function: "${mark}" }, companies: [${company}] }
external: { connection: shop, collection: { table: ${schema}.customers, capture: triggers }, key: code }
fields:
  - { odoo: name, external: full_name }
  - { odoo: ${field}, external: own${lookup} }
deletes: { from_odoo: ignore, from_external: ignore }
`
    const value = (n: number): string => `${tandem.mark}${n}`
    /** What is written to Odoo for it. */
    async function written(n: number): Promise<unknown> {
      if (series === '19') return value(n)
      const [id] = await person<number[]>('account.payment.term', 'create', { vals_list: [{ name: value(n) }] })
      return id
    }

    it('reads and writes the values of that company', async () => {
      const [company = 0] = await person<number[]>('res.company', 'create', {
        vals_list: [{ name: `Second ${Date.now()}` }],
      })
      const [bot] = await person<{ id: number }[]>('res.users', 'search_read', {
        domain: [['login', '=', 'tandem']],
        fields: ['login'],
      })
      await person('res.users', 'write', { ids: [bot?.id], vals: { company_ids: [[4, company]] } })
      tandem = await openRealTandem({ odoo, protocol, table: PARTNERS, mapping: inCompany(company) })
      const id = await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A`, [field]: await written(1) })
      const values = async (): Promise<unknown[]> => {
        const of = async (context: object): Promise<unknown> => {
          const [row] = await person<Record<string, unknown>[]>('res.partner', 'read', {
            ids: [id],
            fields: [field],
            context,
          })
          const read = row?.[field]
          return Array.isArray(read) ? read[1] : read
        }
        return [await of({ allowed_company_ids: [1] }), await of({ allowed_company_ids: [company] })]
      }
      await tandem.settle()
      expect((await tandem.customers())[0]).toMatchObject({ own: null })
      await written(2)
      await tandem.shop.query('UPDATE customers SET own = $1', [value(2)])
      await tandem.settle()
      expect(await values()).toEqual([value(1), value(2)])
      await person('res.partner', 'write', {
        ids: [id],
        vals: { [field]: await written(3) },
        context: { allowed_company_ids: [company] },
      })
      await tandem.settle()
      expect((await tandem.customers())[0]).toMatchObject({ own: value(3) })
      await expectQuiet(tandem)
    })
  })
}
