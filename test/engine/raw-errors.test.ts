import { afterEach, describe, expect, it } from 'vitest'
import type { Collection, CollectionRequest, Connector } from '../../src/contract/connector.ts'
import type { Operation } from '../../src/contract/sink.ts'
import { CUSTOMERS, customers, PARTNERS } from './customers.ts'
import { adds, createWorld, type World } from './world.ts'

let world: World
afterEach(() => world?.close())

/** Of a connector of one's own: what it throws is no SyncError. */
type Defect = (operations: readonly Operation[], send: () => Promise<unknown>) => Promise<void>

async function open(defect: Defect): Promise<void> {
  world = await createWorld({
    odoo: { partners: PARTNERS },
    external: { customers: CUSTOMERS },
    mappings: { customers: customers() },
    connect: (connector, side) => (side === 'odoo' ? withDefect(connector, defect) : connector),
  })
}

function withDefect(connector: Connector, defect: Defect): Connector {
  const collection = (request: CollectionRequest): Collection => {
    const opened = connector.collection(request)
    const { sink } = opened
    if (!sink) return opened
    const apply: typeof sink.apply = async (operations) => {
      // What arrives late arrives although its caller gave up.
      const { signal } = new AbortController()
      let outcomes: Awaited<ReturnType<typeof sink.apply>> | null = null
      const send = async () => {
        outcomes = await sink.apply(operations, signal)
      }
      await defect(operations, send)
      if (outcomes === null) await send()
      return outcomes ?? []
    }
    return { ...opened, sink: { ...sink, apply } }
  }
  return { ...connector, collection }
}

const names = (operations: readonly Operation[]) =>
  operations.map((operation) => (operation.kind === 'remove' ? '' : operation.fields.name))

async function expectQuiet(): Promise<void> {
  const counts = await world.counts()
  expect(adds(counts.odoo) && adds(counts.external)).toBe(true)
  world.stores.odoo.resetCalls()
  await world.settle()
  expect(world.stores.odoo.calls.writes).toBe(0)
}

describe('an error that is no SyncError', () => {
  it('after the work was done is looked up: nothing is made twice, nothing is set aside', async () => {
    let isBroken = true
    await open(async (_, send) => {
      if (!isBroken) return
      isBroken = false
      await send()
      throw new TypeError('fetch failed')
    })
    for (let n = 0; n < 8; n++) world.stores.external.insert('customers', { full_name: `c${n}`, code: `C${n}` })
    await world.settle()
    expect(world.stores.odoo.all('partners')).toHaveLength(8)
    expect((await world.counts()).external.deadLetters).toBe(0)
    await expectQuiet()
  })

  it('of an update that was done is looked up too, and the old value never comes back', async () => {
    let isBroken = false
    await open(async (_, send) => {
      if (!isBroken) return
      isBroken = false
      await send()
      throw new TypeError('fetch failed')
    })
    world.stores.external.insert('customers', { full_name: 'Ann', code: 'A', phone: '1' })
    await world.settle()
    isBroken = true
    world.stores.external.edit('customers', '1', { phone: '2' })
    await expect(world.run()).rejects.toThrow('fetch failed')
    world.stores.odoo.edit('partners', '1', { phone: '3' })
    await world.settle()
    expect(world.stores.odoo.get('partners', '1')).toMatchObject({ phone: '3' })
    expect(world.stores.external.get('customers', '1')).toMatchObject({ phone: '3' })
  })

  it('that one record causes each time sets that one aside, after its attempts, and nobody else', async () => {
    const batches: number[] = []
    await open(async (operations) => {
      batches.push(operations.length)
      if (names(operations).includes('c7')) throw new TypeError("Cannot read properties of null (reading 'name')")
    })
    for (let n = 0; n < 40; n++) world.stores.external.insert('customers', { full_name: `c${n}`, code: `C${n}` })
    await world.settle()
    const stored = world.stores.odoo.all('partners').map(({ fields }) => fields.name)
    expect(stored).toHaveLength(39)
    expect(stored).not.toContain('c7')
    expect((await world.counts()).external.deadLetters).toBe(1)
    expect(Math.max(...batches)).toBe(40)
    await expectQuiet()
  })

  it('is not sent again before it was given time to arrive late', async () => {
    let late: (() => Promise<unknown>) | null = null
    await open(async (_, send) => {
      if (late) return
      late = send
      throw new TypeError('fetch failed')
    })
    world.stores.external.insert('customers', { full_name: 'Ann', code: 'A' })
    await expect(world.run()).rejects.toThrow('fetch failed')
    await world.run()
    expect(world.stores.odoo.calls.writes).toBe(0)
    await (late as unknown as () => Promise<unknown>)()
    await world.settle()
    expect(world.stores.odoo.all('partners')).toHaveLength(1)
    await expectQuiet()
  })
})
