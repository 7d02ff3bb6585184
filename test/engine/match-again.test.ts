import { afterEach, describe, expect, it } from 'vitest'
import { SyncError } from '../../src/contract/error.ts'
import type { Value } from '../../src/contract/value.ts'
import { CUSTOMERS, customers, PARTNERS } from './customers.ts'
import { adds, createWorld, type World } from './world.ts'

let world: World
afterEach(() => world?.close())

async function open({ odoo = PARTNERS, external = CUSTOMERS } = {}): Promise<void> {
  world = await createWorld({
    odoo: { partners: odoo },
    external: { customers: external },
    mappings: { customers: customers() },
  })
}

/** Two partners carry the key of one customer: nothing is joined, and a person is needed. */
async function openWithRivals(): Promise<readonly [string, string]> {
  await open()
  const ann = world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
  const rival = world.stores.odoo.insert('partners', { name: 'Ann again', ref: 'A' })
  world.stores.external.insert('customers', { full_name: 'Ann', code: 'A' })
  await world.settle()
  expect(await openCases()).toEqual({ conflicts: 3, deadLetters: 0, waiting: 0 })
  return [ann, rival]
}

/** What waits for a person or for another record, of both sides. */
async function openCases(): Promise<Record<'conflicts' | 'deadLetters' | 'waiting', number>> {
  const { odoo, external } = await world.counts()
  expect([adds(odoo), adds(external)]).toEqual([true, true])
  const sum = (name: 'conflicts' | 'deadLetters' | 'waiting') => odoo[name] + external[name]
  return { conflicts: sum('conflicts'), deadLetters: sum('deadLetters'), waiting: sum('waiting') }
}

const NOTHING = { conflicts: 0, deadLetters: 0, waiting: 0 }

async function lookAgain(options: { sweeps: boolean }): Promise<void> {
  world.advance(60_000)
  await world.run({ depth: 'deep', ...options })
  await world.settle()
}

const codes = () => world.stores.external.all('customers').map(({ fields }) => [fields.code, fields.full_name])

describe('a conflict about a key', () => {
  it('ends when one of two records gets a key of its own', async () => {
    const [, rival] = await openWithRivals()
    world.stores.odoo.edit('partners', rival, { ref: 'B' })
    await lookAgain({ sweeps: false })
    expect(await openCases()).toEqual(NOTHING)
    expect(codes()).toEqual([
      ['A', 'Ann'],
      ['B', 'Ann again'],
    ])
    expect(await world.differences()).toEqual([])
  })

  it.each([0, 1])('ends when one of two records is deleted (%i)', async (index) => {
    const rivals = await openWithRivals()
    world.stores.odoo.remove('partners', rivals[index] ?? '')
    await lookAgain({ sweeps: true })
    expect(await openCases()).toEqual(NOTHING)
    expect(codes()).toHaveLength(1)
    expect(await world.differences()).toEqual([])
  })

  it('ends when one of two candidates on the other side is deleted', async () => {
    await open()
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
    const second = world.stores.odoo.insert('partners', { name: 'Ann again', ref: 'A' })
    await world.settle()
    expect(await openCases()).toMatchObject({ conflicts: 2 })
    world.stores.odoo.remove('partners', second)
    await lookAgain({ sweeps: true })
    expect(await openCases()).toEqual(NOTHING)
    expect(codes()).toEqual([['A', 'Ann']])
  })

  it('stays, without a word, as long as nothing is mended', async () => {
    await openWithRivals()
    const told = world.events.length
    for (let time = 0; time < 3; time++) await lookAgain({ sweeps: true })
    expect(await openCases()).toEqual({ conflicts: 3, deadLetters: 0, waiting: 0 })
    expect(world.events.slice(told)).toEqual([])
    expect(await world.ledger.countLinks('customers')).toBe(0)
  })

  it('is not ended by an empty listing, which may be a mistake', async () => {
    const rivals = await openWithRivals()
    for (const id of rivals) world.stores.odoo.remove('partners', id)
    world.advance(60_000)
    await world.run({ depth: 'deep', sweeps: true })
    expect((await world.counts()).odoo).toMatchObject({ conflicts: 2 })
  })
})

describe('what is parked and was never linked', () => {
  it('is forgotten when it is deleted: a dead letter, and what waits for its parent', async () => {
    const refuse = (value: Value): Value => {
      if (value === 'POISON') throw new SyncError('invalid', 'No such name.')
      return value
    }
    await open({ external: { ...CUSTOMERS, normalise: { ...CUSTOMERS.normalise, full_name: refuse } } })
    world.stores.odoo.insert('partners', { name: 'Keeps the listing from being empty', ref: 'K' })
    const parent = world.stores.odoo.insert('partners', { name: 'POISON', ref: 'P' })
    const child = world.stores.odoo.insert('partners', { name: 'Child', ref: 'C', parent_id: parent })
    await world.settle()
    expect(await openCases()).toEqual({ conflicts: 0, deadLetters: 1, waiting: 1 })
    for (const id of [child, parent]) world.stores.odoo.remove('partners', id)
    await lookAgain({ sweeps: true })
    expect(await openCases()).toEqual(NOTHING)
  })

  it('is forgotten when it leaves the filter, and comes back with it', async () => {
    await open({ odoo: { ...PARTNERS, filter: ({ comment }) => comment !== '<p>out</p>' } })
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
    const rival = world.stores.odoo.insert('partners', { name: 'Ann again', ref: 'A' })
    await world.settle()
    expect(await openCases()).toMatchObject({ conflicts: 2 })
    world.stores.odoo.edit('partners', rival, { comment: '<p>out</p>', ref: 'B' })
    await lookAgain({ sweeps: true })
    expect(await openCases()).toEqual(NOTHING)
    expect(codes()).toEqual([['A', 'Ann']])
    world.stores.odoo.edit('partners', rival, { comment: null })
    await lookAgain({ sweeps: false })
    expect(codes()).toEqual([
      ['A', 'Ann'],
      ['B', 'Ann again'],
    ])
    expect(await world.ledger.countLinks('customers')).toBe(2)
  })
})
