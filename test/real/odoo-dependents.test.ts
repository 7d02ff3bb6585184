import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Change, RecordState } from '../../src/contract/change.ts'
import { isSameVersion } from '../../src/contract/change.ts'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import type { Cursor } from '../../src/contract/feed.ts'
import type { Fields, Value } from '../../src/contract/value.ts'
import { connectOdoo } from '../connectors/odoo-setup.ts'
import { hasOdooDatabaseAccess, realOdoo } from './environment.ts'
import { asPerson } from './person.ts'

const signal = new AbortController().signal

/** Orders whose lines are read with them; see `scan-dependents.ts`. */
describe.skipIf(!hasOdooDatabaseAccess)('lines of an Odoo record', () => {
  let mark = ''
  let partner = 0
  let product = 0
  let connector: Connector
  let collection: Collection

  beforeEach(async () => {
    mark = `L${randomUUID().slice(0, 8)}`
    ;[partner = 0] = await asPerson<number[]>('res.partner', 'create', { vals_list: [{ name: mark }] })
    const vals = { name: mark, default_code: mark, list_price: 10 }
    ;[product = 0] = await asPerson<number[]>('product.product', 'create', { vals_list: [vals] })
    connector = connectOdoo({ ...realOdoo('19'), protocol: 'json2' })
    collection = connector.collection({
      spec: { model: 'sale.order', domain: [['client_order_ref', '=like', `${mark}%`]], archive: null },
      fields: ['client_order_ref', 'order_line'],
      lines: { order_line: { fields: ['name', 'product_uom_qty', 'sequence', 'product_id'] } },
      consumer: 'test',
      key: 'client_order_ref',
    })
  })
  afterEach(() => connector[Symbol.asyncDispose]())

  const orderOf = (n: number, lines: readonly Fields[]) => ({
    partner_id: partner,
    client_order_ref: `${mark}${n}`,
    order_line: lines.map((line) => [0, 0, { product_id: product, ...line }]),
  })
  const create = (orders: readonly object[]) => asPerson<number[]>('sale.order', 'create', { vals_list: orders })

  async function drain(cursor: Cursor | null, depth: 'tail' | 'deep' = 'tail', limit = 500) {
    const changes: Change[] = []
    let [at, pages] = [cursor, 0]
    for (;;) {
      const page = await collection.feed?.read({ cursor: at, limit, depth, nowMs: performance.now() }, signal)
      if (!page) throw new Error('no feed')
      changes.push(...page.changes)
      pages += 1
      at = page.cursor
      if (page.caughtUp) return { changes, cursor: at, pages }
    }
  }
  const hints = (changes: readonly Change[]) =>
    new Map(changes.flatMap((change) => (change.kind === 'hint' ? [[change.id, change.version] as const] : [])))
  const read = async (...ids: number[]): Promise<readonly RecordState[]> => [
    ...((await collection.sink?.read(ids.map(String), signal)) ?? new Map<string, RecordState>()).values(),
  ]
  const linesOf = (state: RecordState | undefined) => (state?.fields.order_line ?? []) as readonly Fields[]

  /** Long enough for a version to be final. */
  const cool = () => sleep(4200)

  test('are read with it, in full and in the order of their ids', async () => {
    const [id = 0] = await create([orderOf(1, [{ product_uom_qty: 2, sequence: 20 }, { product_uom_qty: 3 }])])
    const { changes } = await drain(null)
    expect(changes.filter(({ kind }) => kind === 'state')).toHaveLength(1)
    const [state] = await read(id)
    expect(changes[0]).toMatchObject({ kind: 'state', state: { id: String(id), fields: state?.fields } })
    expect(linesOf(state)).toEqual([
      { id: expect.any(Number), name: `[${mark}] ${mark}`, product_uom_qty: 2, sequence: 20, product_id: product },
      { id: expect.any(Number), name: `[${mark}] ${mark}`, product_uom_qty: 3, sequence: 10, product_id: product },
    ])
    expect(state?.byUs).toBe(false)
  })

  test('are noticed when only they change, and a deep scan reads nothing twice', async () => {
    const ids = await create([orderOf(1, [{ product_uom_qty: 2 }]), orderOf(2, [{ product_uom_qty: 2 }])])
    let { cursor } = await drain(null)
    await cool()
    const before = await read(...ids)
    // A deep scan tells of both once more, at the versions that are known.
    const deep = await drain(cursor, 'deep')
    const known = hints(deep.changes)
    for (const state of before) expect(isSameVersion(known.get(state.id) ?? null, state.version)).toBe(true)
    cursor = (await drain(deep.cursor)).cursor

    const [first] = before
    const line = linesOf(first)[0]?.id
    await asPerson('sale.order.line', 'write', { ids: [line], vals: { name: 'by hand' } })
    const seen = await drain(cursor)
    expect([...hints(seen.changes).keys()]).toEqual([first?.id])
    expect(hints(seen.changes).get(first?.id ?? '')).not.toBe(first?.version)
    const [after] = await read(Number(first?.id))
    expect(linesOf(after)[0]?.name).toBe('by hand')
    expect(after?.changedAtMs).toBeGreaterThan(first?.changedAtMs ?? 0)

    await cool()
    const quiet = await drain((await drain(seen.cursor)).cursor)
    expect(quiet.changes).toEqual([])
  })

  test('that are added are noticed; one that is taken away without a trace shows in the version', async () => {
    const [id = 0] = await create([orderOf(1, [{ product_uom_qty: 2 }])])
    await cool()
    let { cursor } = await drain((await drain(null)).cursor)
    const free = { order_id: id, product_id: product, price_unit: 0 }
    const [line = 0] = await asPerson<number[]>('sale.order.line', 'create', { vals_list: [free] })
    const added = await drain(cursor)
    expect([...hints(added.changes).keys()]).toEqual([String(id)])
    await cool()
    cursor = (await drain(added.cursor)).cursor
    const [before] = await read(id)
    await asPerson('sale.order.line', 'unlink', { ids: [line] })
    expect((await drain(cursor)).changes).toEqual([])
    const listing = await collection.feed?.list?.(null, 10, signal)
    expect(listing?.entries.map((entry) => entry.id)).toEqual([String(id)])
    expect(listing?.entries[0]?.version).not.toBe(before?.version)
    const [after] = await read(id)
    expect(after?.version).toBe(listing?.entries[0]?.version)
  })

  test('lead to their records page by page, whatever the size of a page', async () => {
    const ids = await create([1, 2, 3, 4, 5].map((n) => orderOf(n, [{ product_uom_qty: 1 }, { product_uom_qty: 2 }])))
    await cool()
    const start = (await drain((await drain(null)).cursor)).cursor
    const lines = (await read(...ids)).flatMap((state) => linesOf(state).map((line) => line.id ?? null))
    const vals_list = lines.map((_: Value, n: number) => ({ name: `n${n}` }))
    await asPerson('sale.order.line', 'web_save_multi', { ids: lines, vals_list, specification: {} })
    for (const limit of [1, 2, 3, 500]) {
      const { changes } = await drain(start, 'tail', limit)
      expect([...hints(changes).keys()].sort()).toEqual(ids.map(String).sort())
    }
    // A scan that stops after any page goes on where it stopped.
    let [cursor, found] = [start, new Set<string>()]
    for (let pages = 0; pages < 100; pages++) {
      const page = await collection.feed?.read({ cursor, limit: 2, depth: 'tail', nowMs: 0 }, signal)
      for (const id of hints(page?.changes ?? []).keys()) found = found.add(id)
      cursor = page?.cursor ?? cursor
      if (page?.caughtUp) break
    }
    expect([...found].sort()).toEqual(ids.map(String).sort())
  })

  test('of a mapping that had none until now are watched from where it stands', async () => {
    const [id = 0] = await create([orderOf(1, [{ product_uom_qty: 2 }])])
    await cool()
    const spec = { model: 'sale.order', domain: [['client_order_ref', '=like', `${mark}%`]], archive: null }
    const plain = connector.collection({ spec, fields: ['client_order_ref'], consumer: 'test' })
    const page = await plain.feed?.read({ cursor: null, limit: 100, depth: 'tail', nowMs: 0 }, signal)
    const [state] = await read(id)
    await asPerson('sale.order.line', 'write', { ids: [linesOf(state)[0]?.id], vals: { name: 'later' } })
    const { changes } = await drain(page?.cursor ?? null)
    expect([...hints(changes).keys()]).toEqual([String(id)])
  })
})
