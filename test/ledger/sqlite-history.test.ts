import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { HistoryEntry, StoredHistoryEntry } from '../../src/ledger/history.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { LinkWrite } from '../../src/ledger/link.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts'
import { link, NOW_MS, settlement } from './examples.ts'

const MAPPING = 'customers'
const RUNS = Number(process.env.TANDEM_HISTORIES ?? 50)

async function openLedger(): Promise<Ledger> {
  const ledger = await openSqliteLedger({ file: ':memory:', program: 'test' })
  // A second mapping's rows lie behind those of the first.
  for (const name of ['before', MAPPING, 'behind']) await ledger.openMapping(name, ['name:name'])
  await ledger.addHistory('behind', [entry('other', { odooId: '1', externalId: 'x1', key: 'key-1' })])
  await ledger.settle('behind', settlement({ links: [link('2', 'x2')], history: [created('2')] }))
  return ledger
}

let ledger: Ledger
beforeEach(async () => {
  ledger = await openLedger()
})
afterEach(() => ledger[Symbol.asyncDispose]())

function entry(event: string, more: Partial<HistoryEntry>): HistoryEntry {
  return { atMs: NOW_MS, event, side: 'external', odooId: null, externalId: null, key: null, detail: {}, ...more }
}

/** What a first sync tells of the link that `link(id, …)` makes. */
function created(id: string, more: Partial<HistoryEntry> = {}): HistoryEntry {
  return entry('created', { odooId: id, externalId: `x${id}`, key: `key-${id}`, ...more })
}

const linked = (id: string) => link(id, `x${id}`)
/** Entries as they were told, without the ids that the ledger gave them. */
const told = (entries: readonly StoredHistoryEntry[]) => entries.map(({ id: _, ...entry }): HistoryEntry => entry)
const all = async () => told(await ledger.history(MAPPING, { limit: 1_000 }))
const of = async (filter: { odooId?: string; externalId?: string; key?: string }, limit = 1_000) =>
  (await ledger.history(MAPPING, { ...filter, limit })).map((found) => found.event)
const idOf = async (odooId: string) => (await ledger.links(MAPPING, 'odoo', [odooId])).get(odooId)?.id ?? 0

test('plain creates are read as they were told, among other entries', async () => {
  const history = [
    entry('captured', { odooId: '1' }),
    created('1'),
    created('2'),
    entry('lost', { odooId: '1', detail: { field: 'name' } }),
    created('3', { side: 'odoo' }),
    created('4', { detail: { after: 1 } }),
    created('5', { key: null }),
  ]
  await ledger.settle(MAPPING, settlement({ links: ['1', '9', '2', '3', '4', '5'].map(linked), history }))
  expect(await all()).toEqual(history)
  expect(await of({ odooId: '1' })).toEqual(['captured', 'created', 'lost'])
  expect(await of({ externalId: 'x2' })).toEqual(['created'])
  expect(await of({ key: 'key-3' })).toEqual(['created'])
  expect(await of({ odooId: '9' })).toEqual([])
  expect(told(await ledger.history(MAPPING, { limit: 2 }))).toEqual(history.slice(-2))
})

test('an entry is found by its id, and by no other', async () => {
  await ledger.settle(
    MAPPING,
    settlement({ links: [linked('1')], history: [created('1'), entry('lost', { odooId: '1' })] }),
  )
  const [, lost] = await ledger.history(MAPPING, { limit: 10 })
  expect(lost).toMatchObject({ id: 2, event: 'lost' })
  expect(await ledger.historyEntry(MAPPING, 2)).toEqual(lost)
  for (const id of [0, 3, -1, 2 ** 40 + 1]) expect(await ledger.historyEntry(MAPPING, id)).toBe(null)
})

test('creates that come in another order than their links, or twice, are told as they came', async () => {
  const history = ['3', '1', '2', '1', '2'].map((id) => created(id))
  await ledger.settle(MAPPING, settlement({ links: ['1', '2', '3'].map(linked), history }))
  expect(await all()).toEqual(history)
})

test('a create stays what it was when its link gets other ids, or is deleted', async () => {
  await ledger.settle(MAPPING, settlement({ links: [linked('1'), linked('2')], history: [created('1'), created('2')] }))
  const id = await idOf('1')
  for (const key of ['b', 'c']) {
    const update = { kind: 'update' as const, id, externalId: `y${key}`, key }
    await ledger.settle(MAPPING, settlement({ links: [update] }))
  }
  expect(await all()).toEqual([created('1'), created('2')])
  for (const filter of [{ odooId: '1' }, { externalId: 'x1' }, { externalId: 'yc' }, { key: 'b' }]) {
    expect(await of(filter)).toEqual(['created'])
  }
  await ledger.settle(MAPPING, settlement({ links: [{ kind: 'delete', id }] }))
  expect(await all()).toEqual([created('1'), created('2')])
  expect(await of({ externalId: 'x1' })).toEqual(['created'])
})

test('entries from before the link was made belong to it', async () => {
  await ledger.addHistory(MAPPING, [
    entry('captured', { odooId: '1' }),
    entry('failed', { externalId: 'x1' }),
    entry('failed', { externalId: 'x2' }),
  ])
  expect(await of({ odooId: '1' })).toEqual(['captured'])
  await ledger.settle(MAPPING, settlement({ links: [linked('1')], history: [created('1')] }))
  for (const filter of [{ odooId: '1' }, { externalId: 'x1' }, { key: 'key-1' }]) {
    expect(await of(filter)).toEqual(['captured', 'failed', 'created'])
    expect(await of(filter, 2)).toEqual(['failed', 'created'])
  }
})

test('pruning leaves what is newer, and what is written afterwards is found', async () => {
  const at = (event: string, day: number) => entry(event, { odooId: '1', atMs: NOW_MS + day })
  await ledger.settle(MAPPING, settlement({ links: [linked('1'), linked('2')], history: [created('1')] }))
  await ledger.addHistory(
    MAPPING,
    Array.from({ length: 6_000 }, (_, index) => at(`e${index}`, index)),
  )
  await ledger.prune({ historyBeforeMs: NOW_MS + 5_998, requestsBeforeMs: 0 })
  expect(await of({ odooId: '1' })).toEqual(['e5998', 'e5999'])
  await ledger.prune({ historyBeforeMs: NOW_MS + 10_000, requestsBeforeMs: 0 })
  expect(await all()).toEqual([])
  await ledger.addHistory(MAPPING, [at('later', 20_000)])
  expect(await of({ odooId: '1' })).toEqual(['later'])
})

interface Joined {
  readonly odooId: string
  readonly externalId: string
  readonly key: string | null
}

/** The rules of the interface, over plain lists. */
class Model {
  readonly links: Joined[] = []
  former: (Joined & { readonly atMs: number })[] = []
  entries: HistoryEntry[] = []

  find(filter: { odooId?: string; externalId?: string; key?: string; limit: number }): readonly HistoryEntry[] {
    const odooIds = new Set([filter.odooId])
    const externalIds = new Set([filter.externalId])
    const isOf = (one: Joined) =>
      one.externalId === filter.externalId || (filter.key !== undefined && one.key === filter.key)
    const joined = [
      ...this.links.filter((one) => one.odooId === filter.odooId || isOf(one)),
      ...this.former.filter(isOf),
    ]
    for (const one of joined) {
      odooIds.add(one.odooId)
      externalIds.add(one.externalId)
    }
    const isKeyLinked = joined.some((one) => one.key === filter.key)
    return this.entries
      .filter(({ odooId, externalId, key }) => {
        if (filter.key !== undefined && key === filter.key && !isKeyLinked) return true
        return odooId !== null ? odooIds.has(odooId) : externalId !== null && externalIds.has(externalId)
      })
      .slice(-filter.limit)
  }
}

const small = fc.nat({ max: 4 }).map(String)
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      odooId: fc.option(small),
      externalId: fc.option(small),
      key: fc.option(small),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('link' as const),
      pairs: fc.array(
        fc.record({
          odooId: small,
          externalId: small,
          key: fc.option(small),
          isTold: fc.boolean(),
          isPlain: fc.boolean(),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      reversed: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), odooId: small, externalId: small }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('prune' as const), ago: fc.nat({ max: 10 }) }) },
)
type Step = typeof step extends fc.Arbitrary<infer Taken> ? Taken : never

async function run(ledger: Ledger, model: Model, next: Step, nowMs: number): Promise<void> {
  const isFree = (odooId: string, externalId: string) =>
    !model.links.some((one) => one.odooId === odooId || one.externalId === externalId)
  if (next.do === 'add') {
    const { odooId, externalId, key } = next
    model.entries.push(entry('event', { atMs: nowMs, odooId, externalId, key }))
    await ledger.addHistory(MAPPING, model.entries.slice(-1))
  } else if (next.do === 'link') {
    const links: LinkWrite[] = []
    const history: HistoryEntry[] = []
    for (const { odooId, externalId, key, isTold, isPlain } of next.pairs) {
      if (!isFree(odooId, externalId)) continue
      model.links.push({ odooId, externalId, key })
      links.push(link(odooId, externalId, { key }))
      const detail = isPlain ? {} : { because: 1 }
      if (isTold) history.push(entry('created', { atMs: nowMs, odooId, externalId, key, detail }))
    }
    if (next.reversed) links.reverse()
    model.entries.push(...history)
    await ledger.settle(MAPPING, settlement({ nowMs, links, history }))
  } else if (next.do === 'prune') {
    const historyBeforeMs = nowMs - next.ago
    model.entries = model.entries.filter((each) => each.atMs >= historyBeforeMs)
    model.former = model.former.filter((each) => each.atMs >= historyBeforeMs)
    await ledger.prune({ historyBeforeMs, requestsBeforeMs: 0 })
  } else await change(ledger, model, next, nowMs, isFree)
}

async function change(
  ledger: Ledger,
  model: Model,
  next: Extract<Step, { do: 'rename' | 'delete' }>,
  nowMs: number,
  isFree: (odooId: string, externalId: string) => boolean,
): Promise<void> {
  const one = model.links[0]
  if (one === undefined) return
  const id = (await ledger.links(MAPPING, 'odoo', [one.odooId])).get(one.odooId)?.id ?? 0
  if (next.do === 'rename' && !isFree(next.odooId, next.externalId)) return
  model.links.shift()
  model.former.push({ ...one, atMs: nowMs })
  if (next.do === 'delete') {
    await ledger.settle(MAPPING, settlement({ nowMs, links: [{ kind: 'delete', id }] }))
  } else {
    const { odooId, externalId } = next
    model.links.push({ odooId, externalId, key: one.key })
    await ledger.settle(MAPPING, settlement({ nowMs, links: [{ kind: 'update', id, odooId, externalId }] }))
  }
}

test('whatever happens, the history of each id and key is what the rules say', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      await using other = await openLedger()
      const model = new Model()
      let nowMs = NOW_MS
      for (const next of steps) {
        nowMs += 1
        await run(other, model, next, nowMs)
        expect(told(await other.history(MAPPING, { limit: 1_000 }))).toEqual(model.entries)
        for (const limit of [2, 1_000]) {
          for (const value of ['0', '1', '2', '3', '4']) {
            for (const filter of [{ odooId: value }, { externalId: value }, { key: value }]) {
              expect(told(await other.history(MAPPING, { ...filter, limit }))).toEqual(model.find({ ...filter, limit }))
            }
          }
        }
      }
    }),
    { numRuns: RUNS },
  )
})
