import { afterEach, describe, expect, it } from 'vitest'
import type { CollectionOptions } from '../../src/connectors/memory/options.ts'
import { SyncError } from '../../src/contract/error.ts'
import { confirmGuards } from '../../src/engine/guard.ts'
import { planResync } from '../../src/engine/plan-resync.ts'
import { resync } from '../../src/engine/resync.ts'
import { newRunMemory } from '../../src/engine/run-memory.ts'
import { CUSTOMERS, customers, PARTNERS } from './customers.ts'
import { createWorld, type World } from './world.ts'

let world: World
afterEach(() => world?.close())

async function open(mapping = customers(), shop: CollectionOptions = CUSTOMERS, odoo = PARTNERS): Promise<World> {
  world = await createWorld({
    odoo: { partners: odoo },
    external: { customers: shop },
    mappings: { customers: mapping },
  })
  return world
}

const partner = (id: string) => world.stores.odoo.get('partners', id)
const customer = (id: string) => world.stores.external.get('customers', id)
const { signal } = new AbortController()

describe('nobody guesses', () => {
  it('which of two records with one key is meant, even when they are met one by one', async () => {
    await open(customers('page_size: 1'))
    world.stores.external.insert('customers', { full_name: 'Ann', code: 'A' })
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
    world.stores.odoo.insert('partners', { name: 'Anna', ref: 'A' })
    await world.settle()
    expect(await world.ledger.countLinks('customers')).toBe(0)
    const { odoo, external } = await world.counts()
    expect(odoo.conflicts + external.conflicts).toBe(3)
  })

  it('which of two contacts with one address is meant', async () => {
    await open(customers('match: [{ odoo: email, external: email, fold: [case, space] }]'))
    world.stores.odoo.insert('partners', { name: 'Ann', email: 'a@x' })
    world.stores.external.insert('customers', { full_name: 'Ann', code: 'S1', email: 'A@X ' })
    world.stores.external.insert('customers', { full_name: 'Anna', code: 'S2', email: 'a@x' })
    await world.settle()
    expect((await world.counts()).odoo.conflicts).toBe(1)
    expect(world.stores.odoo.all('partners')).toHaveLength(1)
  })

  it('and adopts by a further rule when there is one candidate, whatever the case', async () => {
    await open(customers('match: [{ odoo: email, external: email, fold: [case, space] }]'))
    world.stores.odoo.insert('partners', { name: 'Ann', email: ' Ann@X' })
    world.stores.external.insert('customers', { full_name: 'Ann', code: 'S1', email: 'ann@x' })
    await world.settle()
    expect(world.stores.odoo.all('partners')).toHaveLength(1)
    expect(partner('1')).toMatchObject({ ref: 'S1' })
  })

  it('and does not make a second record for a key that is taken', async () => {
    await open()
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
    await world.settle()
    world.stores.odoo.insert('partners', { name: 'Other', ref: 'A' })
    await world.settle()
    expect(world.stores.external.all('customers')).toHaveLength(1)
    expect((await world.counts()).odoo.conflicts).toBe(1)
  })
})

describe('an edit beside ours', () => {
  it('is seen although its version is that of our own write', async () => {
    await open(customers(), { ...CUSTOMERS, feed: { kind: 'log', tells: 'hint' }, guardedWrites: false })
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
    await world.settle()
    world.advance(60_000)
    world.stores.odoo.edit('partners', '1', { phone: '1' })
    let isDone = false
    world.stores.external.faults.beforeApply = () => {
      if (isDone) return
      isDone = true
      world.stores.external.edit('customers', '1', { email: 'gap@x' })
    }
    await world.run({ depth: 'tail' })
    await world.run({ depth: 'tail' })
    expect(isDone).toBe(true)
    expect(partner('1')).toMatchObject({ phone: '1', email: 'gap@x' })
  })
})

describe('what no cursor shows', () => {
  it('is found by the rolling comparison', async () => {
    await open()
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
    await world.settle()
    world.advance(3_600_000)
    world.stores.odoo.editSilently('partners', '1', { phone: '42' })
    await world.run()
    expect(customer('1')).toMatchObject({ phone: null })
    await world.run({ compares: 10 })
    expect(customer('1')).toMatchObject({ phone: '42' })
  })

  it('is found by the sweep: what left the filter is told apart from what was deleted', async () => {
    const filtered = { ...PARTNERS, filter: (fields: { name?: unknown }) => fields.name !== 'out' }
    await open(customers('on_exit: archive'), CUSTOMERS, filtered as CollectionOptions)
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
    world.stores.odoo.insert('partners', { name: 'Bob', ref: 'B' })
    world.stores.odoo.insert('partners', { name: 'Cem', ref: 'C' })
    await world.settle()
    world.stores.odoo.edit('partners', '1', { name: 'out' })
    world.stores.odoo.remove('partners', '2')
    const { sweeps } = await world.run({ sweeps: true })
    expect(sweeps.odoo).toMatchObject({ listed: 1, gone: 1, exited: 1 })
    expect(customer('1')).toMatchObject({ archived: true, full_name: 'Ann' })
    expect(customer('2')).toMatchObject({ archived: true })
    world.advance(5000)
    world.stores.odoo.edit('partners', '1', { name: 'back' })
    await world.settle()
    expect(customer('1')).toMatchObject({ archived: false, full_name: 'back' })
  })

  it('leaves what left the filter alone by default', async () => {
    const filtered = { ...PARTNERS, filter: (fields: { name?: unknown }) => fields.name !== 'out' }
    await open(customers(), CUSTOMERS, filtered as CollectionOptions)
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
    await world.settle()
    world.stores.odoo.edit('partners', '1', { name: 'out' })
    await world.run({ sweeps: true })
    expect(customer('1')).toMatchObject({ archived: false, full_name: 'Ann' })
  })

  it('deletes nothing when a listing stops half-way, and goes on with it later', async () => {
    await open()
    for (let n = 0; n < 8; n++) world.stores.odoo.insert('partners', { name: `${n}`, ref: `${n}` })
    await world.settle()
    world.stores.odoo.remove('partners', '1')
    world.stores.odoo.faults.inject({ method: 'list', after: new SyncError('network', 'cut') })
    await expect(world.run({ sweeps: true })).rejects.toThrow('cut')
    expect(customer('1')).toMatchObject({ archived: false })
    await world.run({ sweeps: true })
    expect(customer('1')).toMatchObject({ archived: true })
  })

  it('does not take the word of a feed for a delete', async () => {
    await open()
    world.stores.external.insert('customers', { full_name: 'Ann', code: 'A' })
    await world.settle()
    const { ledger } = world
    const gone = {
      side: 'external',
      id: '1',
      kind: 'gone',
      version: null,
      changedAtMs: null,
      byUs: null,
      fields: {},
    } as const
    await ledger.stage('customers', {
      side: 'external',
      changes: [gone],
      touched: [],
      unchanged: 0,
      nowMs: world.nowMs(),
    })
    await world.settle()
    expect(partner('1')).toMatchObject({ active: true })
  })
})

describe('a run in which everything changes', () => {
  it('stops and waits for a person', async () => {
    await open(customers('changes_guard: { share: 50%, count: 20 }'))
    for (let n = 0; n < 60; n++) world.stores.external.insert('customers', { full_name: `${n}`, code: `${n}` })
    await world.settle()
    for (let n = 1; n <= 60; n++) world.stores.external.edit('customers', String(n), { full_name: 'null' })
    await expect(world.run()).rejects.toMatchObject({ code: 'guard' })
    const changed = () => world.stores.odoo.all('partners').filter(({ fields }) => fields.name === 'null')
    expect(changed().length).toBeLessThan(60)
    await confirmGuards(await world.context())
    await world.run()
    expect(changed()).toHaveLength(60)
  })
})

describe('waiting and failing', () => {
  it('a reference that never comes becomes a dead letter after the limit', async () => {
    await open(customers('wait_limit: 1h'))
    world.stores.external.insert('customers', { full_name: 'child', code: 'C', parent: 77 })
    await world.run()
    expect((await world.counts()).external.waiting).toBe(1)
    world.advance(3_700_000)
    await world.run()
    expect((await world.counts()).external).toMatchObject({ waiting: 0, deadLetters: 1 })
  })

  it('a record that fails again and again becomes a dead letter, with growing pauses', async () => {
    await open(customers('max_attempts: 3'))
    world.stores.external.insert('customers', { full_name: 'x', code: 'X' })
    world.stores.odoo.faults.poison = () => new SyncError('server', 'boom')
    const pauses: number[] = []
    for (let n = 0; n < 3; n++) {
      await world.run()
      const due = await world.ledger.nextDueMs('customers')
      if (due !== null) pauses.push(due - world.nowMs())
      world.advance(120_000)
    }
    expect(pauses).toHaveLength(2)
    expect(pauses[1]).toBeGreaterThan(pauses[0] ?? 0)
    expect((await world.counts()).external.deadLetters).toBe(1)
  })

  it('a rate limit spends no attempt', async () => {
    await open(customers('max_attempts: 1'))
    world.stores.external.insert('customers', { full_name: 'x', code: 'X' })
    for (let n = 0; n < 5; n++) {
      const before = new SyncError('rate_limited', 'slow down', { retryAfterMs: 1000 })
      world.stores.odoo.faults.inject({ method: 'apply', before })
      await expect(world.run()).rejects.toMatchObject({ code: 'rate_limited' })
    }
    await world.run()
    expect(partner('1')).toMatchObject({ name: 'x' })
  })

  it('a wrong key stops the run and makes no dead letters', async () => {
    await open()
    world.stores.external.insert('customers', { full_name: 'x', code: 'X' })
    world.stores.odoo.faults.inject({ method: 'apply', before: new SyncError('unauthorized', 'key revoked') })
    await expect(world.run()).rejects.toMatchObject({ code: 'unauthorized' })
    expect((await world.counts()).external).toMatchObject({ deadLetters: 0, pending: 1 })
  })

  it('a key that nobody can give is told with what to do', async () => {
    await open(customers().replace('key: { generate: "{side}-{id}" }\n', ''))
    world.stores.odoo.insert('partners', { name: 'nameless' })
    await world.run()
    const [dead] = await world.ledger.changes('customers', { state: 'dead', limit: 1 })
    expect(dead?.change.fault).toMatchObject({ code: 'key', hint: expect.stringContaining('generate') })
  })
})

describe('an update whose answer was lost', () => {
  it('is given time to arrive late before anything newer is sent', async () => {
    await open()
    world.stores.external.insert('customers', { full_name: 'Ann', code: 'A', phone: '1' })
    await world.settle()
    world.stores.external.edit('customers', '1', { phone: '2' })
    const before = new SyncError('network', 'reset', { inDoubt: true })
    world.stores.odoo.faults.inject({ method: 'apply', before })
    await expect(world.run()).rejects.toThrow('reset')
    world.stores.external.edit('customers', '1', { phone: '3' })
    world.stores.odoo.resetCalls()
    world.advance(1000)
    const { lookAgainMs } = await world.run()
    expect(lookAgainMs).toBeGreaterThan(0)
    expect(world.stores.odoo.calls.apply).toBe(0)
    world.advance(10_000)
    await world.run()
    expect(partner('1')).toMatchObject({ phone: '3' })
    expect(customer('1')).toMatchObject({ phone: '3' })
  })
})

describe('resync', () => {
  const all = { sinceMs: null, ids: null, keys: null }

  async function drifted(): Promise<void> {
    await open()
    for (const ref of ['A', 'B', 'C']) world.stores.odoo.insert('partners', { name: ref, ref })
    await world.settle()
    world.stores.external.editSilently('customers', '2', { full_name: 'drifted' })
    world.stores.external.resetCalls()
  }

  it.each([
    ['odoo', 'B'],
    ['external', 'drifted'],
  ] as const)('from %s makes that side win', async (from, expected) => {
    await drifted()
    const context = await world.context()
    const planned = []
    for await (const change of planResync(context, { ...all, from }, signal)) planned.push(change)
    expect(planned).toMatchObject([{ action: 'update', side: from === 'odoo' ? 'external' : 'odoo', key: 'B' }])
    expect(world.stores.external.calls.writes).toBe(0)
    await resync(context, { ...all, from }, newRunMemory(), () => {}, signal)
    expect(partner('2')).toMatchObject({ name: expected })
    expect(customer('2')).toMatchObject({ full_name: expected })
    world.stores.odoo.resetCalls()
    world.stores.external.resetCalls()
    await resync(context, { ...all, from }, newRunMemory(), () => {}, signal)
    expect(world.stores.odoo.calls.writes + world.stores.external.calls.writes).toBe(0)
  })

  it('of some ids or keys leaves the others alone', async () => {
    await drifted()
    const context = await world.context()
    await resync(context, { ...all, from: 'odoo', ids: ['1'] }, newRunMemory(), () => {}, signal)
    expect(customer('2')).toMatchObject({ full_name: 'drifted' })
    await resync(context, { ...all, from: 'odoo', keys: ['B'] }, newRunMemory(), () => {}, signal)
    expect(customer('2')).toMatchObject({ full_name: 'B' })
  })

  it('that dies half-way is finished by the next run', async () => {
    await drifted()
    world.killAt('planned')
    await expect(
      resync(await world.context(), { ...all, from: 'odoo' }, newRunMemory(), () => {}, signal),
    ).rejects.toThrow('planned')
    await world.settle()
    expect(customer('2')).toMatchObject({ full_name: 'B' })
  })
})
