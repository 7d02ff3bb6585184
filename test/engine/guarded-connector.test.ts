import { expect, test } from 'vitest'
import { createMemoryConnector } from '../../src/connectors/memory/index.ts'
import { createMemoryStore } from '../../src/connectors/memory/store.ts'
import type { Caller } from '../../src/contract/caller.ts'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Feed } from '../../src/contract/feed.ts'
import type { Hooks } from '../../src/contract/hooks.ts'
import type { Outcome, Sink } from '../../src/contract/sink.ts'
import { type ConnectionGuard, createConnectionGuard } from '../../src/engine/connection-guard.ts'
import { guardConnector } from '../../src/engine/guarded-connector.ts'

const guard: ConnectionGuard = {
  ask: (_signal, call) => call(),
  work: (_signal, call) => call(),
  distrust: () => {},
}
const unused = (): never => {
  throw new Error('not called')
}

/** Everything that the contract knows. A member that is added to it does not compile here until it is added, too. */
const feed: Required<Feed> = {
  readsAhead: true,
  read: unused,
  list: unused,
  watch: unused,
  listen: unused,
  look: unused,
}
const sink: Required<Sink> = {
  read: unused,
  find: unused,
  apply: unused,
  births: unused,
  writers: unused,
  openContent: unused,
  reserve: unused,
  survivors: unused,
  flush: unused,
}
const caller: Caller = { check: unused, related: unused, call: unused }
const hooks: Required<Hooks> = { parse: unused, install: unused, list: unused, remove: unused, rotate: unused }
const collection: Required<Collection> = {
  capabilities: {
    deletes: 'none',
    maxBatch: 7,
    pageSize: 1,
    guardedWrites: false,
    archive: null,
  },
  describe: unused,
  check: unused,
  probe: unused,
  prepare: unused,
  feed,
  sink,
  caller,
  hooks,
  told: unused,
}
const connector: Required<Connector> = {
  check: unused,
  drawMarks: unused,
  collections: unused,
  collection: () => collection,
  [Symbol.asyncDispose]: async () => {},
}

test('a guarded connector has all that the contract knows', () => {
  const request = { spec: null, fields: [], consumer: 't' }
  const guarded = guardConnector(connector, guard)
  const inner = guarded.collection(request)
  expect(Reflect.ownKeys(guarded).sort(byName)).toEqual(Reflect.ownKeys(connector).sort(byName))
  expect(Object.keys(inner).sort()).toEqual(Object.keys(collection).sort())
  expect(Object.keys(inner.feed ?? {}).sort()).toEqual(Object.keys(feed).sort())
  expect(Object.keys(inner.sink ?? {}).sort()).toEqual(Object.keys(sink).sort())
  expect(Object.keys(inner.hooks ?? {}).sort()).toEqual(Object.keys(hooks).sort())
  expect(Object.keys(inner.caller ?? {}).sort()).toEqual(Object.keys(caller).sort())
  expect(inner.capabilities).toEqual(collection.capabilities)
})

test('and nothing that its connector lacks', () => {
  const store = createMemoryStore({ collections: { things: { fields: { name: { type: 'text' } } } } })
  const bare = createMemoryConnector(store)
  const request = { spec: 'things', fields: ['name'], consumer: 't' }
  const guarded = guardConnector(bare, guard)
  const keys = (each: Collection) => [Object.keys(each), Object.keys(each.feed ?? {}), Object.keys(each.sink ?? {})]
  const sorted = (each: Collection) => keys(each).map((names) => names.sort())
  expect(Reflect.ownKeys(guarded).sort(byName)).toEqual(Reflect.ownKeys(bare).sort(byName))
  expect(sorted(guarded.collection(request))).toEqual(sorted(bare.collection(request)))
})

test('many calls wait for one look, and one whose caller gave up is begun anew', async () => {
  const stop = new AbortController()
  let looks = 0
  let end: (error: Error | null) => void = () => {}
  const own = createConnectionGuard({
    connection: 'erp',
    monotonicMs: () => 0,
    nowMs: () => 0,
    recognise: () =>
      new Promise((resolve, reject) => {
        looks += 1
        end = (error) => (error ? reject(error) : resolve())
      }),
    glance: async () => true,
    onCondition: () => {},
  })
  const { signal } = new AbortController()
  const first = own.work(stop.signal, async () => 'first').catch((error: unknown) => error)
  const others = [1, 2, 3].map((n) => own.work(signal, async () => n))
  expect(looks).toBe(1)
  end(new SyncError('network', 'given up'))
  expect(await first).toMatchObject({ code: 'network' })
  await expect.poll(() => looks).toBe(2)
  end(null)
  expect(await Promise.all(others)).toEqual([1, 2, 3])
  expect(looks).toBe(2)
})

test('a server that fails record by record opens the circuit, and one that answers for any of them does not', async () => {
  const states: string[] = []
  const own = createConnectionGuard({
    connection: 'shop',
    monotonicMs: () => 0,
    nowMs: () => 0,
    recognise: async () => {},
    glance: async () => true,
    onCondition: ({ state }) => states.push(state),
  })
  const down: Outcome = { kind: 'rejected', error: new SyncError('network', 'nobody there') }
  const refused: Outcome = { kind: 'rejected', error: new SyncError('invalid', 'no such colour') }
  let outcomes: readonly Outcome[] = []
  const bare: Connector = {
    ...connector,
    collection: () => ({ ...collection, sink: { ...sink, apply: async () => outcomes } }),
  }
  const { sink: guarded } = guardConnector(bare, own).collection({ spec: 'things', fields: ['name'], consumer: 't' })
  const apply = () =>
    guarded?.apply(
      [
        { kind: 'remove', id: '1' },
        { kind: 'remove', id: '2' },
      ],
      new AbortController().signal,
    )
  outcomes = [down, refused]
  for (let n = 0; n < 10; n++) await apply()
  expect(states).toEqual([])
  outcomes = [down, down]
  for (let n = 0; n < 5; n++) expect(await apply()).toEqual(outcomes)
  expect(states).toEqual(['open'])
  await expect(apply()).rejects.toMatchObject({ code: 'circuit_open' })
})

function byName(a: string | symbol, b: string | symbol): number {
  return String(a).localeCompare(String(b))
}
