import { afterEach, describe, expect, it } from 'vitest'
import { allConflicts, listConflicts, showConflict } from '../../src/operations/conflicts.ts'
import { type Choice, type ResolveResult, resolveConflicts } from '../../src/operations/resolve-conflicts.ts'
import type { RecordName } from '../../src/operations/site.ts'
import { customers } from '../engine/customers.ts'
import { codeOf, type Desk, openDesk } from './desk.ts'

let desk: Desk
afterEach(() => desk?.[Symbol.asyncDispose]())

/** Partner 1 and customer 1, whose e-mail and phone both sides changed. */
async function openConflict(): Promise<void> {
  desk = await openDesk(customers('conflict: manual'))
  await desk.pair()
  const { stores } = desk.world
  stores.odoo.edit('partners', '1', { email: 'odoo@x', phone: '2' })
  stores.external.edit('customers', '1', { email: 'shop@x', phone: '3' })
  await desk.world.settle()
}

async function resolve(
  how: { take?: 'odoo' | 'external'; fields?: Record<string, Choice>; records?: readonly RecordName[] | null } = {},
): Promise<ResolveResult> {
  const { take = null, fields = {}, records = [{ side: 'odoo', id: '1' }] } = how
  const job = { kind: 'resolve', mapping: 'customers', records, take, fields, by: 'ada' } as const
  return resolveConflicts(await desk.world.context(), job, desk.memory, () => {}, desk.signal)
}

const lost = async () =>
  (await desk.world.ledger.history('customers', { odooId: '1', limit: 100 }))
    .filter(({ event }) => event === 'lost')
    .map(({ side, detail }) => ({ side, ...detail }))

async function expectInStep(): Promise<void> {
  const { odoo, external } = desk.world.stores
  odoo.resetCalls()
  external.resetCalls()
  await desk.world.settle()
  expect({ odoo: odoo.calls.writes, external: external.calls.writes }).toEqual({ odoo: 0, external: 0 })
  expect(await desk.world.differences()).toEqual([])
  expect((await desk.world.counts()).odoo.conflicts).toBe(0)
}

describe('conflicts', () => {
  it('are listed once a pair, in pages, and shown with what each side holds', async () => {
    await openConflict()
    const { conflicts, next } = await listConflicts(desk.site, { mapping: null, limit: 1 })
    expect(next).toBe(null)
    expect(conflicts).toMatchObject([
      {
        mapping: 'customers',
        key: 'A',
        odooId: '1',
        externalId: '1',
        fields: [
          { field: 'email:email', odoo: 'odoo@x', external: 'shop@x' },
          { field: 'phone:phone', odoo: '2', external: '3' },
        ],
      },
    ])
    const shown = await showConflict(desk.site, 'customers', { side: 'external', id: '1' })
    expect(shown.changes.odoo?.changedAtMs).toBeTypeOf('number')
    expect(shown.changes.external?.changedAtMs).toBeTypeOf('number')
    expect(await codeOf(showConflict(desk.site, 'customers', { side: 'odoo', id: '2' }))).toBe('config')
  })

  it('go page by page through many, without one twice or left out', async () => {
    desk = await openDesk(customers('conflict: manual'))
    const { stores } = desk.world
    for (let index = 0; index < 7; index++)
      stores.odoo.insert('partners', { name: 'N', ref: `R${index}`, email: 'a@x' })
    await desk.world.settle()
    for (const { id } of stores.odoo.all('partners')) stores.odoo.edit('partners', id, { email: 'o@x' })
    for (const { id } of stores.external.all('customers')) stores.external.edit('customers', id, { email: 's@x' })
    await desk.world.settle()
    const seen: (string | null)[] = []
    let after: string | null = null
    do {
      const page = await listConflicts(desk.site, { mapping: 'customers', limit: 3, after })
      seen.push(...page.conflicts.map(({ key }) => key))
      after = page.next
    } while (after !== null)
    expect(seen).toHaveLength(7)
    expect(new Set(seen).size).toBe(7)
    const all = []
    for await (const conflict of allConflicts(desk.site, null)) all.push(conflict.key)
    expect(all).toEqual(seen)

    const result = await resolve({ records: null, take: 'external' })
    expect(result).toMatchObject({ resolved: 7, left: [] })
    expect(stores.odoo.all('partners').map(({ fields }) => fields.email)).toEqual(Array(7).fill('s@x'))
    await expectInStep()
  })
})

describe('resolving', () => {
  it.each(['odoo', 'external'] as const)('takes all values of %s, and keeps those that lose', async (take) => {
    await openConflict()
    expect(await resolve({ take })).toMatchObject({ resolved: 1, left: [] })
    const wanted = take === 'odoo' ? { email: 'odoo@x', phone: '2' } : { email: 'shop@x', phone: '3' }
    expect(desk.partner('1')).toMatchObject(wanted)
    expect(desk.customer('1')).toMatchObject(wanted)
    const loser = take === 'odoo' ? 'external' : 'odoo'
    const value = take === 'odoo' ? 'shop@x' : 'odoo@x'
    expect(await lost()).toContainEqual({ side: loser, field: 'email:email', value, winner: wanted.email, by: 'ada' })
    await expectInStep()
  })

  it('takes a side field by field', async () => {
    await openConflict()
    const fields = { email: { take: 'external' }, 'phone:phone': { take: 'odoo' } } as const
    expect(await resolve({ fields })).toMatchObject({ resolved: 1, left: [] })
    for (const record of [desk.partner('1'), desk.customer('1')])
      expect(record).toMatchObject({ email: 'shop@x', phone: '2' })
    await expectInStep()
  })

  it('leaves in conflict what was not decided', async () => {
    await openConflict()
    const result = await resolve({ fields: { email: { take: 'odoo' } } })
    expect(result).toMatchObject({
      resolved: 0,
      left: [{ state: 'conflict', message: 'still in conflict: phone:phone' }],
    })
    expect(desk.customer('1')).toMatchObject({ email: 'odoo@x', phone: '3' })
    expect(desk.partner('1')).toMatchObject({ email: 'odoo@x', phone: '2' })
    expect(await resolve({ take: 'external' })).toMatchObject({ resolved: 1, left: [] })
    expect(desk.partner('1')).toMatchObject({ email: 'odoo@x', phone: '3' })
    await expectInStep()
  })

  it('writes a value that a person typed to both sides', async () => {
    await openConflict()
    const fields = { email: { value: 'typed@x', side: 'odoo' }, phone: { value: '9', side: 'external' } } as const
    expect(await resolve({ fields })).toMatchObject({ resolved: 1, left: [] })
    for (const record of [desk.partner('1'), desk.customer('1')])
      expect(record).toMatchObject({ email: 'typed@x', phone: '9' })
    expect((await lost()).map(({ side }) => side)).toEqual(['external', 'odoo'])
    const edits = (await desk.world.ledger.history('customers', { odooId: '1', limit: 100 })).filter(
      ({ event }) => event === 'edited',
    )
    expect(edits.map(({ detail }) => detail)).toMatchObject([
      { by: 'ada', before: { email: 'odoo@x' }, after: { email: 'typed@x' } },
      { by: 'ada', before: { phone: '3' }, after: { phone: '9' } },
    ])
    await expectInStep()
  })

  it('does nothing where a side was changed since the conflict was shown', async () => {
    await openConflict()
    desk.world.stores.external.edit('customers', '1', { email: 'later@x' })
    expect(await codeOf(resolve({ take: 'odoo' }))).toBe('changed')
    expect(desk.customer('1')).toMatchObject({ email: 'later@x', phone: '3' })
    // Once the new value was captured, it is what is decided about.
    await desk.world.settle()
    expect(await resolve({ take: 'odoo' })).toMatchObject({ resolved: 1 })
    expect(desk.customer('1')).toMatchObject({ email: 'odoo@x', phone: '2' })
    expect(await lost()).toContainEqual(expect.objectContaining({ value: 'later@x' }))
    await expectInStep()
  })

  it('says what is wrong with what was asked', async () => {
    await openConflict()
    await expect(resolve({ fields: { emial: { take: 'odoo' } } })).rejects.toThrow('did you mean "email"')
    expect(await codeOf(resolve())).toBe('config')
    expect(await codeOf(resolve({ take: 'odoo', records: [{ side: 'odoo', id: '77' }] }))).toBe('config')
    expect(desk.customer('1')).toMatchObject({ email: 'shop@x' })
  })
})
