import { describe, expect, test } from 'vitest'
import { createMemoryConnector, memoryConnector, registerMemoryStore } from '../../src/connectors/memory/index.ts'
import type { CollectionOptions } from '../../src/connectors/memory/options.ts'
import { createMemoryStore, type MemoryStore } from '../../src/connectors/memory/store.ts'
import { roundedTo, sanitised, trimmed, truncatedTo } from '../../src/connectors/memory/stored-form.ts'
import type { RecordState } from '../../src/contract/change.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Page } from '../../src/contract/feed.ts'
import type { Operation, Outcome } from '../../src/contract/sink.ts'
import { type ConnectorSetup, describeConnector } from '../../src/testing/connector-suite.ts'

const FIELDS = {
  code: { type: 'text' },
  name: { type: 'text', maxLength: 250 },
  count: { type: 'integer' },
  amount: { type: 'decimal', scale: 2 },
  flag: { type: 'boolean' },
  born: { type: 'date' },
  met: { type: 'datetime' },
  stage: { type: 'selection', options: ['new', 'won'] },
  parent: { type: 'reference', relation: 'groups' },
  extra: { type: 'json' },
  file: { type: 'binary' },
  active: { type: 'boolean' },
} as const

/** The count of records that are outside the collection. */
const OUTSIDE = -99

function setUp(options: Partial<CollectionOptions>, setup: Partial<ConnectorSetup> = {}): () => ConnectorSetup {
  return () => {
    const fields = { ...FIELDS, ...options.fields }
    let nowMs = Date.UTC(2026, 10, 21)
    const store = createMemoryStore({
      now: () => nowMs++,
      collections: {
        items: {
          unique: ['code'],
          key: 'code',
          archive: { field: 'active', archived: false },
          defaults: { active: true },
          ...options,
          fields,
        },
        groups: { fields: { name: { type: 'text' } } },
      },
    })
    const parents = ['a', 'b'].map((name) => Number(store.insert('groups', { name })))
    return {
      connector: createMemoryConnector(store),
      reconnect: () => createMemoryConnector(store),
      request: { spec: 'items', fields: Object.keys(fields), consumer: 'suite' },
      missing: { spec: 'nowhere', name: 'nowhere' },
      fields: {
        key: 'code',
        text: 'name',
        integer: 'count',
        decimal: 'amount',
        boolean: 'flag',
        date: 'born',
        datetime: 'met',
        selection: 'stage',
        reference: 'parent',
        json: 'extra',
        binary: 'file',
      },
      person: {
        insert: (values) => store.insert('items', values),
        edit: (id, values) => store.edit('items', id, values),
        remove: (id) => store.remove('items', id),
      },
      values: { selection: ['new', 'won', null], reference: [...parents, null] },
      refused: { stage: 'lost' },
      settle: () => {
        nowMs += 1000
      },
      ...setup,
    }
  }
}

describeConnector(
  'memory: a change log, guarded writes',
  setUp({ guardedWrites: true, sequences: { code: (n) => `S${n}` } }),
)

describeConnector(
  'memory: a change log of hints, prepared, records named by their key, no versions',
  setUp(
    {
      id: { kind: 'key', field: 'code' },
      feed: { kind: 'log', tells: 'hint' },
      needsPrepare: true,
      hasVersions: false,
      tellsChangeTime: false,
      rejects: 'whole',
      deletes: 'listed',
      sequences: { code: (n) => `S${n}` },
      filter: (fields) => fields.count !== OUTSIDE,
    },
    { outside: { count: OUTSIDE } },
  ),
  {
    skip: { 'values reserved are distinct and name new records': 'a key that is the id must be given' },
  },
)

describeConnector(
  'memory: a scan by whole seconds, read back after the write',
  setUp(
    {
      feed: { kind: 'window' },
      storedInTransaction: false,
      unique: [],
      rejects: 'whole',
      normalise: { name: trimmed, code: truncatedTo(40) },
      filter: (fields) => fields.count !== OUTSIDE,
    },
    { outside: { count: OUTSIDE } },
  ),
  {
    skip: {
      'create with a key that is taken answers `exists` and writes nothing': 'its keys are not unique',
      'a create in one batch with its own double makes one record': 'its keys are not unique',
    },
  },
)

describeConnector(
  'memory: serial ids as keys, deletes unseen, writers unknown',
  setUp(
    {
      id: { kind: 'serial', field: 'number' },
      unique: [],
      fields: { ...FIELDS, number: { type: 'integer' } },
      deletes: 'none',
      tellsWriter: false,
      storedInTransaction: false,
      maxBatch: 7,
      archive: null,
    },
    { fields: { key: 'number', text: 'name', integer: 'count' }, keyValue: (n) => 1000 + n, isOurs: false },
  ),
)

// ---- What only this connector has: faults, held transactions, silent edits

interface Small {
  readonly store: MemoryStore
  setNow(ms: number): void
  apply(...operations: Operation[]): Promise<readonly Outcome[]>
  read(cursor: string | null, depth?: 'tail' | 'deep'): Promise<Page>
  list(): Promise<string[]>
  stateOf(id: string): Promise<RecordState | undefined>
}

const signal = new AbortController().signal
const START_MS = Date.UTC(2026, 10, 21)

function small(options: Partial<CollectionOptions> = {}): Small {
  let nowMs = START_MS
  const store = createMemoryStore({
    now: () => nowMs,
    collections: {
      items: {
        fields: { code: { type: 'text' }, name: { type: 'text' }, email: { type: 'text' } },
        key: 'code',
        unique: ['code', 'email'],
        ...options,
      },
    },
  })
  const request = { spec: 'items', fields: ['code', 'name', 'email'], consumer: 'test' }
  const { feed, sink } = createMemoryConnector(store).collection(request)
  if (feed?.list === undefined || sink === null) throw new Error('The collection lacks something.')
  const list = feed.list
  return {
    store,
    setNow: (ms) => {
      nowMs = ms
    },
    apply: (...operations) => sink.apply(operations, signal),
    read: (cursor, depth = 'tail') => feed.read({ cursor, limit: 100, depth, nowMs: 0 }, signal),
    list: async () => (await list(null, 4, signal)).entries.map((entry) => entry.id),
    stateOf: async (id) => (await sink.read([id], signal)).get(id),
  }
}

function create(code: string, email: string | null = null): Operation {
  return { kind: 'create', fields: { code, email } }
}

describe('memory: faults', () => {
  const down = new SyncError('network', 'down')
  const lost = new SyncError('timeout', 'lost', { inDoubt: true })

  test('a fault before the work leaves nothing, strikes as often as asked and may skip', async () => {
    const { store, apply } = small()
    store.faults.inject({ method: 'apply', before: down, skip: 1, times: 2 })
    await apply(create('a'))
    await expect(apply(create('b'))).rejects.toBe(down)
    await expect(apply(create('b'))).rejects.toBe(down)
    await apply(create('b'))
    expect(store.all('items').map(({ fields }) => fields.code)).toEqual(['a', 'b'])
    expect(store.calls).toMatchObject({ apply: 4, operations: 4, writes: 2 })
  })

  test('a swallowed answer leaves the work done, all or the first of it', async () => {
    const { store, apply } = small()
    store.faults.inject({ method: 'apply', after: lost })
    await expect(apply(create('a'), create('b'))).rejects.toBe(lost)
    store.faults.inject({ method: 'apply', after: lost, doneOperations: 1 })
    await expect(apply(create('c'), create('d'))).rejects.toBe(lost)
    expect(store.all('items').map(({ fields }) => fields.code)).toEqual(['a', 'b', 'c'])
  })

  test.each(['each', 'whole'] as const)('poison with rejects: %s', async (rejects) => {
    const { store, apply } = small({ rejects })
    const poison = new SyncError('invalid', 'poison')
    store.faults.poison = (operation) =>
      operation.kind === 'create' && operation.fields.code === 'bad' ? poison : null
    const answer = apply(create('a'), create('bad'), create('b'))
    if (rejects === 'whole') await expect(answer).rejects.toBe(poison)
    else expect((await answer).map(({ kind }) => kind)).toEqual(['done', 'rejected', 'done'])
    expect(store.all('items')).toHaveLength(rejects === 'whole' ? 0 : 2)
  })

  test('a listing can lie, and `decide` and `clear` work', async () => {
    const { store, list } = small()
    for (const code of ['a', 'b', 'c', 'd']) store.insert('items', { code })
    store.faults.inject({ method: 'list', answers: 'empty' })
    store.faults.inject({ method: 'list', answers: 'half', collection: 'items' })
    expect(await list()).toEqual([])
    expect(await list()).toEqual(['1', '2'])
    store.faults.decide = (call) => (call.method === 'list' ? { before: down } : null)
    await expect(list()).rejects.toBe(down)
    store.faults.clear()
    expect(await list()).toHaveLength(4)
  })

  test('a person in the gap before a write, and before it is read back', async () => {
    const { store, apply } = small({ storedInTransaction: false })
    const id = store.insert('items', { code: 'a', name: 'old' })
    store.faults.beforeApply = () => store.edit('items', id, { name: 'gap' })
    const update: Operation = { kind: 'update', id, fields: { email: 'x' }, expected: null }
    const [first] = await apply(update)
    expect(first).toMatchObject({ isOurs: true, record: { fields: { name: 'gap', email: 'x' } } })
    store.faults.beforeReadBack = () => store.edit('items', id, { name: 'later' })
    const [second] = await apply(update)
    expect(second).toMatchObject({ isOurs: false, record: { byUs: false, fields: { name: 'later' } } })
  })

  test('a call that hangs does nothing once its connector is closed', async () => {
    const { store } = small()
    const connector = createMemoryConnector(store)
    const { sink } = connector.collection({ spec: 'items', fields: ['code'], consumer: 'test' })
    let release = (): void => {}
    const until = new Promise<void>((resolve) => {
      release = resolve
    })
    store.faults.inject({ method: 'apply', until })
    const hanging = sink?.apply([create('a')], signal)
    await connector[Symbol.asyncDispose]()
    release()
    await expect(hanging).rejects.toMatchObject({ code: 'network' })
    expect(store.all('items')).toEqual([])
  })
})

describe('memory: what people do', () => {
  test('a long transaction commits behind the cursor: the tail misses it, the deep scan does not', async () => {
    const { store, setNow, read } = small({ feed: { kind: 'window', overlapMs: 60_000 } })
    const held = store.begin()
    const id = held.insert('items', { code: 'late' })
    setNow(START_MS + 30_000)
    store.insert('items', { code: 'early' })
    const first = await read(null)
    held.commit()
    const tail = await read(first.cursor)
    expect(tail.changes.map((change) => change.kind === 'hint' && change.id)).toEqual(['2'])
    const deep = await read(tail.cursor, 'deep')
    expect(deep.changes.map((change) => change.kind === 'hint' && change.id)).toEqual([id, '2'])
  })

  test('a transaction that fails or is rolled back leaves nothing', async () => {
    const { store, read } = small()
    store.insert('items', { code: 'a' })
    const { cursor } = await read(null)
    const held = store.begin()
    held.edit('items', '1', { name: 'edited' })
    held.insert('items', { code: 'a' })
    expect(() => held.commit()).toThrow('taken')
    store.begin().rollback()
    expect(store.all('items')).toEqual([{ id: '1', fields: { code: 'a', name: null, email: null } }])
    expect((await read(cursor)).changes).toEqual([])
  })

  test('the log tells a record edited twice once', async () => {
    const { store, read } = small()
    const { cursor } = await read(null)
    const id = store.insert('items', { code: 'a' })
    store.edit('items', id, { name: 'b' })
    expect((await read(cursor)).changes).toHaveLength(1)
  })

  test('a silent edit changes the values and nothing else', async () => {
    const { store, read, stateOf } = small()
    const id = store.insert('items', { code: 'a' })
    const { cursor } = await read(null)
    const before = await stateOf(id)
    store.editSilently('items', id, { name: 'sql' })
    expect(await stateOf(id)).toEqual({ ...before, fields: { code: 'a', name: 'sql', email: null } })
    expect((await read(cursor)).changes).toEqual([])
  })

  test('a unique value of another field is a constraint, of the key it is `exists`', async () => {
    const { store, apply } = small()
    store.insert('items', { code: 'a', email: 'x' })
    const [email, code] = await apply(create('b', 'x'), create('a', 'y'))
    expect(email).toMatchObject({ kind: 'rejected', error: { code: 'constraint' } })
    expect(code).toEqual({ kind: 'exists' })
    expect(() => store.insert('items', { code: 'a' })).toThrow(SyncError)
  })

  test('a backup is put back, counters and all, and onWrite hears of every write until it is stopped', async () => {
    const { store, apply } = small()
    const heard: string[] = []
    const stop = store.onWrite((write) => heard.push(`${write.id} ${write.byUs ? 'us' : 'person'}`))
    store.insert('items', { code: 'a' })
    const restore = store.snapshot()
    await apply(create('b'))
    stop()
    store.remove('items', '1')
    restore()
    expect(heard).toEqual(['1 person', '2 us'])
    expect(store.all('items').map(({ id }) => id)).toEqual(['1'])
    expect(store.insert('items', { code: 'c' })).toBe('2')
  })

  test('a unique value is free again once its record was edited or removed', () => {
    const { store } = small()
    store.insert('items', { code: 'a' })
    store.edit('items', '1', { code: 'b' })
    store.insert('items', { code: 'a' })
    store.remove('items', '1')
    expect(store.insert('items', { code: 'b' })).toBe('3')
  })

  test('the log does not tell records that are outside the filter', async () => {
    const { store, read } = small({ filter: (fields) => fields.name !== 'out' })
    const { cursor } = await read(null)
    store.insert('items', { code: 'a', name: 'out' })
    expect((await read(cursor)).changes).toEqual([])
  })

  test('a batch that mixes kinds, is too large or lacks a right is refused as a whole', async () => {
    const { store, apply } = small({ maxBatch: 2, rights: { remove: false } })
    const id = store.insert('items', { code: 'a' })
    const update: Operation = { kind: 'update', id, fields: { name: 'b' }, expected: null }
    await expect(apply(create('b'), update)).rejects.toThrow('mixes')
    await expect(apply(update, update)).rejects.toThrow('twice')
    await expect(apply(create('b'), create('c'), create('d'))).rejects.toThrow('3 operations')
    await expect(apply({ kind: 'remove', id })).rejects.toMatchObject({ code: 'forbidden' })
    expect(store.all('items')).toEqual([{ id, fields: { code: 'a', name: null, email: null } }])
  })

  test('a field or a collection that disappears stops the calls with `schema`', async () => {
    const { store, read } = small()
    store.insert('items', { code: 'a' })
    store.dropField('items', 'email')
    await expect(read(null)).rejects.toMatchObject({ code: 'schema' })
    const restore = store.snapshot()
    store.dropCollection('items')
    store.addCollection('others', { fields: {} })
    await expect(read(null)).rejects.toMatchObject({ code: 'schema' })
    restore()
    expect(store.all('items')).toHaveLength(1)
    expect(() => store.all('others')).toThrow('others')
  })

  test('references must exist, and hold on to what they refer to', () => {
    const store = createMemoryStore({
      collections: { tree: { fields: { parent: { type: 'reference', relation: 'tree' } } } },
    })
    const root = store.insert('tree', { parent: null })
    const leaf = store.insert('tree', { parent: Number(root) })
    expect(() => store.insert('tree', { parent: 99 })).toThrow('does not exist')
    expect(() => store.remove('tree', root)).toThrow('referred to')
    expect(store.remove('tree', leaf) && store.remove('tree', root)).toBe(true)
  })
})

describe('memory: stored forms', () => {
  test.each([
    [trimmed, '  a  ', 'a'],
    [trimmed, '   ', null],
    [truncatedTo(3), 'abcd', 'abc'],
    [roundedTo(1), 1.26, 1.3],
    [sanitised, 'a<script>alert(1)</script>b', '<p>ab</p>'],
  ])('%o makes of %j what it keeps when it is stored again', (normalise, given, stored) => {
    expect(normalise(given)).toBe(stored)
    expect(normalise(stored)).toBe(stored)
  })
})

describe('memory: settings', () => {
  test('a registered store is found by its name, and an unknown one is a `config` error', async () => {
    const { store } = small()
    registerMemoryStore('mine', store)
    const report = await memoryConnector({ type: 'memory', store: 'mine' }, 'shop').check(signal)
    expect(report).toMatchObject({ identity: { traits: { name: 'memory' } }, problems: [] })
    expect(() => memoryConnector({ store: 'other' }, 'shop')).toThrow('shop')
    expect(() => memoryConnector({ stroe: 'mine' }, 'shop')).toThrow(SyncError)
  })

  test('a spec may narrow the collection to records with given values', async () => {
    const { store } = small()
    store.insert('items', { code: 'a', name: 'in' })
    store.insert('items', { code: 'b', name: 'out' })
    const spec = { collection: 'items', where: { name: 'in' } }
    const { feed, sink } = createMemoryConnector(store).collection({ spec, fields: ['code'], consumer: 'test' })
    const listing = await feed?.list?.(null, 10, signal)
    expect(listing?.entries.map(({ id }) => id)).toEqual(['1'])
    const request = { field: 'code', values: ['a', 'b'], fold: { case: false, space: false } }
    expect(await sink?.find(request, signal)).toHaveLength(2)
    expect(await sink?.find({ ...request, inFilter: true }, signal)).toMatchObject([{ id: '1' }])
  })
})
