import { afterEach, describe, expect, it } from 'vitest'
import type { Change } from '../../src/contract/change.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Side } from '../../src/mapping/mapping.ts'
import { CUSTOMERS, customers, PARTNERS } from './customers.ts'
import { adds, createWorld, type World } from './world.ts'

let world: World
afterEach(() => world?.close())

async function open(mapping = customers()): Promise<void> {
  world = await createWorld({
    odoo: { partners: PARTNERS },
    external: { customers: CUSTOMERS },
    mappings: { customers: mapping },
  })
}

const hint = (id: string): Change => ({ kind: 'hint', id, version: null })
const gone = (id: string): Change => ({ kind: 'gone', id, atMs: null })

const tell = (change: Change, side: Side = 'odoo') =>
  world.ledger.receive([{ mapping: 'customers', side, change }], world.nowMs())

const hear = () => world.run({ depth: 'none' })
const waiting = () => world.ledger.countArrivals('customers')
const shop = () => world.stores.external.all('customers').map(({ fields }) => fields)

/** Ann is on both sides, and everything is quiet. */
async function openWithAnn(mapping?: string): Promise<string> {
  await open(mapping)
  const ann = world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
  await world.settle()
  expect(shop()).toMatchObject([{ full_name: 'Ann' }])
  world.stores.odoo.resetCalls()
  return ann
}

async function expectToAddUp(): Promise<void> {
  const { odoo, external } = await world.counts()
  expect(adds(odoo) && adds(external)).toBe(true)
}

describe('what a system tells', () => {
  it('is synced without reading any feed', async () => {
    const ann = await openWithAnn()
    world.stores.odoo.edit('partners', ann, { phone: '1' })
    const bob = world.stores.odoo.insert('partners', { name: 'Bob', ref: 'B' })
    await tell(hint(ann))
    await tell(hint(bob))
    await hear()
    expect(shop()).toMatchObject([{ phone: '1' }, { full_name: 'Bob' }])
    expect(world.stores.odoo.calls['feed.read']).toBe(0)
    expect(world.stores.odoo.calls.look).toBe(1)
    expect(await waiting()).toBe(0)
    await expectToAddUp()
  })

  it('of a delete is confirmed first', async () => {
    const ann = await openWithAnn()
    await tell(gone(ann))
    await hear()
    expect(shop()).toMatchObject([{ archived: false }])
    expect(await waiting()).toBe(1)
    world.stores.odoo.remove('partners', ann)
    world.advance(1000)
    await hear()
    expect(shop()).toMatchObject([{ archived: true }])
    expect(await waiting()).toBe(0)
  })

  it('before it can be seen is looked at again, and left to the scans in the end', async () => {
    const ann = await openWithAnn()
    await tell(hint(ann))
    await hear()
    expect(await waiting()).toBe(1)
    world.stores.odoo.edit('partners', ann, { phone: '1' })
    await hear()
    expect(shop()).toMatchObject([{ phone: null }])
    world.advance(1000)
    await hear()
    expect(shop()).toMatchObject([{ phone: '1' }])
    expect(await waiting()).toBe(0)

    await tell(hint(ann))
    for (let look = 0; look < 3; look++) {
      await hear()
      world.advance(5000)
    }
    expect(await waiting()).toBe(0)
    await expectToAddUp()
  })

  it('of a record outside of the filter is nothing to the mapping', async () => {
    await open(customers().replace('collection: partners,', 'collection: partners, where: { phone: "1" },'))
    const bob = world.stores.odoo.insert('partners', { name: 'Bob', ref: 'B', phone: '2' })
    await tell(hint(bob))
    await hear()
    expect(shop()).toEqual([])
    expect(await world.ledger.countChanges('customers', {})).toBe(0)
  })

  it('of a side that is not read is dropped', async () => {
    await open(customers('direction: to-odoo').replace('from_odoo: archive, ', ''))
    await tell(hint(world.stores.odoo.insert('partners', { name: 'Bob', ref: 'B' })))
    await hear()
    expect(world.stores.odoo.calls.look).toBe(0)
    expect(await waiting()).toBe(0)
  })

  it('is kept while the system cannot be asked', async () => {
    const ann = await openWithAnn()
    world.stores.odoo.edit('partners', ann, { phone: '1' })
    world.stores.odoo.faults.inject({ method: 'look', before: new SyncError('network', 'gone') })
    await tell(hint(ann))
    await expect(hear()).rejects.toThrow()
    expect(await waiting()).toBe(1)
    await hear()
    expect(shop()).toMatchObject([{ phone: '1' }])
  })

  it.each(['arrivals-taken', 'planned', 'intended', 'applied'] as const)('survives a death at %s', async (point) => {
    const ann = await openWithAnn()
    world.stores.odoo.edit('partners', ann, { phone: '1' })
    await tell(hint(ann))
    world.killAt(point)
    await expect(hear()).rejects.toThrow()
    await hear()
    world.advance(10_000)
    await hear()
    expect(shop()).toMatchObject([{ phone: '1' }])
    await expectToAddUp()
  })

  it('while the same record is being written is neither lost nor an echo', async () => {
    const ann = await openWithAnn()
    const [row] = world.stores.external.all('customers')
    world.stores.external.edit('customers', row?.id ?? '', { email: 'a@x' })
    await tell(hint(ann))
    await world.run({ depth: 'tail' })
    world.stores.odoo.edit('partners', ann, { phone: '7' })
    await tell(hint(ann))
    await hear()
    expect(shop()).toMatchObject([{ phone: '7', email: 'a@x' }])
    expect(world.stores.odoo.get('partners', ann)).toMatchObject({ phone: '7', email: 'a@x' })
    world.stores.odoo.resetCalls()
    await world.settle()
    expect(world.stores.odoo.calls.writes).toBe(0)
    expect(await waiting()).toBe(0)
  })
})
