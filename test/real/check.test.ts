import { afterEach, describe, expect, it } from 'vitest'
import { createOdooConnector } from '../../src/connectors/odoo/index.ts'
import { hasOdooDatabaseAccess, realEnvironment } from './environment.ts'
import { asPerson } from './person.ts'

const { signal } = new AbortController()
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function connect() {
  const { odooUrl, odooDatabase, odooApiKey } = realEnvironment()
  const connector = createOdooConnector(
    { type: 'odoo', url: odooUrl, database: odooDatabase, api_key: odooApiKey },
    'erp',
  )
  cleanups.push(async () => connector[Symbol.asyncDispose]())
  return connector
}

describe.skipIf(!hasOdooDatabaseAccess)('check against a real Odoo', () => {
  it('names the module that a missing model or field needs', async () => {
    const connector = connect()
    const missing = connector.collection({ spec: { model: 'project.task' }, fields: ['name'], consumer: 't' })
    await expect(missing.describe(signal)).rejects.toMatchObject({
      code: 'schema',
      message: 'Odoo has no model project.task',
      hint: 'The module project (Project) brings it and is not installed. Install it in Odoo, under Apps.',
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
      ['property_delivery_carrier_id', expect.stringContaining('The module delivery (')],
    ])
  })

  it('tries record rules on records of the mapping', async () => {
    const mark = `r-${Math.random().toString(36).slice(2, 10)}`
    const values = ['free', 'locked'].map((name) => ({ name, function: mark, comment: name }))
    const ids = await asPerson<number[]>('res.partner', 'create', { vals_list: values })
    cleanups.push(() => asPerson('res.partner', 'unlink', { ids }))
    const [model] = await asPerson<{ id: number }[]>('ir.model', 'search_read', {
      domain: [['model', '=', 'res.partner']],
      fields: ['id'],
    })
    const rules = await asPerson<number[]>('ir.rule', 'create', {
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
    cleanups.push(() => asPerson('ir.rule', 'unlink', { ids: rules }))
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
})
