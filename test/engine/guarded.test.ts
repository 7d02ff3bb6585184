import { afterEach, describe, expect, it } from 'vitest'
import { createMemoryConnector } from '../../src/connectors/memory/index.ts'
import type { CollectionOptions } from '../../src/connectors/memory/options.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { ReadRequest } from '../../src/contract/feed.ts'
import { type Acceptance, acceptanceNote } from '../../src/engine/reconcile.ts'
import type { Side } from '../../src/mapping/mapping.ts'
import { lookAtDatabase, remember } from '../../src/recognise.ts'
import { CUSTOMERS, customers, PARTNERS } from './customers.ts'
import { adds, createWorld, type World } from './world.ts'

let world: World
afterEach(() => world?.close())
const { signal } = new AbortController()

async function open(mapping = customers(), odoo: CollectionOptions = PARTNERS): Promise<World> {
  world = await createWorld({
    odoo: { partners: odoo },
    external: { customers: CUSTOMERS },
    mappings: { customers: mapping },
    directFrom: 1000,
  })
  return world
}

const partner = (id: string) => world.stores.odoo.get('partners', id)
const customer = (id: string) => world.stores.external.get('customers', id)
const insertPartners = (...refs: readonly string[]) =>
  refs.map((ref) => world.stores.odoo.insert('partners', { name: ref, ref }))
const tooSlow = new SyncError('timeout', 'too slow', { inDoubt: true })
const unreachable = new SyncError('network', 'unreachable')

async function failure(run: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await run.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(SyncError)
  return error as SyncError
}

describe('a side that takes no large batches', () => {
  it('gets smaller ones after a time-out, nothing twice, and larger ones again when it does', async () => {
    await open()
    const names = Array.from({ length: 120 }, (_, index) => `P${index}`)
    insertPartners(...names)
    const sizes: number[] = []
    let most = 9
    world.stores.external.faults.decide = ({ method, operations }) => {
      if (method !== 'apply') return null
      sizes.push(operations.length)
      return operations.length > most ? { before: tooSlow } : null
    }
    await world.settle()
    expect(sizes.slice(0, 4)).toEqual([50, 25, 12, 6])
    expect(world.stores.external.all('customers')).toHaveLength(120)
    const counts = await world.counts()
    expect(adds(counts.odoo) && adds(counts.external)).toBe(true)

    most = 1000
    sizes.length = 0
    for (let round = 0; round < 60; round++) {
      world.advance(10_000)
      const ids = world.stores.odoo.all('partners').map(({ id }) => id)
      for (const id of ids.slice(0, 60)) world.stores.odoo.edit('partners', id, { phone: String(round) })
      await world.run()
    }
    expect(sizes.at(-2)).toBe(50)
    expect(await world.differences()).toEqual([])
  })

  it('refuses a batch for its size: it is halved at once, and later ones are small from the start', async () => {
    await open()
    insertPartners(...Array.from({ length: 40 }, (_, index) => `P${index}`))
    const sizes: number[] = []
    world.stores.external.faults.decide = ({ method, operations }) => {
      if (method !== 'apply') return null
      sizes.push(operations.length)
      return operations.length > 10 ? { before: new SyncError('too_large', 'too large') } : null
    }
    await world.run()
    expect(world.stores.external.all('customers')).toHaveLength(40)
    expect(sizes[0]).toBe(40)
    sizes.length = 0
    world.advance(10_000)
    for (const { id } of world.stores.odoo.all('partners')) world.stores.odoo.edit('partners', id, { phone: '1' })
    await world.run()
    // Four batches of ten went through, so that fifteen are tried again.
    expect(sizes.slice(0, 3)).toEqual([15, 8, 7])
  })
})

describe('a side that gives no large pages', () => {
  it('is asked for smaller ones, and its look-ups come in parts', async () => {
    await open()
    insertPartners(...Array.from({ length: 40 }, (_, index) => `P${index}`))
    const { collection } = (await world.context()).sides.odoo
    const page = (limit: number) => {
      const request: ReadRequest = { cursor: null, limit, depth: 'deep', nowMs: world.nowMs() }
      return collection.feed?.read(request, signal) ?? Promise.reject(new Error('no feed'))
    }
    const { faults, calls } = world.stores.odoo
    faults.inject({ method: 'feed.read', before: new SyncError('too_large', 'too large'), times: 2 })
    for (const _ of [1, 2]) expect((await failure(page(32))).code).toBe('too_large')
    expect((await page(32)).changes).toHaveLength(8)
    for (let round = 0; round < 20; round++) await page(32)
    expect((await page(32)).changes).toHaveLength(32)

    faults.inject({ method: 'read', before: tooSlow })
    const ids = Array.from({ length: 40 }, (_, index) => String(index + 1))
    expect((await failure(collection.sink?.read(ids, signal) ?? Promise.resolve())).code).toBe('timeout')
    calls.read = 0
    expect((await collection.sink?.read(ids, signal))?.size).toBe(40)
    expect(calls.read).toBe(2)
    faults.inject({ method: 'find', before: tooSlow })
    const request = { field: 'ref', values: ['P1', 'P2', 'P3', 'P4'], fold: { case: false, space: false } }
    expect((await failure(collection.sink?.find(request, signal) ?? Promise.resolve())).code).toBe('timeout')
    expect(await collection.sink?.find(request, signal)).toHaveLength(4)
  })
})

describe('a system that fails again and again', () => {
  it('is left alone, costs no record an attempt, and is worked with again when it answers', async () => {
    await open()
    insertPartners('A')
    await world.run()
    world.advance(60_000)
    world.stores.external.edit('customers', '1', { phone: '7' })
    world.stores.odoo.faults.decide = () => ({ before: unreachable })
    for (let round = 0; round < 5; round++) expect((await failure(world.run())).code).toBe('network')
    world.stores.odoo.resetCalls()
    const refused = await failure(world.run())
    expect(refused).toMatchObject({ code: 'circuit_open', disposition: 'defer', inDoubt: false })
    expect(refused.retryAfterMs).toBe(5000)
    expect([world.stores.odoo.calls['feed.read'], world.stores.odoo.calls.check]).toEqual([0, 0])
    expect(world.conditions.at(-1)).toMatchObject({ connection: 'erp', state: 'open', reason: 'unreachable' })

    world.stores.odoo.faults.decide = null
    world.advance(5000)
    await world.settle()
    expect(partner('1')).toMatchObject({ phone: '7' })
    expect(world.conditions.map(({ state }) => state)).toEqual(['open', 'half-open', 'closed'])
    const dead = await world.ledger.countChanges('customers', { state: 'dead' })
    expect(dead).toBe(0)
  })

  it('does not open for one bad record that is looked for by halving', async () => {
    await open()
    insertPartners(...Array.from({ length: 40 }, (_, index) => `P${index}`))
    world.stores.external.faults.decide = ({ method, operations }) => {
      const isBad = operations.some(
        ({ kind, fields }: { kind: string; fields?: object }) =>
          kind === 'create' && JSON.stringify(fields).includes('"P0"'),
      )
      return method === 'apply' && isBad ? { before: new SyncError('server', 'a 500') } : null
    }
    await world.settle()
    expect(world.conditions).toEqual([])
    expect(world.stores.external.all('customers')).toHaveLength(39)
  })

  it('tells of a pause that the server asked for', async () => {
    await open()
    world.stores.odoo.faults.inject({
      method: 'feed.read',
      before: new SyncError('rate_limited', 'slow down', { retryAfterMs: 30_000 }),
    })
    expect((await failure(world.run())).code).toBe('rate_limited')
    expect(world.conditions).toMatchObject([{ state: 'held', untilMs: world.nowMs() + 30_000, reason: 'slow down' }])
    await world.run()
    expect(world.conditions.at(-1)).toMatchObject({ state: 'closed' })
  })
})

/** As a person does it with `tandem accept`. */
async function accept(connection: string, side: Side, acceptance: Acceptance | null): Promise<void> {
  const { connections, files, ledger } = world
  if (!connections) throw new Error('nothing has run')
  const clock = { nowMs: world.nowMs }
  const look = await lookAtDatabase({ connections, files, ledger, isReadOnly: false }, connection, clock, signal)
  const note = acceptance?.as === 'restored' ? { ...acceptance, bornBeforeMs: look.pin?.atMs ?? null } : acceptance
  if (note) await ledger.updateState('customers', { notes: { [acceptanceNote(side)]: JSON.stringify(note) } })
  await remember(ledger, connection, { ...look, pin: null })
}

async function expectStop(): Promise<SyncError> {
  const { odoo, external } = world.stores
  odoo.resetCalls()
  external.resetCalls()
  const cursor = await world.ledger.cursor('customers', 'odoo')
  const error = await failure(world.run())
  expect(error).toMatchObject({ code: 'identity', disposition: 'halt' })
  expect([odoo.calls.writes, external.calls.writes, odoo.calls['feed.read']]).toEqual([0, 0, 0])
  expect(await world.ledger.cursor('customers', 'odoo')).toBe(cursor)
  return error
}

/** Pairs A, B, C in step; then a backup of Odoo is taken, D, E and edits follow, and the backup comes back. */
async function restored(mapping = customers()): Promise<void> {
  await open(mapping)
  insertPartners('A', 'B', 'C')
  await world.settle()
  const restore = world.stores.odoo.snapshot()
  insertPartners('D', 'E')
  world.stores.odoo.edit('partners', '1', { phone: 'new' })
  await world.settle()
  expect(world.stores.external.all('customers')).toHaveLength(5)
  world.connections?.distrust('erp')
  await world.run()
  world.advance(10_000)
  restore()
  // Odoo gives the ids 4 and 5 again, to others; and someone edits on the other side.
  insertPartners('X')
  world.stores.external.edit('customers', '2', { email: 'edited@x' })
  world.connections?.distrust('erp')
}

describe('a database that is another one', () => {
  it('is recognised at every start, and after every failure', async () => {
    await open()
    insertPartners('A')
    await world.settle()
    await world.run()
    world.stores.odoo.identity = 'clone'
    // Nothing has failed since: it is trusted until it is looked at again, seconds later.
    await world.run()
    world.stores.odoo.faults.inject({ method: 'feed.read', before: unreachable })
    await failure(world.run())
    const error = await expectStop()
    expect(error.message).toContain('its name was erp and is clone')
    expect(error.hint).toContain('tandem accept erp')
    await expectStop()
    world.stores.odoo.identity = 'erp'
    await world.run()
  })

  it('accepted as the same, goes on where it stopped', async () => {
    await open()
    insertPartners('A')
    await world.settle()
    world.stores.odoo.identity = 'moved'
    world.connections?.distrust('erp')
    world.stores.odoo.edit('partners', '1', { phone: '1' })
    await expectStop()
    await accept('erp', 'odoo', null)
    await world.settle()
    expect(customer('1')).toMatchObject({ phone: '1' })
    expect(world.stores.external.all('customers')).toHaveLength(1)
  })

  it('accepted as another, is matched by key, and nothing is deleted', async () => {
    await open()
    insertPartners('A', 'B', 'C')
    await world.settle()
    world.stores.odoo.identity = 'other'
    for (const id of ['1', '2', '3']) world.stores.odoo.remove('partners', id)
    insertPartners('Z', 'C')
    world.connections?.distrust('erp')
    await expectStop()
    await accept('erp', 'odoo', { as: 'other' })
    await world.settle()
    expect(world.stores.external.all('customers').map(({ fields }) => fields.code)).toEqual(['A', 'B', 'C', 'Z'])
    expect(world.stores.external.all('customers').every(({ fields }) => fields.archived === false)).toBe(true)
    expect(world.stores.odoo.all('partners').map(({ fields }) => fields.ref)).toEqual(['Z', 'C', 'A', 'B'])
    expect(await world.differences()).toEqual([])
    const counts = await world.counts()
    expect(adds(counts.odoo) && adds(counts.external)).toBe(true)
  })
})

describe('an older state of the ledger', () => {
  const told = () => world.events.filter(({ kind }) => kind === 'lost-memory')

  /** What another Tandem wrote as the same user, or this one before its ledger was put back. */
  async function writeAsUs(phone: string): Promise<void> {
    await using other = createMemoryConnector(world.stores.odoo)
    const { sink } = other.collection({ spec: 'partners', fields: ['name'], consumer: 'other' })
    await sink?.apply([{ kind: 'update', id: '1', fields: { phone }, expected: null }], signal)
  }

  async function restart(): Promise<void> {
    world.killAt('page-read')
    await world.run().catch(() => {})
    world.killAt(null)
  }

  it('is told of: our own user did what it does not know', async () => {
    await open()
    insertPartners('A')
    await world.settle()
    await world.run()
    world.advance(60_000)
    await writeAsUs('7')
    world.advance(60_000)
    await restart()
    await world.settle()
    expect(told()).toMatchObject([{ odooId: '1', message: expect.stringContaining('an old backup') }])
    expect(customer('1')).toMatchObject({ phone: '7' })
  })

  it('is not what a restart leaves, nor an edit of a person meanwhile, nor a write of ours since', async () => {
    await open()
    insertPartners('A')
    await world.settle()
    world.advance(60_000)
    world.stores.odoo.edit('partners', '1', { phone: '8' })
    world.advance(60_000)
    await restart()
    await world.run()
    world.advance(60_000)
    await writeAsUs('9')
    await world.settle()
    expect(told()).toEqual([])
    expect(customer('1')).toMatchObject({ phone: '9' })
  })
})

describe('an older state of the database', () => {
  it('is noticed by a glance, also where no call has failed', async () => {
    await open()
    insertPartners('A')
    await world.settle()
    const restore = world.stores.odoo.snapshot()
    insertPartners('B')
    await world.settle()
    restore()
    insertPartners('X')
    world.advance(5000)
    await expectStop()
    expect(customer('2')).toMatchObject({ code: 'B' })
  })

  it('is not what a person leaves who deletes the newest record', async () => {
    await open()
    insertPartners('A', 'B')
    await world.settle()
    world.stores.odoo.remove('partners', '2')
    world.advance(5000)
    await world.settle()
    expect(customer('2')).toMatchObject({ archived: true })
  })

  it('stops everything', async () => {
    await restored()
    const error = await expectStop()
    expect(error.message).toMatch(/an older state of it is back/)
    expect(world.stores.external.all('customers').filter(({ fields }) => fields.archived === true)).toEqual([])
  })

  it('with the other side as the winner: what was lost is written and created again', async () => {
    await restored()
    await expectStop()
    await accept('erp', 'odoo', { as: 'restored', winner: 'partner', bornBeforeMs: null })
    await world.settle()
    const partners = world.stores.odoo.all('partners').map(({ fields }) => fields)
    expect(partners.map(({ ref }) => ref).sort()).toEqual(['A', 'B', 'C', 'D', 'E', 'X'])
    expect(partner('1')).toMatchObject({ phone: 'new' })
    expect(partner('2')).toMatchObject({ email: 'edited@x' })
    expect(partner('4')).toMatchObject({ ref: 'X', name: 'X' })
    expect(customer('1')).toMatchObject({ phone: 'new' })
    expect(world.stores.external.all('customers')).toHaveLength(6)
    expect(await world.differences()).toEqual([])
    const counts = await world.counts()
    expect(adds(counts.odoo) && adds(counts.external)).toBe(true)
  })

  it('with the restored side as the winner: the other side goes back', async () => {
    await restored()
    await accept('erp', 'odoo', { as: 'restored', winner: 'restored', bornBeforeMs: null })
    await world.settle()
    expect(customer('1')).toMatchObject({ phone: null })
    expect(customer('2')).toMatchObject({ email: null })
    const codes = world.stores.external.all('customers').map(({ fields }) => [fields.code, fields.archived])
    // D and E are not there any more, and go by the policy for deletes. D's id is X's now.
    expect(codes).toEqual([
      ['A', false],
      ['B', false],
      ['C', false],
      ['D', true],
      ['E', true],
      ['X', false],
    ])
    expect(await world.differences()).toEqual([])
    // The id that E had is given again: to a record of its own.
    insertPartners('Y')
    await world.settle()
    expect(customer('7')).toMatchObject({ code: 'Y', archived: false })
    expect(customer('5')).toMatchObject({ code: 'E', archived: true })
  })

  it('with the policy: differences are settled field by field, and nothing is deleted', async () => {
    await restored(customers('conflict: external'))
    await accept('erp', 'odoo', { as: 'restored', winner: null, bornBeforeMs: null })
    await world.settle()
    expect(partner('1')).toMatchObject({ phone: 'new' })
    expect(world.stores.external.all('customers').every(({ fields }) => fields.archived === false)).toBe(true)
    expect(world.stores.odoo.all('partners')).toHaveLength(6)
    expect(await world.differences()).toEqual([])
  })
})
