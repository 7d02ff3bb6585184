import { afterEach, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import { createOdooConnector } from '../../src/connectors/odoo/index.ts'
import type { Connector } from '../../src/contract/connector.ts'
import { hasRealOdoo, PROTOCOLS_OF, realOdoo } from './environment.ts'
import { personOf } from './person.ts'

const { signal } = new AbortController()

/** What `check` tells of a real Odoo, as one of its users. */
export function describeCheck(series: OdooSeries): void {
  describe.skipIf(!hasRealOdoo(series))(`check against a real Odoo ${series}`, () => cases(series))
}

function cases(series: OdooSeries): void {
  const cleanups: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  })
  const person = personOf(realOdoo(series))

  function connect(who: 'tandem' | 'administrator' = 'tandem', protocol = PROTOCOLS_OF[series][0]): Connector {
    const { url, database, login, apiKey, password, personLogin, personKey, personPassword } = realOdoo(series)
    const credentials =
      who === 'tandem'
        ? { user: login, api_key: apiKey, password }
        : { user: personLogin, api_key: personKey, password: personPassword }
    const connector = createOdooConnector({ type: 'odoo', url, database, protocol, ...credentials }, 'erp')
    cleanups.push(async () => connector[Symbol.asyncDispose]())
    return connector
  }

  it('names the module that a missing model or field needs', async () => {
    const connector = connect()
    const missing = connector.collection({ spec: { model: 'project.task' }, fields: ['name'], consumer: 't' })
    await expect(missing.describe(signal)).rejects.toMatchObject({
      code: 'schema',
      message: 'Odoo has no model project.task',
      hint: {
        '19': 'The module project (Project) brings it and is not installed. Install it in Odoo, under Apps.',
        // Which modules there are is for administrators to know.
        '14': 'The module project brings it. Install it in Odoo, under Apps; if it is installed, give our user its group.',
      }[series],
    })
    const unknown = connector.collection({ spec: { model: 'x.unknown' }, fields: [], consumer: 't' })
    await expect(unknown.describe(signal)).rejects.toMatchObject({ code: 'schema', message: /x.unknown/ })
    const partners = connector.collection({
      spec: { model: 'res.partner' },
      fields: ['name', 'property_delivery_carrier_id', 'x_nobody'],
      consumer: 't',
    })
    const { missing: fields } = await partners.describe(signal)
    expect([...(fields ?? [])]).toEqual([
      ['property_delivery_carrier_id', expect.stringMatching(/^The module delivery (\(|brings it)/)],
    ])
  })

  it.each(PROTOCOLS_OF[series])('tells an administrator from an ordinary user, over %s', async (protocol) => {
    expect((await connect('tandem', protocol).check(signal)).problems).toEqual([])
    const { user, problems, server } = await connect('administrator', protocol).check(signal)
    expect({ user, server }).toEqual({ user: realOdoo(series).personLogin, server: `Odoo ${series}.0` })
    expect(problems).toMatchObject([
      { severity: 'warning', message: `The user ${user} is an administrator of Odoo`, hint: expect.any(String) },
    ])
  })

  it('tells a right that is missing as such, and not as fields that cannot be written', async () => {
    const companies = connect().collection({ spec: { model: 'res.company' }, fields: ['name', 'email'], consumer: 't' })
    const { fields } = await companies.describe(signal)
    const isReadOnly = (name: string): unknown => fields.get(name)?.isReadOnly
    // Related to the company's contact, and written to it by whoever may.
    expect(['name', 'email', 'phone'].map(isReadOnly)).toEqual([false, false, false])
    expect(['display_name', 'write_date', 'id'].map(isReadOnly)).toEqual([true, true, true])
    const told = async (needs: { create: boolean; update: boolean; remove: boolean }): Promise<unknown[]> =>
      (await companies.check(needs, signal)).map(({ severity, message }) => `${severity}: ${message}`)
    expect(await told({ create: true, update: true, remove: true })).toEqual([
      'error: Our user may not create res.company',
      'error: Our user may not write res.company',
      'error: Our user may not unlink res.company',
    ])
    expect(await told({ create: false, update: false, remove: false })).toEqual([])
    // Where our user has the right, what is computed shows as that.
    const partners = await connect()
      .collection({ spec: { model: 'res.partner' }, fields: [], consumer: 't' })
      .describe(signal)
    expect(
      ['commercial_partner_id', 'email', 'is_company'].map((name) => partners.fields.get(name)?.isReadOnly),
    ).toEqual([true, false, false])
  })

  it('knows which record Odoo makes along with a new one, and that its fields need values', async () => {
    const told = async (model: string, names: readonly string[]): Promise<unknown[]> => {
      const { fields } = await connect().collection({ spec: { model }, fields: [], consumer: 't' }).describe(signal)
      return names.map((name) => [name, fields.get(name)?.isRequired, fields.get(name)?.isAssigned])
    }
    // A variant inherits its product's fields (`_inherits`).
    expect(await told('product.product', ['name', 'uom_id', 'product_tmpl_id', 'product_variant_ids'])).toEqual([
      ['name', true, false],
      ['uom_id', true, true],
      ['product_tmpl_id', true, true],
      // Required in forms only.
      ['product_variant_ids', false, false],
    ])
    // An order's customer is not made along with it, although the order has fields of him.
    expect(await told('sale.order', ['partner_id'])).toEqual([['partner_id', true, false]])
  })

  it('tries record rules on records of the mapping', async () => {
    const mark = `r-${Math.random().toString(36).slice(2, 10)}`
    const values = ['free', 'locked'].map((name) => ({ name, function: mark, comment: name }))
    const ids = await person<number[]>('res.partner', 'create', { vals_list: values })
    cleanups.push(() => person('res.partner', 'unlink', { ids }))
    const [model] = await person<{ id: number }[]>('ir.model', 'search_read', {
      domain: [['model', '=', 'res.partner']],
      fields: ['id'],
    })
    const rules = await person<number[]>('ir.rule', 'create', {
      vals_list: [
        {
          name: mark,
          model_id: model?.id,
          domain_force: `['|', ('function', '!=', '${mark}'), ('name', '!=', 'locked')]`,
          perm_read: false,
          perm_create: false,
          perm_write: true,
          perm_unlink: true,
        },
      ],
    })
    cleanups.push(() => person('ir.rule', 'unlink', { ids: rules }))
    const spec = { model: 'res.partner', domain: [['function', '=', mark]] }
    const collection = connect().collection({ spec, fields: ['name'], consumer: 't' })
    const problems = await collection.check({ create: true, update: true, remove: true }, signal)
    expect(problems.map(({ severity, message }) => [severity, message])).toEqual([
      [
        'warning',
        `Our user may not write 1 of the first 2 records of res.partner (${ids[1]}): a record rule keeps them`,
      ],
      [
        'warning',
        `Our user may not unlink 1 of the first 2 records of res.partner (${ids[1]}): a record rule keeps them`,
      ],
    ])
    expect(await collection.check({ create: true, update: false, remove: false }, signal)).toEqual([])
  })
}
