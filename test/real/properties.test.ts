import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hasRealOdoo, PROTOCOLS_OF, realOdoo } from './environment.ts'
import { asPerson } from './person.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

const TABLE = `CREATE TABLE leads (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, title text, team text, extra jsonb)`

const mapping = (mark: string, schema: string): string => `
mapping: leads
odoo:
  connection: erp
  model: crm.lead
  domain: [[referred, "=like", "${mark}%"]]
  key: referred
external: { connection: shop, collection: { table: ${schema}.leads, capture: triggers }, key: code }
fields:
  - { odoo: name, external: title }
  - { odoo: team_id, external: team, lookup: { model: crm.team, by: name } }
  - { odoo: lead_properties, external: extra }
deletes: { from_odoo: ignore, from_external: ignore }
schedule: every 1s
deep: every 5s
`

/** Properties of a team's leads. */
const DEFINITIONS = [
  { name: 'a_text', string: 'Text', type: 'char' },
  { name: 'a_number', string: 'Number', type: 'integer' },
  { name: 'a_flag', string: 'Flag', type: 'boolean' },
  { name: 'a_time', string: 'Time', type: 'datetime' },
  { name: 'a_line', string: 'Line', type: 'separator' },
  {
    name: 'a_choice',
    string: 'Choice',
    type: 'selection',
    selection: [
      ['x', 'X'],
      ['y', 'Y'],
    ],
  },
  { name: 'a_country', string: 'Country', type: 'many2one', comodel: 'res.country' },
  { name: 'some_tags', string: 'Tags', type: 'many2many', comodel: 'res.partner.category' },
]

describe.skipIf(!hasRealOdoo('19')).each(PROTOCOLS_OF['19'])('properties of a real Odoo over %s', (protocol) => {
  let tandem: RealTandem
  let team = 0
  const call = <T>(method: string, args: Readonly<Record<string, unknown>>, model = 'crm.lead') =>
    asPerson<T>(model, method, args)
  beforeEach(async () => {
    tandem = await openRealTandem({ table: TABLE, mapping, odoo: realOdoo('19'), protocol })
    const vals = { name: `${tandem.mark} team`, lead_properties_definition: DEFINITIONS }
    const [id = 0] = await call<number[]>('create', { vals_list: [vals] }, 'crm.team')
    team = id
  })
  afterEach(async () => {
    const ids = await call<number[]>('search', { domain: [['referred', '=like', `${tandem.mark}%`]] })
    await call('unlink', { ids })
    await tandem?.close()
  })

  const lead = async (ref: string) => {
    const domain = [['referred', '=', `${tandem.mark}${ref}`]]
    const [row] = await call<{ id: number; lead_properties: { name: string; value?: unknown }[] }[]>('search_read', {
      domain,
      fields: ['lead_properties'],
      load: '',
    })
    // A reference comes with its name, whatever is asked for.
    const bare = (value: unknown): unknown => {
      if (!Array.isArray(value)) return value
      return typeof value[1] === 'string' ? value[0] : value.map((item) => (Array.isArray(item) ? item[0] : item))
    }
    const values = (row?.lead_properties ?? []).map(({ name, value }) => [name, bare(value)] as const)
    return { id: row?.id, ...Object.fromEntries(values) }
  }
  const extra = async (ref: string) =>
    (await tandem.shop.query('SELECT extra FROM leads WHERE code = $1', [`${tandem.mark}${ref}`])).rows[0]?.extra

  it('go both ways by name, and what one side does not name stays', async () => {
    const tags = await call<number[]>(
      'create',
      { vals_list: ['p', 'q'].map((name) => ({ name: `${tandem.mark} ${name}` })) },
      'res.partner.category',
    )
    const values = {
      a_text: 'one',
      a_number: 4,
      a_flag: true,
      a_time: '2026-11-21 08:30:00',
      a_choice: 'x',
      a_country: 20,
      some_tags: tags,
    }
    await call('create', {
      vals_list: [{ name: 'One', referred: `${tandem.mark}1`, team_id: team, lead_properties: values }],
    })
    await tandem.shop.query(`INSERT INTO leads (code, title, team, extra) VALUES ($1, 'Two', $2, $3)`, [
      `${tandem.mark}2`,
      `${tandem.mark} team`,
      { a_text: 'two', a_country: 21, a_time: '2026-11-22T09:00:00Z' },
    ])
    await tandem.settle()
    expect(await extra('1')).toEqual({ ...values, a_time: '2026-11-21T08:30:00Z' })
    expect(await lead('2')).toMatchObject({ a_text: 'two', a_country: 21, a_time: '2026-11-22 09:00:00' })

    // Each side changes another one.
    await tandem.shop.query(`UPDATE leads SET extra = '{"a_number": 9, "a_country": null}' WHERE code = $1`, [
      `${tandem.mark}1`,
    ])
    await tandem.settle()
    expect(await lead('1')).toMatchObject({ ...values, a_number: 9, a_country: false })
    // What was written is not sent back: the column keeps what it was given.
    expect(await extra('1')).toEqual({ a_number: 9, a_country: null })
    const { id } = await lead('1')
    await call('write', { ids: [id], vals: { lead_properties: { ...values, a_text: 'changed', a_flag: false } } })
    await tandem.settle()
    expect(await extra('1')).toMatchObject({ a_text: 'changed', a_flag: false, a_number: 4 })
    tandem.events.length = 0
    await tandem.settle()
    expect(tandem.events).toEqual([])
    expect(await tandem.differences()).toEqual([])
  })

  it('that there are not, or that do not fit, are told', async () => {
    await tandem.shop.query(
      `INSERT INTO leads (code, title, team, extra) VALUES ($1, 'One', $2, $3), ($4, 'Two', $2, $5)`,
      [`${tandem.mark}1`, `${tandem.mark} team`, { a_size: 4 }, `${tandem.mark}2`, { a_number: 'many' }],
    )
    await tandem.settle()
    const dead = await tandem.app().ledger.changes('leads', { state: 'dead', limit: 9 })
    const told = dead.map(({ change }) => change.fault?.message).sort()
    expect(told).toEqual([
      expect.stringMatching(/lead_properties.a_number takes a whole number, not "many"/),
      expect.stringMatching(/has no property a_size; there are a_text, a_number/),
    ])
  })
})
