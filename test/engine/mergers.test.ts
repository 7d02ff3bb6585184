import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RecordId } from '../../src/contract/change.ts'
import { CUSTOMERS, customers, PARTNERS } from './customers.ts'
import { createWorld, type World } from './world.ts'

let world: World
let survivors: Map<RecordId, RecordId>

beforeEach(async () => {
  survivors = new Map()
  world = await createWorld({
    odoo: { partners: { ...PARTNERS, filter: ({ name }) => name !== 'elsewhere' } },
    external: { customers: CUSTOMERS },
    mappings: { customers: customers() },
  })
  await tellSurvivors()
})
afterEach(() => world.close())

/** The memory store merges nothing: the sink is made to tell what the test says. */
async function tellSurvivors(): Promise<void> {
  const { sink } = (await world.context()).sides.odoo.collection
  if (sink) sink.survivors = async (ids) => new Map([...survivors].filter(([id]) => ids.includes(id)))
}

function merge(loser: RecordId, survivor: RecordId): void {
  for (const { id, fields } of world.stores.odoo.all('partners')) {
    if (String(fields.parent_id) === loser)
      world.stores.odoo.editSilently('partners', id, { parent_id: Number(survivor) })
  }
  world.stores.odoo.removeSilently('partners', loser)
  survivors.set(loser, survivor)
}

const partner = (ref: string, more = {}): RecordId => world.stores.odoo.insert('partners', { ref, name: ref, ...more })
const row = (code: string) => world.stores.external.all('customers').find(({ fields }) => fields.code === code)

async function expectQuiet(): Promise<void> {
  await world.settle()
  const writes = [world.stores.odoo.calls.writes, world.stores.external.calls.writes]
  await world.settle()
  expect([world.stores.odoo.calls.writes, world.stores.external.calls.writes]).toEqual(writes)
}

it('what refers to a merged record means the survivor, and its partner is put away', async () => {
  const [keep, lose] = [partner('K'), partner('L')]
  partner('C', { parent_id: Number(lose) })
  await world.settle()
  const loser = row('L')?.id ?? ''
  expect(String(row('C')?.fields.parent)).toBe(loser)
  merge(lose, keep)
  await expectQuiet()
  expect(row('L')?.fields.archived).toBe(true)
  expect(world.events.filter(({ kind }) => kind === 'merged')).toHaveLength(1)
  world.stores.external.insert('customers', { code: 'N', full_name: 'new', parent: Number(loser) })
  world.stores.external.edit('customers', loser, { phone: 'nobody reads this' })
  await expectQuiet()
  const child = world.stores.odoo.all('partners').find(({ fields }) => fields.ref === 'N')
  expect(String(child?.fields.parent_id)).toBe(keep)
  expect(world.stores.odoo.get('partners', keep)?.phone ?? null).toBeNull()
  expect(await world.differences()).toEqual([])
})

it('a survivor without a link takes over the one of the merged record', async () => {
  const lose = partner('L', { email: 'l@x' })
  partner('other')
  await world.settle()
  const { id } = row('L') ?? { id: '' }
  const keep = partner('K', { name: 'elsewhere', phone: '7' })
  merge(lose, keep)
  await expectQuiet()
  expect(world.stores.external.all('customers')).toHaveLength(2)
  expect(row('K')).toMatchObject({ id, fields: { full_name: 'elsewhere', phone: '7', archived: false } })
  world.stores.external.edit('customers', id, { phone: '8' })
  await expectQuiet()
  expect(world.stores.odoo.get('partners', keep)).toMatchObject({ phone: '8' })
  expect(await world.differences()).toEqual([])
})

it('a record that is merely gone follows the policy for deletes', async () => {
  const [, lose] = [partner('K'), partner('L')]
  await world.settle()
  world.stores.odoo.removeSilently('partners', lose)
  await expectQuiet()
  expect(row('L')?.fields.archived).toBe(true)
  expect(world.events.filter(({ kind }) => kind === 'merged')).toEqual([])
})
