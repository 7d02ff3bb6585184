import { afterEach, expect, it } from 'vitest'
import type { CrashPoint } from '../../src/engine/crash-points.ts'
import { CUSTOMERS, PARTNERS } from './customers.ts'
import { createWorld, Killed, type World } from './world.ts'

const MAPPING = `
mapping: customers
odoo: { connection: erp, collection: partners, key: ref }
external: { connection: shop, collection: customers, key: code }
key: { within: company_id }
fields:
  - { odoo: name, external: full_name }
  - { odoo: company_id, external: company, lookup: { collection: companies, by: name } }
deletes: { from_odoo: archive, from_external: archive }
`

let world: World
let north = ''
let south = ''
afterEach(() => world?.close())

async function open(): Promise<void> {
  world = await createWorld({
    odoo: {
      partners: {
        ...PARTNERS,
        fields: { ...PARTNERS.fields, company_id: { type: 'reference', relation: 'companies' } },
      },
      companies: { fields: { name: { type: 'text' } } },
    },
    external: {
      customers: { ...CUSTOMERS, fields: { ...CUSTOMERS.fields, company: { type: 'text' } }, key: '', unique: [] },
    },
    mappings: { customers: MAPPING },
  })
  north = world.stores.odoo.insert('companies', { name: 'North' })
  south = world.stores.odoo.insert('companies', { name: 'South' })
}

const shop = (): readonly string[] =>
  world.stores.external
    .all('customers')
    .map(({ fields }) => `${fields.code} ${fields.company} ${fields.full_name}`)
    .sort()

it('one key in two companies names two records', async () => {
  await open()
  world.stores.odoo.insert('partners', { ref: 'A', name: 'North A', company_id: Number(north) })
  world.stores.odoo.insert('partners', { ref: 'A', name: 'South A', company_id: Number(south) })
  world.stores.external.insert('customers', { code: 'A', company: 'South', full_name: 'South A' })
  world.stores.external.insert('customers', { code: 'A', full_name: 'Nobody A' })
  await world.settle()
  expect(shop()).toEqual(['A North North A', 'A South South A', 'A null Nobody A'])
  expect(world.stores.odoo.all('partners')).toHaveLength(3)
  expect(await world.differences()).toEqual([])
  expect(world.events.filter(({ kind }) => kind === 'adopted')).toHaveLength(1)
})

it("two of one key in one company are a person's to tell apart", async () => {
  await open()
  for (const name of ['one', 'two']) world.stores.odoo.insert('partners', { ref: 'A', name, company_id: Number(north) })
  await world.settle()
  expect(shop()).toEqual([])
  const [conflict] = await world.ledger.changes('customers', { state: 'conflict', limit: 5 })
  expect(conflict?.change.fault?.message).toMatch(/^ref "A" \(within North\) is carried by several odoo records/)
})

it.each<CrashPoint>(['intended', 'applied'])(
  'a create in doubt is looked up within its company, killed at %s',
  async (point) => {
    await open()
    world.stores.external.insert('customers', { code: 'A', company: 'North', full_name: 'North A' })
    await world.settle()
    world.stores.external.insert('customers', { code: 'A', company: 'South', full_name: 'South A' })
    world.killAt(point)
    await expect(world.settle()).rejects.toThrow(Killed)
    await world.settle()
    const names = world.stores.odoo
      .all('partners')
      .map(({ fields }) => fields.name)
      .sort()
    expect(names).toEqual(['North A', 'South A'])
    expect(await world.differences()).toEqual([])
  },
)
