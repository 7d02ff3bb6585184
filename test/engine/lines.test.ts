import { afterEach, describe, expect, it } from 'vitest'
import type { Fields, Value } from '../../src/contract/value.ts'
import { CRASH_POINTS, type CrashPoint } from '../../src/engine/crash-points.ts'
import { planSync } from '../../src/engine/dry-run.ts'
import { resync } from '../../src/engine/resync.ts'
import { newRunMemory } from '../../src/engine/run-memory.ts'
import { orderMapping, orders, SHOP_ORDERS } from './orders.ts'
import { adds, createWorld, Killed, type World } from './world.ts'

let world: World
afterEach(() => world?.close())

async function open(
  mapping = orderMapping(),
  options: Partial<Parameters<typeof createWorld>[0]> = {},
): Promise<World> {
  world = await createWorld({
    odoo: { orders: orders() },
    external: { orders: SHOP_ORDERS },
    mappings: { orders: mapping },
    ...options,
  })
  return world
}

const odoo = (id = '1') => (world.stores.odoo.get('orders', id)?.order_line ?? null) as readonly Fields[] | null
const shop = (id = '1') => (world.stores.external.get('orders', id)?.lines ?? null) as readonly Fields[] | null
const editOdoo = (order_line: readonly Fields[], id = '1') => world.stores.odoo.edit('orders', id, { order_line })
const editShop = (lines: readonly Fields[], id = '1') => world.stores.external.edit('orders', id, { lines })
const without = (lines: readonly Fields[] | null, at: number) => (lines ?? []).filter((_, index) => index !== at)
const changed = (lines: readonly Fields[] | null, at: number, fields: Fields) =>
  (lines ?? []).map((line, index) => (index === at ? { ...line, ...fields } : line))

/** A run of a process that dies at that point, and is followed by one that does not. */
async function runUntilKilled(point: CrashPoint): Promise<void> {
  world.killAt(point)
  await expect(world.run()).rejects.toThrow(Killed)
  world.killAt(null)
}

async function expectQuiet(): Promise<void> {
  for (const store of [world.stores.odoo, world.stores.external]) store.resetCalls()
  await world.settle()
  const { odoo: erp, external } = world.stores
  expect({ odoo: erp.calls.writes, external: external.calls.writes }).toEqual({ odoo: 0, external: 0 })
  expect(await world.differences()).toEqual([])
  const counts = await world.counts()
  expect(adds(counts.odoo) && adds(counts.external)).toBe(true)
}

const CHAIR_AND_TABLE = [
  { no: 10, text: 'Chair', qty: 1 },
  { no: 20, text: 'Table', qty: 2 },
]

/** An order with two lines on both sides, in step. */
async function inStep(mapping?: string): Promise<void> {
  await open(mapping)
  world.stores.odoo.insert('orders', {
    ref: 'A',
    order_line: [
      { sequence: 10, name: 'Chair', qty: 1 },
      { sequence: 20, name: 'Table', qty: 2 },
    ],
  })
  await world.settle()
  world.advance(5000)
}

describe('lines', () => {
  it('are created with their record from Odoo, and then nothing any more', async () => {
    await inStep()
    expect(shop()).toEqual([
      { no: 10, text: 'Chair', qty: 1, sum: 10 },
      { no: 20, text: 'Table', qty: 2, sum: 20 },
    ])
    await expectQuiet()
  })

  it('are created from outside, and what Odoo computes in them comes back', async () => {
    await open()
    world.stores.external.insert('orders', { code: 'B', lines: [{ no: 1, text: ' Lamp ', qty: 1.005 }] })
    await world.settle()
    expect(odoo()).toEqual([{ id: 1, sequence: 1, name: 'Lamp', qty: 1, price: 10, sum: 10 }])
    // The stored form is not sent back: neither the trimmed text nor the rounded number.
    expect(shop()).toEqual([{ no: 1, text: ' Lamp ', qty: 1.005, sum: 10 }])
    await expectQuiet()
  })

  it('of which each side changed another are merged, and keep their ids', async () => {
    await inStep()
    editOdoo(changed(odoo(), 0, { name: 'Armchair' }))
    editShop(changed(shop(), 1, { qty: 5 }))
    await world.settle()
    expect(odoo()).toMatchObject([
      { id: 1, sequence: 10, name: 'Armchair', qty: 1 },
      { id: 2, sequence: 20, name: 'Table', qty: 5, sum: 50 },
    ])
    expect(shop()).toEqual([
      { no: 10, text: 'Armchair', qty: 1, sum: 10 },
      { no: 20, text: 'Table', qty: 5, sum: 50 },
    ])
    await expectQuiet()
  })

  it('of which each side changed another field of the same one are merged', async () => {
    await inStep()
    editOdoo(changed(odoo(), 0, { name: 'Armchair' }))
    editShop(changed(shop(), 0, { qty: 3 }))
    await world.settle()
    expect(odoo()?.[0]).toMatchObject({ id: 1, name: 'Armchair', qty: 3 })
    expect(shop()?.[0]).toEqual({ no: 10, text: 'Armchair', qty: 3, sum: 30 })
    await expectQuiet()
  })

  it('that both sides changed follow the policy, and the loser is kept', async () => {
    await inStep()
    editOdoo(changed(odoo(), 0, { name: 'Armchair' }))
    world.advance(5000)
    editShop(changed(shop(), 0, { text: 'Stool' }))
    await world.settle()
    expect(odoo()?.[0]).toMatchObject({ id: 1, name: 'Stool' })
    expect(shop()?.[0]).toMatchObject({ text: 'Stool' })
    const lost = world.events.find(({ kind }) => kind === 'lost')
    expect(lost?.message).toContain('order_line[10].name:text')
    await expectQuiet()
  })

  it('are added and taken away on both sides at once', async () => {
    await inStep()
    editOdoo([...without(odoo(), 0), { sequence: 30, name: 'Shelf', qty: 1 }])
    editShop([...(shop() ?? []), { no: 40, text: 'Rug', qty: 4 }])
    await world.settle()
    expect(odoo()?.map(({ id, sequence, name }) => [id, sequence, name])).toEqual([
      [2, 20, 'Table'],
      [3, 30, 'Shelf'],
      [4, 40, 'Rug'],
    ])
    expect(
      shop()
        ?.map(({ no, text }) => [no, text])
        .sort(),
    ).toEqual([
      [20, 'Table'],
      [30, 'Shelf'],
      [40, 'Rug'],
    ])
    await expectQuiet()
  })

  it.each(['odoo', 'external'] as const)('taken away here and edited there: %s wins', async (winner) => {
    await inStep(orderMapping('    conflict: '.concat(winner)))
    editOdoo(changed(odoo(), 0, { name: 'Armchair' }))
    editShop(without(shop(), 0))
    await world.settle()
    const names = winner === 'odoo' ? ['Armchair', 'Table'] : ['Table']
    expect(odoo()?.map(({ name }) => name)).toEqual(names)
    expect(
      shop()
        ?.map(({ text }) => text)
        .sort(),
    ).toEqual(names)
    await expectQuiet()
  })

  it('wait for a person where the mapping says so, one by one', async () => {
    await inStep(orderMapping('    conflict: manual'))
    editOdoo(changed(changed(odoo(), 0, { name: 'Armchair' }), 1, { name: 'Desk' }))
    editShop(changed(shop(), 0, { text: 'Stool' }))
    await world.settle()
    expect(shop()?.map(({ text }) => text)).toEqual(['Stool', 'Desk'])
    expect(odoo()?.map(({ name }) => name)).toEqual(['Armchair', 'Desk'])
    const [open] = await world.ledger.changes('orders', { state: 'conflict', limit: 10 })
    expect(open?.change.conflicts).toEqual([{ field: 'order_line[10].name:text', odoo: 'Armchair', external: 'Stool' }])
    // The person agrees with Odoo.
    editShop(changed(shop(), 0, { text: 'Armchair' }))
    await world.settle()
    expect(await world.ledger.countChanges('orders', { state: 'conflict' })).toBe(0)
    await expectQuiet()
  })

  it('that share a key are told apart by their order', async () => {
    await inStep(
      orderMapping()
        .replace('{ odoo: sequence, external: no }', '{ odoo: name, external: text }')
        .replace('- { odoo: name, external: text }', '- { odoo: sequence, external: no }'),
    )
    editOdoo([...(odoo() ?? []), { sequence: 30, name: 'Chair', qty: 7 }])
    await world.settle()
    expect(shop()?.map(({ no, text, qty }) => [no, text, qty])).toEqual([
      [10, 'Chair', 1],
      [20, 'Table', 2],
      [30, 'Chair', 7],
    ])
    editShop(changed(shop(), 2, { qty: 8 }))
    await world.settle()
    expect(odoo()?.map(({ id, qty }) => [id, qty])).toEqual([
      [1, 1],
      [2, 2],
      [3, 8],
    ])
    await expectQuiet()
  })

  it('without a key are refused, or left alone where the mapping says so', async () => {
    await inStep()
    editOdoo([...(odoo() ?? []), { name: 'A note' }])
    await world.settle()
    const [dead] = await world.ledger.changes('orders', { state: 'dead', limit: 10 })
    expect(dead?.change.fault?.message).toBe('order_line: line 3 on the odoo side has no sequence, which is its key')
    await world.close()

    await inStep(orderMapping('    keyless: ignore'))
    editOdoo([...(odoo() ?? []), { name: 'A note' }])
    await world.settle()
    editShop(changed(shop(), 0, { qty: 9 }))
    await world.settle()
    expect(shop()).toHaveLength(2)
    expect(odoo()?.map(({ name, qty }) => [name, qty])).toEqual([
      ['Chair', 9],
      ['Table', 2],
      ['A note', 0],
    ])
    await expectQuiet()
  })

  it('that are taken away stay on the other side where the mapping says so', async () => {
    await inStep(orderMapping('    deletes: { from_external: ignore }'))
    editShop(without(shop(), 0))
    await world.settle()
    expect(odoo()).toHaveLength(2)
    expect(shop()).toHaveLength(1)
    editOdoo(changed(odoo(), 1, { name: 'Desk' }))
    await world.settle()
    expect(shop()?.map(({ text }) => text)).toEqual(['Desk'])
    expect(odoo()).toHaveLength(2)
  })

  it('are met for the first time: both sides get what the other has', async () => {
    await open()
    world.stores.odoo.insert('orders', { ref: 'A', order_line: [{ sequence: 10, name: 'Chair', qty: 1 }] })
    world.stores.external.insert('orders', {
      code: 'A',
      lines: [
        { no: 10, text: 'Chair', qty: 1, sum: 10 },
        { no: 20, text: 'Table', qty: 2, sum: 20 },
      ],
    })
    await world.settle()
    expect(odoo()?.map(({ name }) => name)).toEqual(['Chair', 'Table'])
    expect(shop()).toHaveLength(2)
    await expectQuiet()
  })

  it('are told one by one: in events, in a verification, and before anything is done', async () => {
    await inStep()
    world.events.length = 0
    editShop([...without(changed(shop(), 0, { qty: 3 }), 1), { no: 30, text: 'Shelf', qty: 1 }])
    const differences = (await world.differences()).map((each) => (each.kind === 'field' ? each : null))
    expect(differences.map((each) => [each?.field, each?.odoo, each?.external])).toEqual([
      ['order_line[10].qty:qty', 1, 3],
      ['order_line[20]', expect.objectContaining({ name: 'Table' }), null],
      ['order_line[30]', null, expect.objectContaining({ text: 'Shelf' })],
    ])
    const steps = []
    for await (const step of planSync(await world.context(), new AbortController().signal)) steps.push(step)
    const after = {
      'order_line[10].qty': 3,
      'order_line[20]': null,
      'order_line[30]': { sequence: 30, name: 'Shelf', qty: 1 },
    }
    const before = { 'order_line[10].qty': 1, 'order_line[20]': expect.objectContaining({ name: 'Table' }) }
    expect(steps).toMatchObject([{ action: 'update', side: 'odoo', before, after }])
    await world.settle()
    expect(world.events.find(({ side }) => side === 'odoo')).toMatchObject({ kind: 'updated', before, fields: after })
    await expectQuiet()
  })

  it.each(['odoo', 'external'] as const)(
    'follow %s in a resync from there, also where a line is to go',
    async (from) => {
      await inStep()
      const context = await world.context()
      world.stores.odoo.editSilently('orders', '1', { order_line: without(odoo(), 0) })
      world.stores.external.editSilently('orders', '1', { lines: without(shop(), 1) })
      const options = { from, sinceMs: null, ids: ['1'], keys: null }
      await resync(context, options, newRunMemory(), () => {}, new AbortController().signal)
      await world.settle()
      const names = [from === 'odoo' ? 'Table' : 'Chair']
      expect(odoo()?.map(({ name }) => name)).toEqual(names)
      expect(shop()?.map(({ text }) => text)).toEqual(names)
      await expectQuiet()
    },
  )

  it('edited between our read and our write are not overwritten', async () => {
    await inStep()
    editShop(changed(shop(), 0, { text: 'Armchair' }))
    let isDone = false
    world.stores.odoo.faults.beforeApply = () => {
      if (isDone) return
      isDone = true
      world.stores.odoo.editSilently('orders', '1', { note: 'meanwhile' })
    }
    await world.settle()
    expect(odoo()?.[0]).toMatchObject({ name: 'Armchair' })
    expect(world.stores.external.get('orders', '1')).toMatchObject({ remark: 'meanwhile' })
    await expectQuiet()
  })

  // A line can be edited without its record: who wrote the record last then tells nothing of the lines.
  it.each([
    ['added', (lines: readonly Fields[]) => [...lines, { no: 30, text: 'Lamp', qty: 3 }], 30, 3],
    ['edited', (lines: readonly Fields[]) => changed(lines, 0, { qty: 7 }), 10, 7],
    ['taken away', (lines: readonly Fields[]) => without(lines, 0), 10, undefined],
  ])('that were %s and not sent before a crash are not taken for sent', async (_, edit, number, qty) => {
    await open()
    world.stores.external.insert('orders', {
      code: 'B',
      lines: [
        { no: 10, text: 'Chair', qty: 1 },
        { no: 20, text: 'Table', qty: 2 },
      ],
    })
    // Our user makes the order in Odoo, and so is the one who wrote it last.
    await world.settle()
    world.advance(5000)
    editShop(edit(shop() ?? []))
    await runUntilKilled('intended')
    world.stores.odoo.editSilently('orders', '1', { order_line: changed(odoo(), 1, { name: 'Desk' }) })
    await world.settle()
    world.advance(60_000)
    await world.settle()
    for (const [lines, key] of [
      [odoo(), 'sequence'],
      [shop(), 'no'],
    ] as const)
      expect(lines?.find((line) => line[key] === number)?.qty).toBe(qty)
    await expectQuiet()
    expect(shop()?.find(({ no }) => no === 20)?.text).toBe('Desk')
  })

  // Nobody edited what stands there as we sent it: what the other side says of it since then is to win.
  it.each([
    ['another line is added', (lines: readonly Fields[]) => [...lines, { sequence: 30, name: 'Lamp', qty: 1 }]],
    ['another line is edited', (lines: readonly Fields[]) => changed(lines, 1, { name: 'Desk' })],
    ['another field is edited', (lines: readonly Fields[]) => changed(lines, 0, { name: 'Armchair' })],
    ['another line is taken away', (lines: readonly Fields[]) => without(lines, 1)],
  ])('whose create or update was in doubt are edited on the other side while here %s', async (_, edit) => {
    for (const what of ['create', 'update']) {
      if (what === 'create') {
        await open()
        world.stores.external.insert('orders', { code: 'B', lines: CHAIR_AND_TABLE })
      } else {
        await world?.close()
        await inStep()
        editShop(changed(shop(), 0, { qty: 5 }))
      }
      await runUntilKilled('applied')
      world.stores.odoo.edit('orders', '1', { order_line: edit(odoo() ?? []) })
      const expected = odoo()?.map(({ sequence, name }) => [sequence, name])
      editShop(changed(shop(), 0, { qty: 7 }))
      await world.settle()
      world.advance(60_000)
      await world.settle()
      expect(odoo()?.map(({ sequence, name }) => [sequence, name])).toEqual(expected)
      expect(shop()?.map(({ no, text }) => [no, text])).toEqual(expected)
      expect([odoo()?.[0]?.qty, shop()?.[0]?.qty]).toEqual([7, 7])
      expect(world.events.filter(({ kind }) => kind === 'lost' || kind === 'conflict')).toEqual([])
      await expectQuiet()
    }
  })

  it.each([true, false])(
    'of a create in doubt are taken away, if the system tells who made it: %s',
    async (tellsWriter) => {
      await open(orderMapping(), { odoo: { orders: { ...orders(), tellsWriter } } })
      world.stores.external.insert('orders', { code: 'B', lines: CHAIR_AND_TABLE })
      await runUntilKilled('applied')
      editOdoo(without(odoo(), 1))
      await world.settle()
      // Otherwise it may be another record with the same key, and nothing may be lost.
      expect(shop()).toHaveLength(tellsWriter ? 1 : 2)
      await expectQuiet()
    },
  )

  it('that are taken away while what Odoo calculated from our edit is on its way, are taken away', async () => {
    await inStep()
    editShop(changed(shop(), 0, { qty: 5 }))
    await runUntilKilled('settled')
    expect(odoo()?.[0]).toMatchObject({ qty: 5, sum: 50 })
    editShop(without(shop(), 0))
    await world.settle()
    expect(odoo()?.map(({ name }) => name)).toEqual(['Table'])
    await expectQuiet()
  })

  describe.each([true, false])(
    'of a record that was never sent stay (who made a record is told: %s)',
    (tellsWriter) => {
      it.each([
        ['other lines', [{ sequence: 20, name: 'Table', qty: 2 }]],
        ['one of its lines', [{ sequence: 10, name: 'Chair', qty: 1 }]],
        ['no lines', []],
      ])('where somebody makes one with its key and %s', async (_, order_line) => {
        await open(orderMapping(), { odoo: { orders: { ...orders(), tellsWriter } } })
        const lines = [
          { no: 10, text: 'Chair', qty: 1 },
          { no: 30, text: 'Lamp', qty: 3 },
        ]
        world.stores.external.insert('orders', { code: 'B', lines })
        await runUntilKilled('intended')
        world.stores.odoo.insert('orders', { ref: 'B', order_line })
        await world.settle()
        world.advance(60_000)
        await world.settle()
        const names = new Set(['Chair', 'Lamp', ...order_line.map(({ name }) => name)])
        expect(new Set(shop()?.map(({ text }) => text))).toEqual(names)
        expect(odoo()).toHaveLength(names.size)
        await expectQuiet()
      })
    },
  )

  it('of which both sides were written when it was in doubt are known as both writes left them', async () => {
    await inStep()
    const [chair] = shop() ?? []
    editShop(without(shop(), 0))
    editOdoo(changed(odoo(), 1, { qty: 5 }))
    await runUntilKilled('applied')
    expect(odoo()?.map(({ name }) => name)).toEqual(['Table'])
    expect(shop()?.map(({ qty }) => qty)).toEqual([5])
    // That it was taken away is old by now.
    editShop([...(shop() ?? []), chair ?? {}])
    await world.settle()
    expect(odoo()?.map(({ name, qty }) => [name, qty])).toEqual([
      ['Table', 5],
      ['Chair', 1],
    ])
    expect(shop()).toHaveLength(2)
    await expectQuiet()
  })

  it('that are taken away before what Odoo gave them came back, are taken away', async () => {
    await open()
    world.stores.external.insert('orders', { code: 'B', lines: CHAIR_AND_TABLE })
    await runUntilKilled('settled')
    editShop(without(CHAIR_AND_TABLE, 1))
    await world.settle()
    expect(odoo()?.map(({ name, sum }) => [name, sum])).toEqual([['Chair', 10]])
    await expectQuiet()
  })

  it.each(CRASH_POINTS)('survive a crash at %s', async (point) => {
    await inStep()
    for (const times of [1, 2]) {
      editOdoo(changed(odoo(), 0, { name: `Chair ${times}`, qty: times + 3 }))
      editShop([...without(shop(), 1), { no: 50 + times, text: 'New', qty: times }])
      world.killAt(point, times)
      await world.run({ sweeps: true }).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error
      })
      world.killAt(null)
      await world.settle()
      world.advance(60_000)
      expect(odoo()?.[0]).toMatchObject({ name: `Chair ${times}`, qty: times + 3 })
      expect(odoo()?.some(({ sequence }) => sequence === ((50 + times) as Value))).toBe(true)
      await expectQuiet()
    }
  })
})
