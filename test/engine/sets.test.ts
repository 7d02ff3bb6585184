import { afterEach, describe, expect, it } from 'vitest'
import type { CollectionOptions } from '../../src/connectors/memory/options.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { CrashPoint } from '../../src/engine/crash-points.ts'
import { CUSTOMERS, PARTNERS } from './customers.ts'
import { createWorld, Killed, type World } from './world.ts'

const TAGS: CollectionOptions = {
  fields: { name: { type: 'text', isRequired: true }, color: { type: 'integer' } },
  feed: { kind: 'window' },
}
const ODOO = {
  partners: {
    ...PARTNERS,
    fields: { ...PARTNERS.fields, category_id: { type: 'references' as const, relation: 'tags' } },
    defaults: { active: true, category_id: [] },
  },
  tags: TAGS,
}
const SHOP = {
  customers: {
    ...CUSTOMERS,
    fields: { ...CUSTOMERS.fields, tags: { type: 'json' as const }, words: { type: 'text' as const } },
  },
}

function mapping(pair: string): string {
  return `
mapping: customers
odoo: { connection: erp, collection: partners, key: ref }
external: { connection: shop, collection: customers, key: code }
fields:
  - { odoo: name, external: full_name }
  - ${pair}
deletes: { from_odoo: archive, from_external: archive }
`
}
const LIST =
  '{ odoo: category_id, external: tags, lookup: { collection: tags, by: name, fold: [case], create: true, defaults: { color: 7 } } }'

let world: World
afterEach(() => world?.close())

const open = async (pair = LIST): Promise<World> => {
  world = await createWorld({ odoo: ODOO, external: SHOP, mappings: { customers: mapping(pair) } })
  return world
}

const tagNames = (): readonly unknown[] =>
  rows('odoo', 'tags')
    .map(({ fields }) => fields.name)
    .sort()

function rows(side: 'odoo' | 'external', collection: string) {
  return world.stores[side].all(collection)
}

function tagsOf(ref: string): readonly unknown[] {
  const names = new Map(rows('odoo', 'tags').map(({ id, fields }) => [Number(id), fields.name]))
  const partner = rows('odoo', 'partners').find(({ fields }) => fields.ref === ref)
  const ids = (partner?.fields.category_id ?? []) as readonly number[]
  return ids.map((id) => names.get(Number(id))).sort()
}

async function expectInStep(): Promise<void> {
  await world.settle()
  expect(await world.differences()).toEqual([])
  const before = { ...world.stores.odoo.calls }
  await world.settle()
  expect(world.stores.odoo.calls.writes).toBe(before.writes)
}

describe('a set of records by name', () => {
  it('is written as ids, and what is missing is made once, with its defaults', async () => {
    await open()
    world.stores.external.insert('customers', { code: 'A', full_name: 'Ann', tags: ['gold', 'New', 'gold'] })
    world.stores.external.insert('customers', { code: 'B', full_name: 'Bob', tags: ['new'] })
    world.stores.odoo.insert('tags', { name: 'Gold', color: 1 })
    await expectInStep()
    expect(tagNames()).toHaveLength(2)
    expect(tagsOf('A')).toHaveLength(2)
    expect(rows('odoo', 'tags').map(({ fields }) => fields.color)).toEqual([1, 7])
  })

  it.each<CrashPoint>(['intended', 'applied', 'settled'])(
    'is made once also when the process dies at %s',
    async (point) => {
      await open()
      world.stores.external.insert('customers', { code: 'A', full_name: 'Ann', tags: ['x', 'y'] })
      world.killAt(point)
      await expect(world.settle()).rejects.toThrow(Killed)
      await expectInStep()
      expect(tagNames()).toEqual(['x', 'y'])
      expect(tagsOf('A')).toEqual(['x', 'y'])
    },
  )

  it('is not made again while the first one may be on its way', async () => {
    await open()
    world.stores.external.insert('customers', { code: 'A', full_name: 'Ann', tags: ['x'] })
    world.killAt('intended')
    await expect(world.settle()).rejects.toThrow(Killed)
    // The call that the dead process sent arrives after the next one has started.
    await world.run()
    expect(tagNames()).toEqual([])
    world.stores.odoo.insert('tags', { name: 'x', color: 7 })
    world.advance(60_000)
    await expectInStep()
    expect(tagNames()).toEqual(['x'])
  })

  it('that cannot be made is a dead letter that says why', async () => {
    await open()
    world.stores.odoo.faults.poison = (_operation, collection) =>
      collection === 'tags' ? new SyncError('invalid', 'No such tags here.') : null
    world.stores.external.insert('customers', { code: 'A', full_name: 'Ann', tags: ['x'] })
    await world.settle()
    const [dead] = await world.ledger.changes('customers', { state: 'dead', limit: 5 })
    expect(dead?.change.fault?.message).toBe('tags "x" could not be made: No such tags here.')
  })

  it('is merged element by element where both sides changed it', async () => {
    await open()
    const partner = world.stores.odoo.insert('partners', { ref: 'A', name: 'Ann' })
    const ids = ['a', 'b', 'c', 'd'].map((name) => Number(world.stores.odoo.insert('tags', { name })))
    world.stores.odoo.edit('partners', partner, { category_id: ids.slice(0, 3) })
    await world.settle()
    world.stores.odoo.edit('partners', partner, { category_id: [ids[1] ?? 0, ids[2] ?? 0, ids[3] ?? 0] })
    const [row] = rows('external', 'customers')
    expect(row?.fields.tags).toEqual(['a', 'b', 'c'])
    world.stores.external.edit('customers', row?.id ?? '', { tags: ['c', 'a', 'e'] })
    await expectInStep()
    expect(tagsOf('A')).toEqual(['c', 'd', 'e'])
    expect(world.events.filter(({ kind }) => kind === 'lost')).toEqual([])
  })

  it.each<CrashPoint>(['planned', 'intended', 'applied', 'settled'])(
    'is merged also when the process dies at %s',
    async (point) => {
      await open()
      const partner = world.stores.odoo.insert('partners', { ref: 'A', name: 'Ann' })
      const ids = ['a', 'b', 'c'].map((name) => Number(world.stores.odoo.insert('tags', { name })))
      world.stores.odoo.edit('partners', partner, { category_id: ids.slice(0, 2) })
      await world.settle()
      world.stores.odoo.edit('partners', partner, { category_id: ids })
      const [row] = rows('external', 'customers')
      world.stores.external.edit('customers', row?.id ?? '', { tags: ['b', 'x'] })
      world.killAt(point)
      await expect(world.settle()).rejects.toThrow(Killed)
      await expectInStep()
      expect(tagsOf('A')).toEqual(['b', 'c', 'x'])
      expect(rows('external', 'customers')[0]?.fields.tags).toEqual(['b', 'c', 'x'])
    },
  )

  it('is joined to what the other side has at first contact', async () => {
    await open()
    const tag = Number(world.stores.odoo.insert('tags', { name: 'mine' }))
    world.stores.odoo.insert('partners', { ref: 'A', name: 'Ann', category_id: [tag] })
    world.stores.external.insert('customers', { code: 'A', full_name: 'Ann', tags: ['theirs'] })
    await expectInStep()
    expect(tagsOf('A')).toEqual(['mine', 'theirs'])
  })

  it('follows the policy of its pair, if it has one', async () => {
    await open(LIST.replace('lookup:', 'conflict: odoo, lookup:'))
    const partner = world.stores.odoo.insert('partners', { ref: 'A', name: 'Ann' })
    const ids = ['a', 'b'].map((name) => Number(world.stores.odoo.insert('tags', { name })))
    await world.settle()
    world.stores.odoo.edit('partners', partner, { category_id: ids })
    const [row] = rows('external', 'customers')
    world.stores.external.edit('customers', row?.id ?? '', { tags: ['x'] })
    await expectInStep()
    expect(tagsOf('A')).toEqual(['a', 'b'])
    expect(world.events.filter(({ kind }) => kind === 'lost')).toHaveLength(1)
  })

  it('keeps what someone else put in between our read and our write', async () => {
    await open('{ odoo: category_id, external: words, separator: ", ", lookup: { collection: tags, by: name } }')
    const partner = world.stores.odoo.insert('partners', { ref: 'A', name: 'Ann' })
    const ids = ['a', 'b', 'late'].map((name) => Number(world.stores.odoo.insert('tags', { name })))
    world.stores.odoo.edit('partners', partner, { category_id: ids.slice(0, 1) })
    await world.settle()
    const [row] = rows('external', 'customers')
    expect(row?.fields.words).toBe('a')
    world.stores.external.edit('customers', row?.id ?? '', { words: 'a,b' })
    world.stores.odoo.faults.beforeApply = ({ collection }) => {
      if (collection !== 'partners') return
      world.stores.odoo.faults.beforeApply = null
      world.stores.odoo.edit('partners', partner, { category_id: [ids[0] ?? 0, ids[2] ?? 0] })
    }
    await expectInStep()
    expect(tagsOf('A')).toEqual(['a', 'b', 'late'])
    expect(rows('external', 'customers')[0]?.fields.words).toBe('a, b, late')
  })
})
