import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/app.ts'
import type { Connector } from '../../src/contract/connector.ts'
import { createRunner } from '../../src/engine/runner.ts'
import { confirmGuards } from '../../src/operations/confirm-guards.ts'
import { dryRun } from '../../src/operations/dry-run.ts'
import { pause, resume } from '../../src/operations/pause.ts'
import { performJob } from '../../src/operations/perform-job.ts'
import { summarise } from '../../src/operations/status.ts'
import { codeOf, type Desk, openDesk } from './desk.ts'

let desk: Desk
afterEach(() => desk?.[Symbol.asyncDispose]())

const MAPPING = { kind: 'mapping', mapping: 'customers' } as const
const SHOP = { kind: 'connection', connection: 'shop' } as const
const SYNC = { kind: 'sync', mapping: 'customers', sweeps: true, confirms: false } as const

const status = async () => (await summarise(desk.site, { isRunning: true, daemon: null })).mappings[0]

describe('a pause', () => {
  it.each([MAPPING, SHOP])('of a $kind keeps the mapping from running until it is resumed', async (target) => {
    desk = await openDesk()
    await desk.pair()
    const context = await desk.world.context()
    const runner = createRunner({ ...context, clock: { ...context.clock, sleep: systemClock.sleep } })
    const { pausedBy, mappings } = await pause(desk.site, { target, reason: 'inventory', by: 'ada' })
    expect([pausedBy?.by, mappings]).toEqual(['ada', ['customers']])
    desk.world.stores.odoo.edit('partners', '1', { email: 'new@x' })
    await expect(performJob(runner, SYNC, () => {})).rejects.toThrow(/was paused by ada on .*: inventory/)
    expect(desk.customer('1').email).toBe('ann@x')
    expect(await status()).toMatchObject({ state: 'paused', pausedBy: { reason: 'inventory' }, needsPerson: true })

    await resume(desk.site, { target, by: 'ada' })
    expect(desk.woken).toEqual(['customers'])
    await performJob(runner, SYNC, () => {})
    expect(desk.customer('1').email).toBe('new@x')
    expect(await status()).toMatchObject({ state: 'running', pausedBy: null, needsPerson: false })
  })

  it('stops a run that is going on once what is in flight is done', async () => {
    let isSlow = true
    const slow = (connector: Connector): Connector => ({
      ...connector,
      collection(request) {
        const collection = connector.collection(request)
        const { sink } = collection
        if (!sink) return collection
        const apply: typeof sink.apply = async (operations, signal) => {
          if (isSlow) await delay(150)
          return sink.apply(operations, signal)
        }
        return Object.create(collection, {
          sink: { value: Object.create(sink, { apply: { value: apply } }) },
        }) as typeof collection
      },
    })
    desk = await openDesk(undefined, {
      connect: (connector, side) => (side === 'external' ? slow(connector) : connector),
    })
    await desk.pair()
    for (let index = 0; index < 1500; index++)
      desk.world.stores.odoo.insert('partners', { name: 'N', ref: `R${index}` })
    const context = await desk.world.context()
    const runner = createRunner({ ...context, clock: { ...context.clock, sleep: systemClock.sleep } })
    const running = performJob(runner, SYNC, () => {})
    await delay(300)
    await pause(desk.site, { target: MAPPING, reason: null, by: 'ada' })
    await running
    const made = () => desk.world.stores.external.all('customers').length
    expect(made()).toBeGreaterThan(1)
    expect(made()).toBeLessThan(1501)
    expect(await desk.world.ledger.openIntents('customers')).toEqual([])
    isSlow = false
    await resume(desk.site, { target: MAPPING, by: 'ada' })
    await desk.world.settle()
    expect(made()).toBe(1501)
  })

  it('is not lifted by what lifts the pauses of a mapping itself, and resuming lifts those too', async () => {
    desk = await openDesk()
    await desk.pair()
    const { ledger } = desk.world
    await pause(desk.site, { target: MAPPING, reason: null, by: 'ada' })
    await ledger.updateState('customers', { pause: null })
    expect((await ledger.state('customers')).pausedBy?.by).toBe('ada')
    await ledger.updateState('customers', {
      pause: { code: 'unauthorized', message: 'no key', hint: null, sinceMs: 1 },
      notBeforeMs: 9e12,
    })
    await resume(desk.site, { target: MAPPING, by: 'ada' })
    expect(await ledger.state('customers')).toMatchObject({ pause: null, pausedBy: null, notBeforeMs: 0 })
  })

  it('knows what it is asked for', async () => {
    desk = await openDesk()
    const by = 'ada'
    // It has never run.
    expect(await codeOf(pause(desk.site, { target: MAPPING, reason: null, by }))).toBe('config')
    const nobody = { kind: 'connection', connection: 'shpo' } as const
    await expect(pause(desk.site, { target: nobody, reason: null, by })).rejects.toThrow('did you mean "shop"')
  })
})

describe('a guard', () => {
  it('is told, rehearsed and confirmed', async () => {
    desk = await openDesk()
    const { stores } = desk.world
    for (let index = 0; index < 8; index++) stores.odoo.insert('partners', { name: `N${index}`, ref: `R${index}` })
    await desk.world.settle()
    for (const { id } of stores.odoo.all('partners').slice(0, 6)) stores.odoo.remove('partners', id)
    const context = await desk.world.context()
    const plan = await dryRun(context, { kind: 'sync' }, 2, () => {}, desk.signal)
    expect(plan.sums).toMatchObject({ archive: 6, guard: 1 })
    expect(plan.steps).toHaveLength(2)
    await desk.world.run({ sweeps: true })
    expect(await status()).toMatchObject({ guards: [{ name: 'deletes:odoo' }], needsPerson: true })
    expect(await confirmGuards(desk.site, { mapping: 'customers', by: 'ada' })).toEqual({
      mapping: 'customers',
      confirmed: ['deletes:odoo'],
    })
    expect((await desk.world.ledger.state('customers')).guards['deletes:odoo']).toMatchObject({ confirmedBy: 'ada' })
    await desk.world.run()
    expect(stores.external.all('customers').filter(({ fields }) => fields.archived)).toHaveLength(6)
  })
})
