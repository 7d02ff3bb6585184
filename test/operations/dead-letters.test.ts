import { afterEach, describe, expect, it } from 'vitest'
import { listDeadLetters, showDeadLetter } from '../../src/operations/dead-letters.ts'
import { discardDeadLetters } from '../../src/operations/discard-dead-letters.ts'
import { editDeadLetter } from '../../src/operations/edit-dead-letter.ts'
import { retryDeadLetters } from '../../src/operations/retry-dead-letters.ts'
import { trace } from '../../src/operations/trace.ts'
import { CUSTOMERS, customers, PARTNERS } from '../engine/customers.ts'
import { codeOf, type Desk, openDesk } from './desk.ts'

let desk: Desk
afterEach(() => desk?.[Symbol.asyncDispose]())

/** E-mails are unique in the shop, and two partners have the same: the second is a dead letter. */
async function openDead(): Promise<void> {
  desk = await openDesk(customers(), {
    odoo: { partners: PARTNERS },
    external: { customers: { ...CUSTOMERS, unique: ['code', 'email'] } },
  })
  const { odoo } = desk.world.stores
  odoo.insert('partners', { name: 'Ann', ref: 'A', email: 'same@x' })
  await desk.world.settle()
  odoo.insert('partners', { name: 'Bob', ref: 'B', email: 'same@x' })
  odoo.insert('partners', { name: 'Cy', ref: 'C', email: 'same@x' })
  await desk.world.settle()
}

const list = async (more: object = {}) =>
  (await listDeadLetters(desk.site, { mapping: null, limit: 100, ...more })).letters.map(({ id }) => id)

const bob = () => desk.world.stores.external.all('customers').find(({ fields }) => fields.code === 'B')?.fields

describe('dead letters', () => {
  it('are listed in pages and by reason, and shown with their values', async () => {
    await openDead()
    expect(await list()).toEqual(['3', '2'])
    expect(await list({ code: 'constraint' })).toEqual(['3', '2'])
    expect(await list({ code: 'invalid' })).toEqual([])
    const first = await listDeadLetters(desk.site, { mapping: 'customers', limit: 1 })
    expect(first.letters.map(({ id }) => id)).toEqual(['3'])
    const second = await listDeadLetters(desk.site, { mapping: 'customers', limit: 1, after: first.next })
    expect(second).toMatchObject({ letters: [{ id: '2', fault: { code: 'constraint' } }], next: null })
    const shown = await showDeadLetter(desk.site, 'customers', { side: 'odoo', id: '2' })
    expect(shown.values).toMatchObject({ name: 'Bob', email: 'same@x' })
    expect(await codeOf(showDeadLetter(desk.site, 'customers', { side: 'odoo', id: '1' }))).toBe('config')
    expect(await codeOf(listDeadLetters(desk.site, { mapping: 'nobody', limit: 1 }))).toBe('config')
  })

  it('are tried again, all of a kind or some, and the mapping is woken', async () => {
    await openDead()
    const none = await retryDeadLetters(desk.site, { mapping: 'customers', records: null, code: 'invalid', by: 'ada' })
    expect(none.retried).toBe(0)
    desk.world.stores.odoo.edit('partners', '1', { email: 'ann@x' })
    await desk.world.settle()
    expect(await list()).toEqual(['3', '2'])
    const records = [{ side: 'odoo', id: '2' }] as const
    expect(await retryDeadLetters(desk.site, { mapping: 'customers', records, by: 'ada' })).toMatchObject({
      retried: 1,
    })
    expect(desk.woken).toContain('customers')
    await desk.world.settle()
    expect(await list()).toEqual(['3'])
    expect(desk.world.stores.external.all('customers')).toHaveLength(2)
    const story = await trace(desk.site, { mapping: 'customers', key: null, ids: { odoo: '2', external: null } })
    expect(story.history.find(({ event }) => event === 'retried')?.detail).toEqual({ by: 'ada' })
  })

  it('are corrected where they come from, and applied', async () => {
    await openDead()
    const job = { kind: 'edit', mapping: 'customers', side: 'odoo', id: '2', by: 'ada' } as const
    const edit = async (fields: Record<string, string>) =>
      editDeadLetter(await desk.world.context(), { ...job, fields }, desk.memory, desk.signal)
    // Still not what the shop takes.
    const again = await edit({ phone: '7' })
    expect(again.left).toMatchObject({ state: 'dead', fault: { code: 'constraint' } })
    expect(await edit({ email: 'bob@x' })).toMatchObject({ left: null })
    expect(desk.partner('2')).toMatchObject({ email: 'bob@x', phone: '7' })
    expect(bob()).toMatchObject({ full_name: 'Bob', email: 'bob@x', phone: '7' })
    expect(await list()).toEqual(['3'])
    expect(await codeOf(edit({ email: 'bob@x' }))).toBe('config')
  })

  it('are not edited where the record was changed since, or by a field that does not exist', async () => {
    await openDead()
    const job = { kind: 'edit', mapping: 'customers', side: 'odoo', id: '2', by: 'ada' } as const
    const context = await desk.world.context()
    const edit = (fields: Record<string, string>) =>
      editDeadLetter(context, { ...job, fields }, desk.memory, desk.signal)
    expect(await codeOf(edit({ emial: 'bob@x' }))).toBe('invalid')
    expect(await codeOf(edit({ credit: 'much' }))).toBe('invalid')
    desk.world.stores.odoo.edit('partners', '2', { email: 'person@x' })
    expect(await codeOf(edit({ email: 'bob@x' }))).toBe('changed')
    expect(desk.partner('2')).toMatchObject({ email: 'person@x' })
  })

  it('are given up with a reason, and listed as such until the record changes', async () => {
    await openDead()
    const records = [{ side: 'odoo', id: '2' }] as const
    await discardDeadLetters(desk.site, { mapping: 'customers', records, reason: 'a double', by: 'ada' })
    expect(await list()).toEqual(['3'])
    expect(await list({ state: 'discarded' })).toEqual(['2'])
    await desk.world.settle()
    expect(await list({ state: 'discarded' })).toEqual(['2'])
    const story = await trace(desk.site, { mapping: 'customers', key: null, ids: { odoo: '2', external: null } })
    expect(story.history.at(-1)).toMatchObject({ event: 'discarded', detail: { reason: 'a double', by: 'ada' } })
    desk.world.stores.odoo.edit('partners', '2', { email: 'bob@x' })
    await desk.world.settle()
    expect(await list({ state: 'discarded' })).toEqual([])
    expect(bob()).toMatchObject({ email: 'bob@x' })
  })
})
