import { expect, test } from 'vitest'
import { createMemoryConnector } from '../../src/connectors/memory/index.ts'
import { createMemoryStore } from '../../src/connectors/memory/store.ts'
import { SyncError } from '../../src/contract/error.ts'
import { type Activity, type Around, allAround } from '../../src/engine/activity.ts'
import { observeConnector } from '../../src/engine/observed-connector.ts'
import { describeConnector } from '../../src/testing/connector-suite.ts'

const FIELDS = { code: { type: 'text' }, name: { type: 'text', maxLength: 250 }, count: { type: 'integer' } } as const
const signal = new AbortController().signal

function newStore() {
  return createMemoryStore({ collections: { items: { unique: ['code'], key: 'code', fields: FIELDS } } })
}

// An observed connector is the connector: it passes the suite all the same.
describeConnector('a connector that is observed', () => {
  const store = newStore()
  const connect = () => observeConnector(createMemoryConnector(store), 'shop', (_activity, work) => work())
  return {
    connector: connect(),
    reconnect: connect,
    request: { spec: 'items', fields: Object.keys(FIELDS), consumer: 'suite' },
    missing: { spec: 'nowhere', name: 'nowhere' },
    fields: { key: 'code', text: 'name', integer: 'count' },
    person: {
      insert: (fields) => store.insert('items', fields),
      edit: (id, fields) => store.edit('items', id, fields),
      remove: (id) => store.remove('items', id),
    },
  }
})

test('every call is told, with the number of its records, also where it fails', async () => {
  const store = newStore()
  const told: string[] = []
  const around: Around = async (activity, work) => {
    if (activity.kind !== 'call') throw new Error('no run was begun')
    try {
      return await work()
    } finally {
      told.push(`${activity.connection} ${activity.method} ${activity.records()}`)
    }
  }
  const connector = observeConnector(createMemoryConnector(store), 'shop', around)
  const collection = connector.collection({ spec: 'items', fields: ['code'], key: 'code', consumer: 'test' })
  const { feed, sink } = collection
  await connector.check(signal)
  await collection.describe(signal)
  const creates = ['A', 'B', 'C'].map((code) => ({ kind: 'create', fields: { code } }) as const)
  await sink?.apply(creates, signal)
  await feed?.read({ cursor: null, limit: 2, depth: 'tail', nowMs: 0 }, signal)
  await sink?.find({ field: 'code', values: ['A', 'B'], fold: { case: false, space: false } }, signal)
  store.faults.inject({ method: 'read', before: new SyncError('network', 'gone') })
  await expect(sink?.read(['1'], signal)).rejects.toThrow('gone')
  store.faults.inject({ method: 'feed.read', before: new SyncError('network', 'gone') })
  await expect(feed?.read({ cursor: null, limit: 2, depth: 'tail', nowMs: 0 }, signal)).rejects.toThrow('gone')
  expect(told).toEqual([
    'shop connection.check null',
    'shop collection.describe null',
    'shop sink.apply 3',
    'shop feed.read 2',
    'shop sink.find 2',
    'shop sink.read 1',
    'shop feed.read null',
  ])
  expect(collection.capabilities).toEqual(
    createMemoryConnector(store).collection({ spec: 'items', fields: [], consumer: 'x' }).capabilities,
  )
})

test('those who watch stand one around the other', async () => {
  const told: string[] = []
  const named =
    (name: string): Around =>
    async (_activity, work) => {
      told.push(`${name} begins`)
      const result = await work()
      told.push(`${name} ends`)
      return result
    }
  const run: Activity = { kind: 'run', mapping: 'customers', depth: 'tail' }
  expect(await allAround([named('outer'), named('inner')])(run, async () => 42)).toBe(42)
  expect(told).toEqual(['outer begins', 'inner begins', 'inner ends', 'outer ends'])
})
