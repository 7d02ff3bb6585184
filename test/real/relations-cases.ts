import { afterEach, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'
import { expectQuiet } from './expect-quiet.ts'
import { personOf } from './person.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

const TABLE = `
  CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text UNIQUE,
    full_name text,
    tags text[],
    tags_text text,
    title text,
    country_code text,
    country_fr text,
    tag_names jsonb,
    company_country text,
    parent bigint REFERENCES customers (id)
  )`

function mapping(fields: string): (mark: string, schema: string) => string {
  return (mark, schema) => `
mapping: customers
odoo:
  connection: erp
  model: res.partner
  domain: [[function, "=", "${mark}"]]
  key: ref
  defaults: { function: "${mark}" }
external:
  connection: shop
  collection: { table: ${schema}.customers, capture: triggers }
  key: code
fields:
  - { odoo: name, external: full_name }
${fields.replaceAll('MARK', mark)}
deletes: { from_odoo: ignore, from_external: ignore }
schedule: every 1s
deep: every 5s
`
}

const TAGS =
  '  - { odoo: category_id, external: tags, lookup: { model: res.partner.category, by: name, create: true, defaults: { color: 7 } } }'

/** References, sets of them and values of other records, between a real Odoo and a real PostgreSQL. */
export function describeRelations(series: OdooSeries, protocol: Protocol): void {
  describe.skipIf(!hasRealOdoo(series))(`Odoo ${series}`, () => cases(series, protocol))
}

function cases(series: OdooSeries, protocol: Protocol): void {
  const odoo = realOdoo(series)
  const person = personOf(odoo)
  let tandem: RealTandem
  afterEach(() => tandem?.close())

  const tag = (name: string): string => `${tandem.mark} ${name}`

  async function tagIds(...names: string[]): Promise<number[]> {
    const found = await person<{ id: number; name: string }[]>('res.partner.category', 'search_read', {
      domain: [['name', 'in', names.map(tag)]],
      fields: ['name'],
    })
    return names.map((name) => found.find((row) => row.name === tag(name))?.id ?? 0)
  }

  async function makeTags(...names: string[]): Promise<number[]> {
    return person('res.partner.category', 'create', { vals_list: names.map((name) => ({ name: tag(name) })) })
  }

  async function tagsInOdoo(id: number): Promise<string[]> {
    const [partner] = await person<{ category_id: number[] }[]>('res.partner', 'read', {
      ids: [id],
      fields: ['category_id'],
    })
    const rows = await person<{ name: string }[]>('res.partner.category', 'read', {
      ids: partner?.category_id ?? [],
      fields: ['name'],
    })
    return rows.map(({ name }) => name.replace(`${tandem.mark} `, '')).sort()
  }

  async function tagsInShop(): Promise<string[]> {
    const [row] = await tandem.customers()
    return ((row?.tags as string[] | null) ?? []).map((name) => name.replace(`${tandem.mark} `, '')).sort()
  }

  describe(`tags by name in a real Odoo ${series} over ${protocol}`, () => {
    it('go both ways, are made when missing, once, and are then left alone', async () => {
      tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping: mapping(TAGS) })
      const [gold] = await makeTags('gold')
      const id = await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A`, category_id: [[4, gold]] })
      await tandem.shop.query('INSERT INTO customers (code, full_name, tags) VALUES ($1, $2, $3), ($4, $5, $6)', [
        `${tandem.mark}-B`,
        'Bob',
        [tag('new'), tag('gold'), tag('new')],
        `${tandem.mark}-C`,
        'Cy',
        [tag('new')],
      ])
      await tandem.settle()
      const made = await person<{ color: number }[]>('res.partner.category', 'search_read', {
        domain: [['name', '=', tag('new')]],
        fields: ['color'],
      })
      expect(made).toMatchObject([{ color: 7 }])
      const bob = (await tandem.partners()).find(({ name }) => name === 'Bob')
      expect(await tagsInOdoo(Number(bob?.id))).toEqual(['gold', 'new'])
      const ann = (await tandem.customers()).find(({ full_name }) => full_name === 'Ann')
      expect(ann).toMatchObject({ tags: [tag('gold')] })
      await expectQuiet(tandem)

      await tandem.shop.query(`UPDATE customers SET tags = '{}' WHERE code = $1`, [`${tandem.mark}-A`])
      await tandem.settle()
      expect(await tagsInOdoo(id)).toEqual([])
      await expectQuiet(tandem)
    })

    it('that both sides changed are merged element by element', async () => {
      tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping: mapping(TAGS) })
      const ids = await makeTags('a', 'b', 'c', 'd')
      const id = await tandem.insertPartner({
        name: 'Ann',
        ref: `${tandem.mark}-A`,
        category_id: [[6, 0, ids.slice(0, 3)]],
      })
      await tandem.settle()
      expect(await tagsInShop()).toEqual(['a', 'b', 'c'])
      // Odoo takes a out and adds d; the shop takes b out and adds e.
      await person('res.partner', 'write', {
        ids: [id],
        vals: {
          category_id: [
            [3, ids[0]],
            [4, ids[3]],
          ],
        },
      })
      await tandem.shop.query('UPDATE customers SET tags = $1', [[tag('e'), tag('a'), tag('c')]])
      await tandem.settle()
      expect(await tagsInOdoo(id)).toEqual(['c', 'd', 'e'])
      expect(await tagsInShop()).toEqual(['c', 'd', 'e'])
      await expectQuiet(tandem)
    })

    it('that someone adds between our read and our write stay', async () => {
      tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping: mapping(TAGS) })
      const [a, late] = await makeTags('a', 'late')
      const id = await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A`, category_id: [[4, a]] })
      await tandem.settle()
      const { context } = await tandem.runner()
      const { sink } = context.sides.odoo.collection
      const apply = sink?.apply.bind(sink)
      let isLate = false
      if (sink && apply) {
        Object.assign(sink, {
          apply: async (...args: Parameters<typeof apply>) => {
            if (!isLate) await person('res.partner', 'write', { ids: [id], vals: { category_id: [[4, late]] } })
            isLate = true
            return apply(...args)
          },
        })
      }
      await tandem.shop.query('UPDATE customers SET tags = $1', [[tag('a'), tag('b')]])
      await tandem.settle()
      expect(await tagsInOdoo(id)).toEqual(['a', 'b', 'late'])
      expect(await tagsInShop()).toEqual(['a', 'b', 'late'])
      await expectQuiet(tandem)
    })

    it('are found by the name that Odoo shows', async () => {
      const pair =
        '  - { odoo: category_id, external: tags, lookup: { model: res.partner.category, by: display_name } }'
      tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping: mapping(pair) })
      const [top] = await makeTags('top')
      const low = { name: tag('low'), parent_id: top }
      await person('res.partner.category', 'create', { vals_list: [low, { name: tag('low') }] })
      await tandem.shop.query('INSERT INTO customers (code, full_name, tags) VALUES ($1, $2, $3)', [
        `${tandem.mark}-A`,
        'Ann',
        [`${tag('top')} / ${tag('low')}`],
      ])
      await tandem.settle()
      const [ann] = await person<{ category_id: number[] }[]>('res.partner', 'search_read', {
        domain: [['function', '=', tandem.mark]],
        fields: ['category_id'],
      })
      const [found] = await person<{ parent_id: unknown }[]>('res.partner.category', 'read', {
        ids: ann?.category_id ?? [],
        fields: ['parent_id'],
      })
      expect(found).toMatchObject({ parent_id: [top, tag('top')] })
      await expectQuiet(tandem)
    })

    it('that are archived are no longer shown, and stay on the record', async () => {
      tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping: mapping(TAGS) })
      const [old] = await makeTags('old', 'next')
      const ids: number[] = []
      for (const ref of ['A', 'B']) {
        ids.push(await tandem.insertPartner({ name: ref, ref: `${tandem.mark}-${ref}`, category_id: [[4, old]] }))
      }
      await tandem.settle()
      await person('res.partner.category', 'write', { ids: [old], vals: { active: false } })
      // Different values in one batch, so that they are written and read back in one call.
      await tandem.shop.query(`UPDATE customers SET full_name = full_name || '!', tags = tags || $1::text`, [
        tag('next'),
      ])
      await tandem.shop.query(`UPDATE customers SET full_name = 'B?' WHERE code = $1`, [`${tandem.mark}-B`])
      await tandem.settle()
      await expectQuiet(tandem)
      expect((await tandem.customers()).map(({ tags }) => tags)).toEqual(Array(2).fill([tag('next')]))
      await person('res.partner.category', 'write', { ids: [old], vals: { active: true } })
      for (const id of ids) expect(await tagsInOdoo(id)).toEqual(['next', 'old'])
    })

    it("of a record that came by Odoo's own import, and of one that is looked up within a domain", async () => {
      const pair = TAGS.replace('by: name, create: true, defaults: { color: 7 }', 'by: name, domain: [[color, "=", 3]]')
      tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping: mapping(pair) })
      await person('res.partner.category', 'create', {
        vals_list: [
          { name: tag('same'), color: 3 },
          { name: tag('same'), color: 4 },
        ],
      })
      const loaded = await person<{ ids: number[] }>('res.partner', 'load', {
        fields: ['id', 'name', 'ref', 'function', 'category_id'],
        data: [[`__import__.${tandem.mark}`, 'Ann', `${tandem.mark}-A`, tandem.mark, tag('same')]],
      })
      await tandem.settle()
      expect(await tandem.customers()).toMatchObject([{ full_name: 'Ann', tags: [tag('same')] }])
      await tandem.shop.query('INSERT INTO customers (code, full_name, tags) VALUES ($1, $2, $3)', [
        `${tandem.mark}-B`,
        'Bob',
        [tag('same')],
      ])
      await tandem.settle()
      const [bob] = await person<{ category_id: number[] }[]>('res.partner', 'search_read', {
        domain: [['ref', '=', `${tandem.mark}-B`]],
        fields: ['category_id'],
      })
      const [found] = await person<{ color: number }[]>('res.partner.category', 'read', {
        ids: bob?.category_id ?? [],
        fields: ['color'],
      })
      expect(found).toMatchObject({ color: 3 })
      await person('res.partner', 'load', {
        fields: ['id', 'name'],
        data: [[`__import__.${tandem.mark}`, 'Anna']],
      })
      await tandem.settle()
      expect(loaded.ids).toHaveLength(1)
      expect((await tandem.customers()).map(({ full_name }) => full_name).sort()).toEqual(['Anna', 'Bob'])
      await expectQuiet(tandem)
    })

    it('may be one text', async () => {
      const text =
        '  - { odoo: category_id, external: tags_text, separator: ", ", lookup: { model: res.partner.category, by: name } }'
      tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping: mapping(text) })
      const [a, b] = await makeTags('a', 'b')
      const id = await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A`, category_id: [[6, 0, [a, b]]] })
      await tandem.settle()
      expect(await tandem.customers()).toMatchObject([{ tags_text: `${tag('a')}, ${tag('b')}` }])
      await tandem.shop.query('UPDATE customers SET tags_text = $1', [`${tag('b')},,`])
      await tandem.settle()
      expect(await tagsInOdoo(id)).toEqual(['b'])
      await expectQuiet(tandem)
      await tandem.shop.query('UPDATE customers SET tags_text = $1', [tag('nobody')])
      await tandem.settle()
      const dead = await tandem.app().ledger.changes('customers', { state: 'dead', limit: 10 })
      expect(dead).toMatchObject([
        { change: { fault: { code: 'unresolved', message: expect.stringContaining(tag('nobody')) } } },
      ])
      expect(await tagIds('nobody')).toEqual([0])
    })
  })

  describe(`values of other records in a real Odoo ${series} over ${protocol}`, () => {
    it('are read along paths', async () => {
      tandem = await openRealTandem({
        odoo,
        protocol,
        table: TABLE,
        mapping: mapping(`
  - { odoo: country_id.code, external: country_code, direction: from-odoo }
  - { odoo: parent_id.country_id.code, external: company_country, direction: from-odoo }
  - { odoo: category_id.name, external: tag_names, direction: from-odoo }`),
      })
      const [be, fr] = await person<{ id: number }[]>('res.country', 'search_read', {
        domain: [['code', 'in', ['BE', 'FR']]],
        fields: ['code'],
        order: 'code',
      })
      const tags = await makeTags('x', 'y')
      const company = await tandem.insertPartner({
        name: 'Co',
        ref: `${tandem.mark}-0`,
        is_company: true,
        country_id: fr?.id,
      })
      await tandem.insertPartner({
        name: 'Ann',
        ref: `${tandem.mark}-1`,
        parent_id: company,
        type: 'other',
        country_id: be?.id,
        category_id: [[6, 0, tags]],
      })
      await tandem.insertPartner({ name: 'Bo', ref: `${tandem.mark}-2` })
      await tandem.settle()
      const rows = [...(await tandem.customers())].sort((a, b) => String(a.code).localeCompare(String(b.code)))
      expect(rows).toMatchObject([
        { country_code: 'FR', company_country: null, tag_names: [] },
        { country_code: 'BE', company_country: 'FR', tag_names: [tag('x'), tag('y')] },
        { country_code: null, company_country: null, tag_names: [] },
      ])
      await expectQuiet(tandem)
    })

    it('are watched where the mapping says so', async () => {
      tandem = await openRealTandem({
        odoo,
        protocol,
        table: TABLE,
        mapping: mapping(`
  - { odoo: parent_id.name, external: title, direction: from-odoo, watch: true }
  - { odoo: parent_id.country_id.name, external: company_country, direction: from-odoo, watch: true }
  - { odoo: country_id.name, external: country_fr, direction: from-odoo }`),
      })
      const [country] = await person<number[]>('res.country', 'create', {
        vals_list: [{ name: `Testland ${tandem.mark}`, code: `9${tandem.mark.at(-1)}` }],
      })
      const [company] = await person<number[]>('res.partner', 'create', {
        vals_list: [{ name: 'Co', is_company: true, country_id: country }],
      })
      await tandem.insertPartner({
        name: 'Ann',
        ref: `${tandem.mark}-1`,
        parent_id: company,
        type: 'other',
        country_id: country,
      })
      await tandem.settle()
      const row = async () => (await tandem.customers())[0]
      expect(await row()).toMatchObject({
        title: 'Co',
        company_country: `Testland ${tandem.mark}`,
        country_fr: `Testland ${tandem.mark}`,
      })
      await expectQuiet(tandem)
      await person('res.country', 'write', { ids: [country], vals: { name: `Newland ${tandem.mark}` } })
      await tandem.settle()
      // Two relations away, and watched; what is not watched comes with it, since the record is read.
      expect(await row()).toMatchObject({
        company_country: `Newland ${tandem.mark}`,
        country_fr: `Newland ${tandem.mark}`,
      })
      await expectQuiet(tandem)
      await person('res.partner', 'write', { ids: [company], vals: { barcode: tandem.mark } })
      await tandem.settle()
      await expectQuiet(tandem)
      await person('res.partner', 'write', { ids: [company], vals: { country_id: false } })
      await tandem.settle()
      expect(await row()).toMatchObject({ title: 'Co', company_country: null })
      await expectQuiet(tandem)
      await person('res.partner', 'unlink', { ids: [company] }).catch(() => {})
    })

    it('that do not exist, or cannot be written, are told at their place', async () => {
      tandem = await openRealTandem({
        odoo,
        protocol,
        table: TABLE,
        mapping: mapping(`
  - { odoo: country_id.cod, external: country_code, direction: from-odoo }
  - { odoo: name.code, external: company_country, direction: from-odoo }
  - { odoo: country_id.name@xx_XX, external: country_fr, direction: from-odoo }
  - { odoo: parent_id.name, external: title }
  - { odoo: name, external: tags_text, watch: true }`),
      })
      const text = await tandem
        .runner()
        .catch((error: { problems: { message: string }[] }) => error.problems.map(({ message }) => message))
      expect((text as string[]).map((each) => each.replace(/; there are .*en_US.*/, '; there are …'))).toEqual([
        'country_id.cod: res.country has no field "cod", or our user may not see it',
        'name.code: res.partner.name is a char and leads to no other record',
        'country_id.name@xx_XX: the language "xx_XX" is not installed in Odoo; there are …',
        'res.partner.parent_id.name cannot be written (computed or generated): say direction: from-odoo',
        'watch is for a value of another record, such as country_id.code; this one is noticed anyway',
      ])
    })
  })
}
