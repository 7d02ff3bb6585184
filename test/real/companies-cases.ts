import { afterEach, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'
import { personOf } from './person.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

const TABLE = `
  CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text,
    company text,
    full_name text,
    UNIQUE (company, code)
  )`

/** A key that names one record in each company. */
export function describeCompanies(series: OdooSeries, protocol: Protocol): void {
  describe.skipIf(!hasRealOdoo(series))(`Odoo ${series}`, () => cases(series, protocol))
}

function cases(series: OdooSeries, protocol: Protocol): void {
  const odoo = realOdoo(series)
  const person = personOf(odoo)
  let tandem: RealTandem
  afterEach(() => tandem?.close())

  async function makeCompanies(...names: string[]): Promise<number[]> {
    const ids = await person<number[]>('res.company', 'create', { vals_list: names.map((name) => ({ name })) })
    const [bot] = await person<{ id: number }[]>('res.users', 'search_read', {
      domain: [['login', '=', 'tandem']],
      fields: ['login'],
    })
    await person('res.users', 'write', { ids: [bot?.id], vals: { company_ids: ids.map((id) => [4, id]) } })
    return ids
  }

  describe(`one key in two companies of a real Odoo ${series} over ${protocol}`, () => {
    it('names two records, and each is joined with the one of its company', async () => {
      const stamp = Date.now()
      const [north, south] = [`North ${stamp}`, `South ${stamp}`]
      const ids = await makeCompanies(north, south)
      const mapping = (mark: string, schema: string): string => `
mapping: customers
odoo:
  connection: erp
  model: res.partner
  domain: [[function, "=", "${mark}"]]
  key: ref
  defaults: { function: "${mark}" }
  companies: [${ids.join()}]
external:
  connection: shop
  collection: { table: ${schema}.customers, capture: triggers }
  key: code
key: { within: company_id }
fields:
  - { odoo: name, external: full_name }
  - { odoo: company_id, external: company, lookup: { model: res.company, by: name } }
deletes: { from_odoo: ignore, from_external: ignore }
`
      tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping })
      await tandem.insertPartner({ name: 'North A', ref: 'A', company_id: ids[0] })
      await tandem.insertPartner({ name: 'South A', ref: 'A', company_id: ids[1] })
      await tandem.insertPartner({ name: 'Shared A', ref: 'A', company_id: false })
      await tandem.shop.query(
        `INSERT INTO customers (code, company, full_name) VALUES ('A', $1, 'South A'), ('B', $2, 'North B'), ('B', $1, 'South B')`,
        [south, north],
      )
      await tandem.settle()
      const rows = [...(await tandem.customers())]
        .map(({ code, company, full_name }) => `${code} ${company} ${full_name}`)
        .sort()
      expect(rows).toEqual([
        `A ${north} North A`,
        `A ${south} South A`,
        'A null Shared A',
        `B ${north} North B`,
        `B ${south} South B`,
      ])
      const partners = await person<{ name: string; company_id: [number, string] | false }[]>(
        'res.partner',
        'search_read',
        {
          domain: [
            ['function', '=', tandem.mark],
            ['ref', '=', 'B'],
          ],
          fields: ['name', 'company_id'],
          order: 'name',
          context: { allowed_company_ids: ids },
        },
      )
      expect(partners.map(({ name, company_id }) => [name, company_id === false ? false : company_id[0]])).toEqual([
        ['North B', ids[0]],
        ['South B', ids[1]],
      ])
      const joined = tandem.events.filter(({ kind }) => kind === 'adopted')
      expect(joined).toHaveLength(1)
      tandem.events.length = 0
      await tandem.settle()
      expect(tandem.events).toEqual([])
      expect(await tandem.differences()).toEqual([])

      await tandem.shop.query(`INSERT INTO customers (code, company, full_name) VALUES ('A', $1, 'other')`, [
        `${north} `,
      ])
      await tandem.settle()
      const dead = await tandem.app().ledger.changes('customers', { state: 'dead', limit: 10 })
      expect(dead).toMatchObject([{ change: { fault: { code: 'unresolved' } } }])
    })
  })
}
