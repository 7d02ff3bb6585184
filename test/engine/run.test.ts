import { afterEach, describe, expect, it } from 'vitest'
import type { Collection, CollectionRequest, Connector } from '../../src/contract/connector.ts'
import { SyncError } from '../../src/contract/error.ts'
import { CUSTOMERS, customers, PARTNERS } from './customers.ts'
import { adds, createWorld, type World } from './world.ts'

let world: World
afterEach(() => world?.close())

async function open(mapping = customers(), options: Partial<Parameters<typeof createWorld>[0]> = {}): Promise<World> {
  world = await createWorld({
    odoo: { partners: PARTNERS },
    external: { customers: CUSTOMERS },
    mappings: { customers: mapping },
    ...options,
  })
  return world
}

const partner = (id: string) => world.stores.odoo.get('partners', id)
const customer = (id: string) => world.stores.external.get('customers', id)

async function expectQuiet(): Promise<void> {
  const { odoo, external } = world.stores
  odoo.resetCalls()
  external.resetCalls()
  await world.settle()
  expect({ odoo: odoo.calls.writes, external: external.calls.writes }).toEqual({ odoo: 0, external: 0 })
  expect(await world.differences()).toEqual([])
  const counts = await world.counts()
  expect(adds(counts.odoo) && adds(counts.external)).toBe(true)
}

describe('first contact', () => {
  it('creates on both sides what the other lacks, and then nothing any more', async () => {
    await open()
    const a = world.stores.odoo.insert('partners', { name: ' Ann ', ref: 'A', comment: 'hello', credit: 1.005 })
    const b = world.stores.external.insert('customers', { full_name: 'Bob', code: 'B', credit: 2.5, notes: 'x' })
    await world.settle()
    expect(world.stores.external.all('customers')).toHaveLength(2)
    expect(world.stores.odoo.all('partners')).toHaveLength(2)
    expect(customer('2')).toMatchObject({ full_name: 'Ann', code: 'A', notes: '<p>hello</p>' })
    expect(partner('2')).toMatchObject({ name: 'Bob', ref: 'B', comment: '<p>x</p>', active: true })
    expect(partner(a)).toMatchObject({ name: 'Ann' })
    expect(customer(b)).toMatchObject({ notes: 'x' })
    await expectQuiet()
  })

  it('adopts what is on both sides, fills what is empty and never doubles', async () => {
    await open()
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', email: 'ann@x', phone: null })
    world.advance(5000)
    world.stores.external.insert('customers', { full_name: 'Ann', code: 'A', email: null, phone: '1' })
    await world.settle()
    expect(world.stores.odoo.all('partners')).toHaveLength(1)
    expect(partner('1')).toMatchObject({ email: 'ann@x', phone: '1' })
    expect(customer('1')).toMatchObject({ email: 'ann@x', phone: '1' })
    await expectQuiet()
  })

  it('calls two candidates a conflict', async () => {
    await open()
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
    world.stores.odoo.insert('partners', { name: 'Anna', ref: 'A' })
    world.stores.external.insert('customers', { full_name: 'Ann', code: 'A' })
    await world.settle()
    const counts = await world.counts()
    expect(counts.odoo.conflicts + counts.external.conflicts).toBe(3)
    expect(await world.ledger.countLinks('customers')).toBe(0)
  })

  it('gives a key to a record without one and writes it back', async () => {
    await open()
    const id = world.stores.odoo.insert('partners', { name: 'Nobody' })
    await world.settle()
    expect(partner(id)).toMatchObject({ ref: `odoo-${id}` })
    expect(customer('1')).toMatchObject({ code: `odoo-${id}` })
    await expectQuiet()
  })
})

describe('edits', () => {
  async function pair(more = ''): Promise<void> {
    await open(customers(more))
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', email: 'a@x', phone: '1' })
    await world.settle()
    world.advance(60_000)
  }

  it('merges changes to different fields', async () => {
    await pair()
    world.stores.odoo.edit('partners', '1', { phone: '2' })
    world.stores.external.edit('customers', '1', { email: 'b@x' })
    await world.settle()
    expect(partner('1')).toMatchObject({ phone: '2', email: 'b@x' })
    expect(customer('1')).toMatchObject({ phone: '2', email: 'b@x' })
    await expectQuiet()
  })

  it.each([
    ['odoo', 'from odoo'],
    ['external', 'from shop'],
    ['newest', 'from shop'],
  ])('settles the same field by the policy %s and keeps the loser in the history', async (policy, winner) => {
    await pair(`conflict: ${policy}`)
    world.stores.odoo.edit('partners', '1', { phone: 'from odoo' })
    world.advance(3000)
    world.stores.external.edit('customers', '1', { phone: 'from shop' })
    await world.settle()
    expect(partner('1')).toMatchObject({ phone: winner })
    expect(customer('1')).toMatchObject({ phone: winner })
    const lost = (await world.ledger.history('customers', { odooId: '1', limit: 100 })).filter(
      (e) => e.event === 'lost',
    )
    expect(lost.map(({ detail }) => detail.value)).toEqual([winner === 'from odoo' ? 'from shop' : 'from odoo'])
    await expectQuiet()
  })

  it('leaves a manual conflict to a person while other fields flow', async () => {
    await pair('conflict: manual')
    world.stores.odoo.edit('partners', '1', { phone: 'from odoo', email: 'new@x' })
    world.stores.external.edit('customers', '1', { phone: 'from shop' })
    await world.settle()
    expect(partner('1')).toMatchObject({ phone: 'from odoo' })
    expect(customer('1')).toMatchObject({ phone: 'from shop', email: 'new@x' })
    const { odoo, external } = await world.counts()
    expect(odoo.conflicts + external.conflicts).toBe(2)
    world.stores.external.edit('customers', '1', { phone: 'from odoo' })
    await world.settle()
    const after = await world.counts()
    expect(after.odoo.conflicts + after.external.conflicts).toBe(0)
    await expectQuiet()
  })

  it('does not lose an edit that falls between reading and writing', async () => {
    await pair()
    world.stores.external.edit('customers', '1', { phone: '9' })
    let isDone = false
    world.stores.odoo.faults.beforeApply = () => {
      if (isDone) return
      isDone = true
      world.stores.odoo.edit('partners', '1', { email: 'gap@x' })
    }
    await world.settle()
    expect(isDone).toBe(true)
    expect(customer('1')).toMatchObject({ email: 'gap@x', phone: '9' })
    await expectQuiet()
  })

  it('does not lose an edit that falls between writing and reading back', async () => {
    await pair()
    world.stores.external.edit('customers', '1', { phone: '9' })
    let isDone = false
    world.stores.odoo.faults.beforeReadBack = () => {
      if (isDone) return
      isDone = true
      world.stores.odoo.edit('partners', '1', { phone: 'person' })
    }
    await world.settle()
    expect(isDone).toBe(true)
    expect(customer('1')).toMatchObject({ phone: 'person' })
    await expectQuiet()
  })
})

describe('deletes', () => {
  it.each(['ignore', 'archive', 'delete'])('from the shop by the policy %s', async (policy) => {
    await open(customers().replace('from_external: archive', `from_external: ${policy}`))
    for (const ref of ['A', 'B', 'C']) world.stores.external.insert('customers', { full_name: ref, code: ref })
    await world.settle()
    world.stores.external.remove('customers', '1')
    await world.settle()
    if (policy === 'delete') expect(partner('1')).toBeNull()
    else expect(partner('1')).toMatchObject({ active: policy === 'ignore' })
    expect(world.stores.external.all('customers')).toHaveLength(2)
  })

  it('from Odoo are found by the sweep', async () => {
    await open()
    for (const ref of ['A', 'B', 'C']) world.stores.odoo.insert('partners', { name: ref, ref })
    await world.settle()
    world.stores.odoo.remove('partners', '2')
    await world.settle()
    expect(customer('2')).toMatchObject({ archived: true })
    expect(world.stores.odoo.all('partners')).toHaveLength(2)
  })

  it('do nothing when the listing is empty', async () => {
    await open()
    for (const ref of ['A', 'B', 'C']) world.stores.odoo.insert('partners', { name: ref, ref })
    await world.settle()
    world.stores.odoo.faults.inject({ method: 'list', answers: 'empty', times: 100 })
    await world.settle()
    expect(world.stores.external.all('customers').filter(({ fields }) => fields.archived)).toEqual([])
  })

  it('of a crowd wait for a person', async () => {
    await open()
    for (let n = 0; n < 100; n++) world.stores.external.insert('customers', { full_name: `c${n}`, code: `C${n}` })
    await world.settle()
    for (let n = 1; n <= 60; n++) world.stores.external.remove('customers', String(n))
    world.stores.external.insert('customers', { full_name: 'new', code: 'NEW' })
    await world.run()
    expect(world.stores.odoo.all('partners').filter(({ fields }) => fields.active === false)).toHaveLength(0)
    expect(world.stores.odoo.all('partners')).toHaveLength(101)
    expect(world.events.filter(({ kind }) => kind === 'guard')).toHaveLength(1)
    const { confirmGuards } = await import('../../src/engine/guard.ts')
    await confirmGuards(await world.context())
    await world.run()
    expect(world.stores.odoo.all('partners').filter(({ fields }) => fields.active === false)).toHaveLength(60)
    expect((await world.ledger.state('customers')).guards).toEqual({})
  })
})

describe('references', () => {
  it('come after their parent, whatever the order', async () => {
    await open()
    const child = world.stores.external.insert('customers', { full_name: 'child', code: 'C' })
    const parent = world.stores.external.insert('customers', { full_name: 'parent', code: 'P' })
    world.stores.external.edit('customers', child, { parent: Number(parent) })
    await world.settle()
    const made = world.stores.odoo.all('partners')
    const [first, second] = made
    expect(first?.fields.name).toBe('parent')
    expect(String(second?.fields.parent_id)).toBe(first?.id)
    await expectQuiet()
  })

  it('in a circle are created without and completed after', async () => {
    await open()
    const a = world.stores.external.insert('customers', { full_name: 'a', code: 'A' })
    const b = world.stores.external.insert('customers', { full_name: 'b', code: 'B', parent: Number(a) })
    world.stores.external.edit('customers', a, { parent: Number(b) })
    const self = world.stores.external.insert('customers', { full_name: 's', code: 'S' })
    world.stores.external.edit('customers', self, { parent: Number(self) })
    await world.settle()
    const made = world.stores.odoo.all('partners')
    expect(made).toHaveLength(3)
    expect(made.every(({ fields }) => fields.parent_id !== null)).toBe(true)
    await expectQuiet()
  })
})

/** Never answers a read, and says so when it is cut off, as a call over HTTP does. */
function hanging(connector: Connector): Connector {
  const collection = (request: CollectionRequest): Collection => {
    const opened = connector.collection(request)
    const read = (_request: unknown, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        const stop = (): void => reject(new SyncError('network', 'stopped before it was answered'))
        if (signal.aborted) stop()
        else signal.addEventListener('abort', stop)
      })
    return { ...opened, feed: opened.feed && { ...opened.feed, read } }
  }
  return { ...connector, collection }
}

describe('faults', () => {
  it('one bad record stops nothing', async () => {
    await open()
    for (let n = 0; n < 40; n++) world.stores.external.insert('customers', { full_name: `c${n}`, code: `C${n}` })
    world.stores.odoo.faults.poison = (operation) =>
      operation.kind === 'create' && operation.fields.name === 'c7' ? new SyncError('invalid', 'no c7 here') : null
    await world.settle()
    expect(world.stores.odoo.all('partners')).toHaveLength(39)
    expect((await world.counts()).external.deadLetters).toBe(1)
    world.stores.odoo.faults.poison = null
    world.stores.external.edit('customers', '8', { full_name: 'c7 again' })
    await world.settle()
    expect(world.stores.odoo.all('partners')).toHaveLength(40)
    await expectQuiet()
  })

  it('a run that ends early tells of the failure that ended it, not of the call that it cut off', async () => {
    await open(customers(), { connect: (connector, side) => (side === 'odoo' ? hanging(connector) : connector) })
    world.stores.external.faults.inject({ method: 'feed.read', before: new SyncError('schema', 'no such table') })
    await expect(world.run()).rejects.toThrow('no such table')
  })

  it('writes to both sides of a pair that are both in doubt are both remembered', async () => {
    await open(customers('conflict: odoo'))
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', email: 'a@x', phone: '1' })
    await world.settle()
    world.stores.odoo.edit('partners', '1', { phone: '2' })
    world.stores.external.edit('customers', '1', { email: 'b@x' })
    world.killAt('applied')
    await expect(world.run()).rejects.toThrow('applied')
    expect(partner('1')).toMatchObject({ email: 'b@x' })
    expect(customer('1')).toMatchObject({ phone: '2' })
    // What we wrote before the crash is no edit of Odoo's users, against which these would lose.
    world.stores.external.edit('customers', '1', { email: 'c@x' })
    world.stores.odoo.edit('partners', '1', { phone: '3' })
    await world.settle()
    expect(partner('1')).toMatchObject({ email: 'c@x', phone: '3' })
    expect(customer('1')).toMatchObject({ email: 'c@x', phone: '3' })
    expect(world.events.filter(({ kind }) => kind === 'lost')).toEqual([])
    await expectQuiet()
  })

  it('two creates of one key that are in doubt together do not both get the record', async () => {
    await open()
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
    world.killAt('intended')
    await expect(world.run()).rejects.toThrow('intended')
    // A person makes the record anew, and that one is created outside before the next crash.
    world.stores.odoo.remove('partners', '1')
    const again = world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
    world.killAt('applied')
    await expect(world.run()).rejects.toThrow('applied')
    world.killAt(null)
    await world.settle()
    expect(world.stores.external.all('customers')).toHaveLength(1)
    const links = await world.ledger.linksAfter('customers', 0, 10)
    expect(links.map(({ odooId, externalId }) => [odooId, externalId])).toEqual([[again, '1']])
    world.stores.odoo.edit('partners', again, { name: 'Ann B' })
    await world.settle()
    expect(customer('1')).toMatchObject({ full_name: 'Ann B' })
  })

  it('a swallowed answer never makes a second record', async () => {
    await open()
    const after = new SyncError('network', 'lost', { inDoubt: true })
    world.stores.odoo.faults.inject({ method: 'apply', after, doneOperations: 3 })
    for (let n = 0; n < 8; n++) world.stores.external.insert('customers', { full_name: `c${n}`, code: `C${n}` })
    await world.settle()
    expect(world.stores.odoo.all('partners')).toHaveLength(8)
    await expectQuiet()
  })
})

describe('references by key, across mappings', () => {
  const CONTACTS = { ...CUSTOMERS, fields: { ...CUSTOMERS.fields, parent: { type: 'text' } } } as typeof CUSTOMERS
  const companies = customers().replace('  - { odoo: parent_id, external: parent, link: customers }\n', '')
  const contacts = customers()
    .replace('mapping: customers', 'mapping: contacts')
    .replace('collection: partners', 'collection: people')
    .replace('collection: customers', 'collection: contacts')
    .replace('link: customers', 'link: { mapping: customers, by: key }')

  it('wait for the other mapping and are released by it', async () => {
    world = await createWorld({
      odoo: { partners: PARTNERS, people: PARTNERS },
      external: { customers: CUSTOMERS, contacts: CONTACTS },
      mappings: { contacts, customers: companies },
    })
    world.stores.external.insert('contacts', { full_name: 'Ann', code: 'A', parent: 'ACME' })
    await world.run({}, 'contacts')
    expect(world.stores.odoo.all('people')).toEqual([])
    expect((await world.counts('contacts')).external.waiting).toBe(1)
    world.stores.external.insert('customers', { full_name: 'Acme', code: 'ACME' })
    await world.settle()
    const [acme] = world.stores.odoo.all('partners')
    const [ann] = world.stores.odoo.all('people')
    expect(String(ann?.fields.parent_id)).toBe(acme?.id)
    // And back: Odoo's reference becomes the key.
    const beta = world.stores.odoo.insert('partners', { name: 'Beta', ref: 'BETA' })
    world.stores.odoo.edit('people', ann?.id ?? '', { parent_id: Number(beta) })
    await world.settle()
    expect(world.stores.external.get('contacts', '1')).toMatchObject({ parent: 'BETA' })
  })
})
