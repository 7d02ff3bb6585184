import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/app.ts'
import type { Connector } from '../../src/contract/connector.ts'
import { SyncError } from '../../src/contract/error.ts'
import { nextLookInMs } from '../../src/engine/next-look.ts'
import { newRunMemory } from '../../src/engine/run-memory.ts'
import { createRunner, type Runner } from '../../src/engine/runner.ts'
import type { MappingState } from '../../src/ledger/mapping-state.ts'
import { CUSTOMERS, customers, PARTNERS } from './customers.ts'
import { createWorld, type World } from './world.ts'

let world: World
let runner: Runner | null = null
afterEach(async () => {
  await runner?.stop(1000)
  runner = null
  await world?.close()
})

/** Nothing but what the runner itself asks for makes a run. */
const NO_SCHEDULE = customers()
  .replace(/^(schedule|deep|sweep|compare_within):.*\n/gm, '')
  .concat('schedule: "0 0 1 1 *"\ndeep: "0 0 1 1 *"\nsweep: never\ncompare_within: never\n')

async function open(connect?: (connector: Connector) => Connector): Promise<void> {
  world = await createWorld({
    odoo: { partners: PARTNERS },
    external: { customers: CUSTOMERS },
    mappings: { customers: NO_SCHEDULE },
    ...(connect && { connect: (connector, side) => (side === 'odoo' ? connect(connector) : connector) }),
  })
}

/** A connector whose reads fail with these errors, one after the other, and work then. */
const failing =
  (errors: SyncError[]) =>
  (connector: Connector): Connector => ({
    ...connector,
    collection(request) {
      const collection = connector.collection(request)
      const { feed } = collection
      if (!feed) return collection
      const read: typeof feed.read = (...args) => {
        const error = errors.shift()
        if (error) throw error
        return feed.read(...args)
      }
      return Object.create(collection, { feed: { value: Object.create(feed, { read: { value: read } }) } })
    },
  })

describe('a run that failed', () => {
  it.each([0, 1, 30])(
    'is tried again by itself where the other side asked for a pause of %i ms',
    async (retryAfterMs) => {
      const errors = [1, 2, 3].map(() => new SyncError('unavailable', 'Closed for a moment.', { retryAfterMs }))
      await open(failing(errors))
      const context = await world.context()
      runner = createRunner({ ...context, clock: systemClock })
      world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
      runner.start()
      runner.wake()
      await expect.poll(() => world.stores.external.all('customers').length).toBe(1)
      expect(errors).toEqual([])
    },
  )
})

describe('when a mapping has to be looked at again', () => {
  const cases: readonly (readonly [string, Partial<MappingState>, number | null, number | null])[] = [
    ['nothing is left', {}, null, null],
    ['something is in doubt', {}, 700, 700],
    ['a run failed and waits', { failures: 1, notBeforeMs: 4000 }, null, 4000],
    ['a run failed, and its wait is over already', { failures: 1, notBeforeMs: -5 }, null, 20],
    ['a run failed, and something is in doubt before', { failures: 1, notBeforeMs: 4000 }, 700, 4000],
    ['it is paused', { pause: { code: 'guard', message: 'x', hint: null, sinceMs: 0 }, failures: 1 }, 700, null],
    ['a person paused it', { pausedBy: { by: 'ada', reason: null, sinceMs: 0 }, failures: 1 }, 700, null],
  ]

  it.each(cases)('where %s', async (_, state, lookAgainMs, expected) => {
    await open()
    const context = await world.context()
    const notBeforeMs = state.notBeforeMs === undefined ? 0 : world.nowMs() + state.notBeforeMs
    await world.ledger.updateState('customers', { ...state, notBeforeMs })
    expect(await nextLookInMs(context, newRunMemory(), lookAgainMs)).toBe(expected)
  })
})
