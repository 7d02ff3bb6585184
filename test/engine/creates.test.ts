import { afterEach, describe, expect, it } from 'vitest'
import { planSync } from '../../src/engine/dry-run.ts'
import { CUSTOMERS, PARTNERS } from './customers.ts'
import { adds, createWorld, type World } from './world.ts'

const mapping = (more: string): string => `
mapping: customers
odoo: { connection: erp, collection: partners, key: ref }
external: { connection: shop, collection: customers, key: code }
key: { generate: "{side}-{id}" }
fields:
  - { odoo: name, external: full_name }
  - { odoo: phone, external: phone }
${more}`

const ARCHIVES = 'deletes: { from_odoo: archive, from_external: archive }'

let world: World
afterEach(() => world?.close())
const open = async (more: string): Promise<void> => {
  world = await createWorld({
    odoo: { partners: PARTNERS },
    external: { customers: CUSTOMERS },
    mappings: { customers: mapping(more) },
  })
}
const partner = (ref: string | null, name: string) => world.stores.odoo.insert('partners', { ref, name })
const customer = (code: string | null, full_name: string) =>
  world.stores.external.insert('customers', { code, full_name })
const partners = () => world.stores.odoo.all('partners').map(({ fields }) => `${fields.ref} ${fields.name}`)
const customers = () => world.stores.external.all('customers').map(({ fields }) => `${fields.code} ${fields.full_name}`)
const planned = async (): Promise<string[]> => {
  const found: string[] = []
  for await (const { action, side } of planSync(await world.context(), AbortSignal.timeout(60_000))) {
    found.push(`${action} ${side}`)
  }
  return found
}
const rest = async (): Promise<void> => {
  world.events.length = 0
  await world.settle()
  await world.run({ depth: 'deep', sweeps: true })
  expect(world.events.filter(({ kind }) => kind !== 'run')).toEqual([])
  expect(await world.differences()).toEqual([])
  expect(await planned()).toEqual([])
}

describe('a mapping that never creates', () => {
  it('in Odoo: joins what is there by its key, and leaves the rest alone, also what has no key', async () => {
    await open(`creates: { from_external: never }\n${ARCHIVES}`)
    partner('A', 'Ann')
    customer('A', 'Ann of the shop')
    customer('B', 'Bob')
    customer(null, 'Nobody')
    expect((await planned()).filter((step) => step.startsWith('create'))).toEqual([])
    await world.settle()
    expect(partners()).toHaveLength(1)
    expect(customers()).toHaveLength(3)
    expect(customers()).toContain('null Nobody')
    expect(world.events.filter(({ kind }) => kind === 'adopted')).toHaveLength(1)
    await rest()
    const counts = await world.counts()
    expect([counts.external, counts.odoo].every(adds)).toBe(true)
  })

  it('on one side does on the other, and what was left alone is joined when its partner comes', async () => {
    await open(`creates: { from_external: never }\n${ARCHIVES}`)
    customer('B', 'Bob')
    await world.settle()
    expect(partners()).toEqual([])
    partner('B', 'Bob')
    partner('C', 'Cy')
    await world.settle()
    expect(partners()).toHaveLength(2)
    expect(customers().sort()).toEqual(['B Bob', 'C Cy'])
    await rest()
    const [bob] = world.stores.external.all('customers')
    world.stores.external.edit('customers', bob?.id ?? '', { phone: '7' })
    await world.settle()
    expect(world.stores.odoo.all('partners')[0]?.fields.phone).toBe('7')
  })

  it('on either side joins what both have, also when one of them comes late', async () => {
    await open(`creates: { from_odoo: never, from_external: never }\n${ARCHIVES}`)
    partner('A', 'Ann')
    customer('B', 'Bob')
    await world.settle()
    expect([partners(), customers()]).toEqual([['A Ann'], ['B Bob']])
    customer('A', 'Ann')
    partner('B', 'Bob')
    await world.settle()
    expect([partners().length, customers().length]).toEqual([2, 2])
    expect(world.events.filter(({ kind }) => kind === 'adopted')).toHaveLength(2)
    await rest()
  })

  it('one way: finds what came late by the sweep', async () => {
    await open('direction: to-odoo\ncreates: { from_external: never }\ndeletes: { from_external: archive }')
    customer('A', 'Ann')
    await world.settle()
    partner('A', 'old name')
    await world.run({ depth: 'deep', sweeps: true })
    await world.settle()
    expect(partners()).toEqual(['A Ann'])
    await rest()
  })

  it('does not make again what was deleted', async () => {
    await open(`creates: { from_external: never }\n${ARCHIVES}`)
    const id = partner('A', 'Ann')
    customer('A', 'Ann')
    await world.settle()
    world.stores.odoo.remove('partners', id)
    await world.run({ depth: 'deep', sweeps: true })
    await world.settle()
    const [ann] = world.stores.external.all('customers')
    world.stores.external.edit('customers', ann?.id ?? '', { archived: false, phone: '8' })
    await world.settle()
    expect(partners()).toEqual([])
  })
})
