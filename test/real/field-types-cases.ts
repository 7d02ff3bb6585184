import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { hasRealOdoo, type RealOdoo, realOdoo } from './environment.ts'
import { TYPE_CASES, type TypeCase } from './field-type-table.ts'
import { asPerson, personOf } from './person.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

const columnOf = ({ odoo }: TypeCase): string => `c_${odoo}`

const tableOf = (cases: readonly TypeCase[]): string => `CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, full_name text,
  ${cases.map((each) => `${columnOf(each)} ${each.sql}`).join(',\n  ')})`

const mappingOf = (cases: readonly TypeCase[]) => (mark: string, schema: string) =>
  `
mapping: customers
odoo:
  connection: erp
  model: res.partner
  domain: [[function, "=", "${mark}"]]
  key: ref
  defaults: { function: "${mark}" }
external: { connection: shop, collection: { table: ${schema}.customers, capture: triggers }, key: code }
fields:
  - { odoo: name, external: full_name }
${cases.map((each) => `  - { odoo: ${each.odoo}, external: ${columnOf(each)}${each.pair ? `, ${each.pair}` : ''} }`).join('\n')}
deletes: { from_odoo: ignore, from_external: ignore }
`

type Record_ = Readonly<Record<string, unknown>>

/** Fields of the types that a contact has none of. */
async function makeFields(odoo: RealOdoo): Promise<void> {
  const [model] = await asPerson<{ id: number }[]>(
    'ir.model',
    'search_read',
    {
      domain: [['model', '=', 'res.partner']],
      fields: ['model'],
    },
    odoo,
  )
  const currency = { name: 'x_t_currency_id', ttype: 'many2one', relation: 'res.currency' }
  const plain = ['char', 'text', 'html', 'integer', 'float', 'date', 'datetime', 'binary'].map((ttype) => ({
    name: `x_t_${ttype}`,
    ttype,
  }))
  const isNew = odoo.series === '19'
  const fields = [
    ...(isNew ? [currency, { name: 'x_t_json', ttype: 'json' }] : []),
    ...plain,
    { name: 'x_t_datetime2', ttype: 'datetime' },
    { name: 'x_t_reference', ttype: 'reference', selection_ids: [[0, 0, { value: 'res.country', name: 'Country' }]] },
    // Before, it is the field `currency_id` of the model.
    { name: 'x_t_monetary', ttype: 'monetary', ...(isNew ? { currency_field: 'x_t_currency_id' } : {}) },
  ]
  const vals_list = fields.map((field) => ({
    ...field,
    model_id: model?.id,
    state: 'manual',
    field_description: field.name,
  }))
  const domain = [['name', '=', 'x_t_char']]
  const isMade = await asPerson<number>('ir.model.fields', 'search_count', { domain }, odoo)
  if (isMade === 0) await asPerson('ir.model.fields', 'create', { vals_list }, odoo)
}

/** A value of each type, both ways, between a real PostgreSQL and a real Odoo over one protocol. */
export function describeFieldTypes(series: OdooSeries, protocol: Protocol): void {
  describe.skipIf(!hasRealOdoo(series))(
    `a value of each type of a real Odoo ${series} over ${protocol}, and of a real PostgreSQL`,
    () => cases(series, protocol),
  )
}

function cases(series: OdooSeries, protocol: Protocol): void {
  const odoo = realOdoo(series)
  const types = TYPE_CASES.filter(({ only = series, over = [protocol] }) => only === series && over.includes(protocol))
  const person = personOf(odoo)
  let tandem: RealTandem
  const inOdoo = new Map<string, Record_>()
  const inShop = new Map<string, Record_>()
  let childId = 0
  const problems: string[] = []

  /** A partner as Odoo reads it, with names for what it refers to. */
  async function partner(ref: string): Promise<Record_> {
    const [row] = await person<Record<string, unknown>[]>('res.partner', 'search_read', {
      domain: [['ref', '=', `${tandem.mark}-${ref}`]],
      fields: types.map((each) => each.odoo),
    })
    if (!row) throw new Error(`no partner ${ref}`)
    const tags = await person<{ name: string }[]>('res.partner.category', 'read', {
      ids: row.category_id,
      fields: ['name'],
    })
    const [country] = Array.isArray(row.country_id)
      ? await person<{ code: string }[]>('res.country', 'read', { ids: [row.country_id[0]], fields: ['code'] })
      : []
    return {
      ...row,
      category_id: tags.map(({ name }) => name.split(' ')[1]).sort(),
      country_id: country?.code ?? false,
    }
  }

  async function customer(ref: string): Promise<Record_> {
    const { rows } = await tandem.shop.query(
      `SELECT *, c_x_t_datetime2::text AS c_x_t_datetime2, c_x_t_date::text AS c_x_t_date FROM customers WHERE code = $1`,
      [`${tandem.mark}-${ref}`],
    )
    const row = rows[0] ?? {}
    return {
      ...row,
      c_x_t_datetime: (row.c_x_t_datetime as Date | null)?.toISOString() ?? null,
      c_x_t_binary: (row.c_x_t_binary as Buffer | null)?.toString('base64') ?? null,
      c_category_id: (row.c_category_id as string[] | null)?.map((name) => name.split(' ')[1]) ?? null,
    }
  }

  async function written(): Promise<Record<string, unknown>> {
    const names = ['x', 'y'].map((name) => ({ name: `${tandem.mark} ${name}` }))
    const tags = await person<number[]>('res.partner.category', 'create', { vals_list: names })
    const [country] = await person<{ id: number }[]>('res.country', 'search_read', {
      domain: [['code', '=', 'BE']],
      fields: ['code'],
    })
    const [currency] = await person<{ id: number }[]>('res.currency', 'search_read', {
      domain: [['name', '=', 'EUR']],
      fields: ['name'],
      context: { active_test: false },
    })
    const values = Object.fromEntries(types.map((each) => [each.odoo, each.fromOdoo[0]]))
    return {
      ...values,
      ...(series === '19' ? { x_t_currency_id: currency?.id } : {}),
      category_id: [[6, 0, tags]],
      country_id: country?.id,
      child_ids: [[0, 0, { name: 'child', type: 'other' }]],
      properties: undefined,
    }
  }

  beforeAll(async () => {
    await makeFields(odoo)
    tandem = await openRealTandem({ odoo, protocol, table: tableOf(types), mapping: mappingOf(types) })
    const id = await tandem.insertPartner({ name: 'Full', ref: `${tandem.mark}-F`, ...(await written()) })
    await tandem.insertPartner({ name: 'Empty', ref: `${tandem.mark}-E` })
    const two = types.filter((each) => each.fromShop !== null)
    const values = two.map((each) =>
      each.odoo === 'category_id'
        ? [`${tandem.mark} z`]
        : each.odoo === 'x_t_binary'
          ? Buffer.from('hi')
          : each.fromShop?.[0],
    )
    await tandem.shop.query(
      `INSERT INTO customers (code, full_name, ${two.map(columnOf).join(', ')}) VALUES ($1, 'Shop', ${two.map((_, index) => `$${index + 2}`).join(', ')})`,
      [`${tandem.mark}-S`, ...values],
    )
    await tandem.shop.query(`INSERT INTO customers (code, full_name) VALUES ($1, 'Nothing')`, [`${tandem.mark}-N`])
    await tandem.settle()
    const [child] = await person<{ id: number }[]>('res.partner', 'search_read', {
      domain: [['parent_id', '=', id]],
      fields: ['name'],
    })
    childId = child?.id ?? 0
    for (const ref of ['F', 'E', 'S', 'N']) {
      inOdoo.set(ref, await partner(ref))
      inShop.set(ref, await customer(ref))
    }
    for (const { change } of await tandem.app().ledger.changes('customers', { state: 'dead', limit: 10 }))
      problems.push(change.fault?.message ?? '')
  }, 120_000)
  afterAll(() => tandem?.close())

  it('none of them is refused', () => expect(problems).toEqual([]))

  describe.each(types)('$type', (each) => {
    const column = columnOf(each)
    it('goes from Odoo to the table', () => {
      const expected = each.odoo === 'child_ids' ? [childId] : each.fromOdoo[1]
      expect(inShop.get('F')?.[column]).toEqual(expected)
    })
    it.skipIf(each.fromShop === null)('goes from the table to Odoo', () => {
      expect(inOdoo.get('S')?.[each.odoo]).toEqual(each.fromShop?.[1])
    })
    it('is empty on the other side where it is empty', () => {
      expect(inOdoo.get('E')?.[each.odoo]).toEqual(each.empty[0])
      expect(inShop.get('E')?.[column]).toEqual(each.empty[1])
      const isOneWay = each.fromShop === null
      // A column without a value stays so: what Odoo has instead of nothing is the same as nothing.
      if (!isOneWay) expect(inShop.get('N')?.[column]).toBeNull()
    })
  })

  it('is left alone afterwards, and can be emptied from both sides', async () => {
    tandem.events.length = 0
    await tandem.settle()
    expect(tandem.events).toEqual([])
    expect(await tandem.differences()).toEqual([])
    const two = types.filter((each) => each.fromShop !== null && each.odoo !== 'type')
    await tandem.shop.query(
      `UPDATE customers SET ${two.map((each) => `${columnOf(each)} = NULL`).join(', ')} WHERE code = $1`,
      [`${tandem.mark}-F`],
    )
    const [row] = await person<{ id: number }[]>('res.partner', 'search_read', {
      domain: [['ref', '=', `${tandem.mark}-S`]],
      fields: ['name'],
    })
    await person('res.partner', 'write', {
      ids: [row?.id],
      vals: Object.fromEntries(two.map((each) => [each.odoo, each.odoo === 'category_id' ? [[5, 0, 0]] : false])),
    })
    await tandem.settle()
    const [full, emptied] = [await partner('F'), await customer('S')]
    for (const each of two) {
      expect([each.type, full[each.odoo]]).toEqual([each.type, each.empty[0]])
      expect([each.type, emptied[columnOf(each)]]).toEqual([each.type, each.empty[1]])
    }
    tandem.events.length = 0
    await tandem.settle()
    expect(tandem.events).toEqual([])
    expect(await tandem.differences()).toEqual([])
  })
}
