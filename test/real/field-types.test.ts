import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasOdooDatabaseAccess } from './environment.ts'
import { asPerson } from './person.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

/** Every type of field, with a value each way and what each side's emptiness is on the other. */
interface TypeCase {
  readonly type: string
  readonly odoo: string
  readonly sql: string
  /** More of the pair's line in the mapping. */
  readonly pair?: string
  /** What a person writes in Odoo, and what is in the table then. */
  readonly fromOdoo: readonly [written: unknown, column: unknown]
  /** What the shop writes, and what Odoo reads then; null: the pair goes one way only. */
  readonly fromShop: readonly [written: unknown, field: unknown] | null
  /** What an empty field of Odoo reads as, and what is in the table for a new record that has nothing there. */
  readonly empty: readonly [odoo: unknown, column: unknown]
}

const CASES: readonly TypeCase[] = [
  {
    type: 'char',
    odoo: 'x_t_char',
    sql: 'text',
    fromOdoo: ['  Ünï "x" ', '  Ünï "x" '],
    fromShop: ['😀 x', '😀 x'],
    empty: [false, null],
  },
  {
    type: 'text',
    odoo: 'x_t_text',
    sql: 'text',
    fromOdoo: ['one\ntwo\n', 'one\ntwo\n'],
    fromShop: ['a\tb', 'a\tb'],
    empty: [false, null],
  },
  {
    type: 'html',
    odoo: 'x_t_html',
    sql: 'text',
    fromOdoo: ['<p>a <b>b</b></p>', '<p>a <b>b</b></p>'],
    fromShop: ['plain<script>x</script>', '<p>plain</p>'],
    empty: [false, null],
  },
  {
    type: 'integer',
    odoo: 'x_t_integer',
    sql: 'int',
    fromOdoo: [-7, -7],
    fromShop: [2147483647, 2147483647],
    empty: [0, 0],
  },
  {
    type: 'float',
    odoo: 'x_t_float',
    sql: 'double precision',
    fromOdoo: [0.1, 0.1],
    fromShop: [1e-7, 1e-7],
    empty: [0, 0],
  },
  {
    type: 'float with digits',
    odoo: 'partner_latitude',
    sql: 'numeric',
    fromOdoo: [12.34567891, '12.3456789'],
    fromShop: ['48.85837009', 48.8583701],
    empty: [0, '0'],
  },
  {
    type: 'monetary',
    odoo: 'x_t_monetary',
    sql: 'numeric(12,2)',
    fromOdoo: [10.456, '10.46'],
    fromShop: ['99.95', 99.95],
    empty: [0, '0.00'],
  },
  {
    type: 'boolean',
    odoo: 'is_company',
    sql: 'boolean',
    fromOdoo: [true, true],
    fromShop: [true, true],
    empty: [false, false],
  },
  {
    type: 'date',
    odoo: 'x_t_date',
    sql: 'date',
    fromOdoo: ['2028-02-29', '2028-02-29'],
    fromShop: ['1999-12-31', '1999-12-31'],
    empty: [false, null],
  },
  {
    type: 'datetime',
    odoo: 'x_t_datetime',
    sql: 'timestamptz',
    fromOdoo: ['2026-03-29 00:30:00', '2026-03-29T00:30:00.000Z'],
    fromShop: ['2026-10-25 02:30:00+02', '2026-10-25 00:30:00'],
    empty: [false, null],
  },
  {
    type: 'datetime without a zone',
    odoo: 'x_t_datetime2',
    sql: 'timestamp',
    fromOdoo: ['2026-03-29 00:30:00', '2026-03-29 00:30:00'],
    fromShop: ['2026-10-25 02:30:00.750', '2026-10-25 02:30:00'],
    empty: [false, null],
  },
  {
    type: 'selection',
    odoo: 'type',
    sql: 'text',
    fromOdoo: ['delivery', 'delivery'],
    fromShop: ['invoice', 'invoice'],
    empty: ['contact', 'contact'],
  },
  {
    type: 'many2one',
    odoo: 'country_id',
    sql: 'text',
    pair: 'lookup: { model: res.country, by: code }',
    fromOdoo: ['BE', 'BE'],
    fromShop: ['FR', 'FR'],
    empty: [false, null],
  },
  {
    type: 'many2many',
    odoo: 'category_id',
    sql: 'text[]',
    pair: 'lookup: { model: res.partner.category, by: name, create: true }',
    fromOdoo: [
      ['x', 'y'],
      ['x', 'y'],
    ],
    fromShop: [['z'], ['z']],
    empty: [[], []],
  },
  {
    type: 'one2many',
    odoo: 'child_ids',
    sql: 'jsonb',
    pair: 'direction: from-odoo',
    fromOdoo: ['a child', 'its id'],
    fromShop: null,
    empty: [[], []],
  },
  {
    type: 'reference',
    odoo: 'x_t_reference',
    sql: 'text',
    fromOdoo: ['res.country,20', 'res.country,20'],
    fromShop: ['res.country,21', 'res.country,21'],
    empty: [false, null],
  },
  {
    type: 'binary',
    odoo: 'x_t_binary',
    sql: 'bytea',
    fromOdoo: ['AP8QIA==', 'AP8QIA=='],
    fromShop: ['aGk=', 'aGk='],
    empty: [false, null],
  },
  {
    type: 'properties',
    odoo: 'properties',
    sql: 'jsonb',
    pair: 'direction: from-odoo',
    fromOdoo: [undefined, null],
    fromShop: null,
    empty: [[], null],
  },
]

const columnOf = ({ odoo }: TypeCase): string => `c_${odoo}`

const TABLE = `CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, full_name text,
  ${CASES.map((each) => `${columnOf(each)} ${each.sql}`).join(',\n  ')})`

const mapping = (mark: string, schema: string): string => `
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
${CASES.map((each) => `  - { odoo: ${each.odoo}, external: ${columnOf(each)}${each.pair ? `, ${each.pair}` : ''} }`).join('\n')}
deletes: { from_odoo: ignore, from_external: ignore }
`

type Record_ = Readonly<Record<string, unknown>>

let tandem: RealTandem
const odoo = new Map<string, Record_>()
const shop = new Map<string, Record_>()
let childId = 0
const problems: string[] = []

async function makeFields(): Promise<void> {
  const [model] = await asPerson<{ id: number }[]>('ir.model', 'search_read', {
    domain: [['model', '=', 'res.partner']],
    fields: ['model'],
  })
  const currency = { name: 'x_t_currency_id', ttype: 'many2one', relation: 'res.currency' }
  const plain = ['char', 'text', 'html', 'integer', 'float', 'date', 'datetime', 'binary'].map((ttype) => ({
    name: `x_t_${ttype}`,
    ttype,
  }))
  const fields = [
    currency,
    ...plain,
    { name: 'x_t_datetime2', ttype: 'datetime' },
    { name: 'x_t_reference', ttype: 'reference', selection_ids: [[0, 0, { value: 'res.country', name: 'Country' }]] },
    { name: 'x_t_monetary', ttype: 'monetary', currency_field: 'x_t_currency_id' },
  ]
  await asPerson('ir.model.fields', 'create', {
    vals_list: fields.map((field) => ({
      ...field,
      model_id: model?.id,
      state: 'manual',
      field_description: field.name,
    })),
  })
}

/** A partner as Odoo reads it, with names for what it refers to. */
async function partner(ref: string): Promise<Record_> {
  const [row] = await asPerson<Record<string, unknown>[]>('res.partner', 'search_read', {
    domain: [['ref', '=', `${tandem.mark}-${ref}`]],
    fields: CASES.map((each) => each.odoo),
  })
  if (!row) throw new Error(`no partner ${ref}`)
  const tags = await asPerson<{ name: string }[]>('res.partner.category', 'read', {
    ids: row.category_id,
    fields: ['name'],
  })
  const [country] = Array.isArray(row.country_id)
    ? await asPerson<{ code: string }[]>('res.country', 'read', { ids: [row.country_id[0]], fields: ['code'] })
    : []
  return { ...row, category_id: tags.map(({ name }) => name.split(' ')[1]).sort(), country_id: country?.code ?? false }
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
  const tags = await asPerson<number[]>('res.partner.category', 'create', { vals_list: names })
  const [country] = await asPerson<{ id: number }[]>('res.country', 'search_read', {
    domain: [['code', '=', 'BE']],
    fields: ['code'],
  })
  const [currency] = await asPerson<{ id: number }[]>('res.currency', 'search_read', {
    domain: [['name', '=', 'EUR']],
    fields: ['name'],
    context: { active_test: false },
  })
  const values = Object.fromEntries(CASES.map((each) => [each.odoo, each.fromOdoo[0]]))
  return {
    ...values,
    x_t_currency_id: currency?.id,
    category_id: [[6, 0, tags]],
    country_id: country?.id,
    child_ids: [[0, 0, { name: 'child', type: 'other' }]],
    properties: undefined,
  }
}

describe.skipIf(!hasOdooDatabaseAccess)('a value of each type of a real Odoo and a real PostgreSQL', () => {
  beforeAll(async () => {
    await makeFields()
    tandem = await openRealTandem({ table: TABLE, mapping })
    const id = await tandem.insertPartner({ name: 'Full', ref: `${tandem.mark}-F`, ...(await written()) })
    await tandem.insertPartner({ name: 'Empty', ref: `${tandem.mark}-E` })
    const two = CASES.filter((each) => each.fromShop !== null)
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
    const [child] = await asPerson<{ id: number }[]>('res.partner', 'search_read', {
      domain: [['parent_id', '=', id]],
      fields: ['name'],
    })
    childId = child?.id ?? 0
    for (const ref of ['F', 'E', 'S', 'N']) {
      odoo.set(ref, await partner(ref))
      shop.set(ref, await customer(ref))
    }
    for (const { change } of await tandem.app().ledger.changes('customers', { state: 'dead', limit: 10 }))
      problems.push(change.fault?.message ?? '')
  }, 120_000)
  afterAll(() => tandem?.close())

  it('none of them is refused', () => expect(problems).toEqual([]))

  describe.each(CASES)('$type', (each) => {
    const column = columnOf(each)
    it('goes from Odoo to the table', () => {
      const expected = each.odoo === 'child_ids' ? [childId] : each.fromOdoo[1]
      expect(shop.get('F')?.[column]).toEqual(expected)
    })
    it.skipIf(each.fromShop === null)('goes from the table to Odoo', () => {
      expect(odoo.get('S')?.[each.odoo]).toEqual(each.fromShop?.[1])
    })
    it('is empty on the other side where it is empty', () => {
      expect(odoo.get('E')?.[each.odoo]).toEqual(each.empty[0])
      expect(shop.get('E')?.[column]).toEqual(each.empty[1])
      const isOneWay = each.fromShop === null
      // A column without a value stays so: what Odoo has instead of nothing is the same as nothing.
      if (!isOneWay) expect(shop.get('N')?.[column]).toBeNull()
    })
  })

  it('is left alone afterwards, and can be emptied from both sides', async () => {
    tandem.events.length = 0
    await tandem.settle()
    expect(tandem.events).toEqual([])
    expect(await tandem.differences()).toEqual([])
    const two = CASES.filter((each) => each.fromShop !== null && each.odoo !== 'type')
    await tandem.shop.query(
      `UPDATE customers SET ${two.map((each) => `${columnOf(each)} = NULL`).join(', ')} WHERE code = $1`,
      [`${tandem.mark}-F`],
    )
    const [row] = await asPerson<{ id: number }[]>('res.partner', 'search_read', {
      domain: [['ref', '=', `${tandem.mark}-S`]],
      fields: ['name'],
    })
    await asPerson('res.partner', 'write', {
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
})
