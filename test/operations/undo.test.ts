import { afterEach, describe, expect, it } from 'vitest'
import { trace } from '../../src/operations/trace.ts'
import { undo } from '../../src/operations/undo.ts'
import { customers } from '../engine/customers.ts'
import { codeOf, type Desk, openDesk } from './desk.ts'

let desk: Desk
afterEach(() => desk?.[Symbol.asyncDispose]())

async function entryOf(event: string): Promise<number> {
  const story = await trace(desk.site, { mapping: 'customers', key: 'A', ids: { odoo: null, external: null } })
  const found = story.history.findLast((entry) => entry.event === event)
  expect(found?.isUndoable, `${event} among ${story.history.map((entry) => entry.event)}`).toBe(true)
  return found?.id ?? 0
}

async function undoEntry(entry: number, force = false) {
  const job = { kind: 'undo', mapping: 'customers', entry, force, by: 'ada' } as const
  return undo(await desk.world.context(), job, desk.memory, desk.signal)
}

async function expectBoth(email: string): Promise<void> {
  await desk.world.settle()
  expect([desk.partner('1').email, desk.customer('1').email]).toEqual([email, email])
  expect(await desk.world.differences()).toEqual([])
}

describe('undo', () => {
  it('brings back the value that lost a conflict, on both sides', async () => {
    desk = await openDesk(customers('conflict: odoo'))
    await desk.pair()
    desk.world.stores.odoo.edit('partners', '1', { email: 'odoo@x' })
    desk.world.stores.external.edit('customers', '1', { email: 'shop@x' })
    await expectBoth('odoo@x')
    const result = await undoEntry(await entryOf('lost'))
    expect(result).toMatchObject({ side: 'external', id: '1', written: { email: 'shop@x' }, left: null })
    await expectBoth('shop@x')
  })

  it('brings back what an update replaced, and undoes itself', async () => {
    desk = await openDesk()
    await desk.pair()
    desk.world.stores.odoo.edit('partners', '1', { email: 'new@x' })
    await expectBoth('new@x')
    await undoEntry(await entryOf('updated'))
    await expectBoth('ann@x')
    await undoEntry(await entryOf('edited'))
    await expectBoth('new@x')
  })

  it('leaves alone what was changed since, unless it is forced', async () => {
    desk = await openDesk()
    await desk.pair()
    desk.world.stores.odoo.edit('partners', '1', { email: 'new@x' })
    await desk.world.settle()
    const entry = await entryOf('updated')
    desk.world.stores.external.edit('customers', '1', { email: 'later@x' })
    expect(await codeOf(undoEntry(entry))).toBe('changed')
    await expectBoth('later@x')
    await undoEntry(entry, true)
    await expectBoth('ann@x')
  })

  it('says why there is nothing to undo', async () => {
    desk = await openDesk(customers('direction: from-odoo').replace(/^deletes:.*$/m, 'deletes: { from_odoo: archive }'))
    await desk.pair()
    const { history } = await trace(desk.site, { mapping: 'customers', key: 'A', ids: { odoo: null, external: null } })
    expect(history.map(({ event, isUndoable }) => [event, isUndoable])).toEqual([['created', false]])
    expect(await codeOf(undoEntry(99))).toBe('config')
    desk.world.stores.odoo.edit('partners', '1', { email: 'new@x' })
    await desk.world.settle()
    // What was written in the shop does not flow back to Odoo.
    await expect(undoEntry(await entryOf('updated'))).rejects.toThrow('does not flow to the other side')
    await expectBoth('new@x')
  })
})
