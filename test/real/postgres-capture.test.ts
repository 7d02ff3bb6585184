import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Change } from '../../src/contract/change.ts'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import type { Cursor, Page } from '../../src/contract/feed.ts'
import { type PostgresBench, postgresBench, quoted } from './postgres-bench.ts'

const signal = new AbortController().signal
let bench: PostgresBench
let connector: Connector

beforeEach(async () => {
  bench = await postgresBench()
  connector = bench.connect()
  await bench.person.query(
    'create table items (id serial primary key, name text, updated_at timestamptz not null default now())',
  )
})

afterEach(async () => {
  await connector[Symbol.asyncDispose]()
  await bench.tearDown()
})

function open(more: object = {}, consumer = 'test', fields: readonly string[] = ['name']): Collection {
  const spec = { table: `${quoted(bench.schema)}.items`, ...more }
  return connector.collection({ spec, fields, consumer })
}

/** Reads until caught up; each page is stored before the next is asked for. */
async function drain(collection: Collection, cursor: Cursor | null, depth: 'tail' | 'deep' = 'tail', limit = 100) {
  const changes: Change[] = []
  let at = cursor
  for (;;) {
    const page = await collection.feed?.read({ cursor: at, limit, depth, nowMs: 0 }, signal)
    if (page === undefined) throw new Error('no feed')
    changes.push(...page.changes)
    at = page.cursor
    if (page.caughtUp) return { changes, cursor: at }
  }
}

function told(changes: readonly Change[]): string[] {
  return changes.map((change) =>
    change.kind === 'state' ? `${change.state.id} ${change.state.fields.name}` : `${change.kind} ${change.id}`,
  )
}

test('a transaction that began first and commits last is told, however often was read in between', async () => {
  const items = open()
  await items.prepare?.(signal)
  let { cursor } = await drain(items, null)
  const slow = await bench.session()
  await slow.query("begin; insert into items (name) values ('slow')")
  const seen: string[] = []
  for (let n = 1; n <= 5; n++) {
    await bench.person.query("insert into items (name) values ('fast')")
    const next = await drain(items, cursor)
    seen.push(...told(next.changes))
    cursor = next.cursor
  }
  await slow.query('commit')
  const last = await drain(items, cursor)
  expect(seen).toEqual(['2 fast', '3 fast', '4 fast', '5 fast', '6 fast'])
  expect(told(last.changes)).toEqual(['1 slow'])
  expect((await drain(items, last.cursor)).changes).toEqual([])
})

test('many sessions, random commits, a crash after any page: every record is told in its last state', async () => {
  const items = open()
  await items.prepare?.(signal)
  const sessions = await Promise.all([1, 2, 3, 4].map(() => bench.session()))
  let isWriting = true
  const known = new Map<string, string | null>()
  const reader = (async () => {
    let cursor: Cursor | null = null
    for (let isLast = false; ; ) {
      const page: Page | undefined = await items.feed?.read({ cursor, limit: 7, depth: 'tail', nowMs: 0 }, signal)
      if (page === undefined) throw new Error('no feed')
      // Every third page is lost before it was stored, and read again.
      if (Math.random() < 0.33) continue
      for (const change of page.changes) {
        if (change.kind === 'state') known.set(change.state.id, String(change.state.fields.name))
        if (change.kind === 'gone') known.set(change.id, null)
      }
      cursor = page.cursor
      if (!page.caughtUp) continue
      if (isLast) return
      isLast = !isWriting
    }
  })()
  await Promise.all(
    sessions.map(async (session, who) => {
      for (let n = 0; n < 40; n++) {
        await session.query('begin')
        await session.query('insert into items (name) values ($1)', [`${who}.${n}`])
        await session.query('update items set name = $1 where id % 4 = $2', [`${who}.${n}`, who])
        if (n % 7 === 0) await session.query('delete from items where id % 4 = $1 and id % 3 = 0', [who])
        await session.query(`select pg_sleep(${(Math.random() * 0.01).toFixed(4)})`)
        await session.query(n % 9 === 0 ? 'rollback' : 'commit')
      }
    }),
  )
  isWriting = false
  await reader
  const { rows } = await bench.person.query<{ id: number; name: string }>('select id, name from items')
  const present = [...known].filter(([, name]) => name !== null)
  expect(new Map(present)).toEqual(new Map(rows.map(({ id, name }) => [String(id), name])))
})

test('two consumers each get every change, and one that reads takes nothing from the other', async () => {
  const [a, b] = [open({}, 'a'), open({}, 'b')]
  await a.prepare?.(signal)
  await b.prepare?.(signal)
  const startA = await drain(a, null)
  const startB = await drain(b, null)
  await bench.person.query("insert into items (name) values ('x'), ('y'); delete from items where id = 1")
  const first = await drain(a, startA.cursor)
  expect(told(first.changes)).toEqual(['2 y', 'gone 1'])
  await drain(a, first.cursor)
  expect(told((await drain(b, startB.cursor)).changes)).toEqual(['2 y', 'gone 1'])
})

test('a reader registered while an older snapshot is open misses nothing of it', async () => {
  await open({}, 'first').prepare?.(signal)
  const old = await bench.session()
  await old.query('begin isolation level repeatable read; select 1 from items')
  // The snapshot is older than the registration, the lock on the table is not held yet.
  await old.query('commit; begin isolation level repeatable read; select 1')
  const late = open({}, 'late')
  const session = await bench.session()
  await session.query('begin isolation level repeatable read; select 1 from pg_class limit 1')
  await late.prepare?.(signal)
  const { cursor } = await drain(late, null)
  await session.query("insert into items (name) values ('from an old snapshot'); commit")
  expect(told((await drain(late, cursor)).changes)).toEqual(['1 from an old snapshot'])
  await old.query('rollback')
})

test('a changed primary key, a truncate, and a merge that undoes itself', async () => {
  const items = open()
  await items.prepare?.(signal)
  await bench.person.query("insert into items (name) values ('x'), ('y')")
  let { cursor } = await drain(items, null)
  await bench.person.query('update items set id = 10 where id = 1')
  const moved = await drain(items, cursor)
  expect(told(moved.changes).sort()).toEqual(['10 x', 'gone 1'])
  await bench.person.query("begin; insert into items (name) values ('z'); delete from items where name = 'z'; commit")
  const undone = await drain(items, moved.cursor)
  expect(told(undone.changes)).toEqual(['gone 3'])
  cursor = undone.cursor
  await bench.person.query('truncate items')
  expect(told((await drain(items, cursor)).changes).sort()).toEqual(['gone 10', 'gone 2'])
})

test('partitions written directly are captured too', async () => {
  await bench.person.query(`drop table items;
    create table items (id int primary key, name text) partition by range (id);
    create table items_low partition of items for values from (0) to (100);
    create table items_high partition of items for values from (100) to (200)`)
  const items = open()
  await items.prepare?.(signal)
  await items.prepare?.(signal)
  const { cursor } = await drain(items, null)
  await bench.person.query("insert into items values (1, 'a'); insert into items_high values (150, 'b')")
  await bench.person.query('update items set id = 160 where id = 1')
  expect(told((await drain(items, cursor)).changes).sort()).toEqual(['150 b', '160 a', 'gone 1'])
  const create = [{ kind: 'create', fields: { id: 170, name: 'ours' } }] as const
  expect(await items.sink?.apply(create, signal)).toMatchObject([{ kind: 'done', record: { id: '170' } }])
})

test('triggers that were dropped are noticed, and the table is taken anew once they are back', async () => {
  const items = open()
  await items.prepare?.(signal)
  const { cursor } = await drain(items, null)
  await bench.person.query("drop trigger tandem_insert on items; insert into items (name) values ('unseen')")
  await expect(drain(items, cursor)).rejects.toMatchObject({ code: 'config' })
  await items.prepare?.(signal)
  expect(told((await drain(items, cursor)).changes)).toEqual(['1 unseen'])
})

test('readers that prepare at once all get their changes, and one that never reads is told of', async () => {
  const readers = Array.from({ length: 6 }, (_none, n) => open({}, `reader ${n}`))
  await Promise.all(readers.map(async (reader) => reader.prepare?.(signal)))
  const starts = await Promise.all(readers.map((reader) => drain(reader, null)))
  await bench.person.query("insert into items (name) values ('x')")
  for (const [n, reader] of readers.entries()) {
    expect(told((await drain(reader, starts[n]?.cursor ?? null)).changes)).toEqual(['1 x'])
  }
  const needs = { create: true, update: true, remove: true }
  const first = readers[0] ?? open()
  expect(await first.check(needs, signal)).toEqual([])
  await bench.person.query(`update ${bench.captureSchema}.change set at = at - interval '10 days' where consumer = 3`)
  expect(await first.check(needs, signal)).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('10 days') },
  ])
})

test('our own writes are told apart from those of others', async () => {
  const items = open()
  await items.prepare?.(signal)
  let { cursor } = await drain(items, null)
  await items.sink?.apply([{ kind: 'create', fields: { name: 'ours' } }], signal)
  const first = await drain(items, cursor)
  expect(first.changes).toMatchObject([{ state: { byUs: true } }])
  cursor = first.cursor
  await bench.person.query("update items set name = 'theirs'")
  expect((await drain(items, cursor)).changes).toMatchObject([{ state: { byUs: false } }])
})

test('without the right to create triggers, prepare and check say what to grant', async () => {
  const foreign = connector.collection({ spec: 'pg_catalog.pg_class', fields: ['relname'], consumer: 'x' })
  await expect(foreign.prepare?.(signal)).rejects.toMatchObject({ disposition: 'halt' })
})

test('a notification arrives soon after the commit, and a broken connection ends the watch', async () => {
  const items = open()
  await items.prepare?.(signal)
  const wakes: number[] = []
  const watching = items.feed?.watch?.(() => wakes.push(performance.now()), signal)
  await expect.poll(() => wakes.length).toBe(1)
  const startMs = performance.now()
  await bench.person.query("insert into items (name) values ('x')")
  await expect.poll(() => wakes.length, { interval: 5 }).toBe(2)
  expect((wakes[1] ?? 0) - startMs).toBeLessThan(500)
  const ended = expect(watching).rejects.toMatchObject({ code: 'network' })
  await bench.person.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tandem' and query like 'listen%' and query like $1",
    [`%${bench.captureSchema}%`],
  )
  await ended
})

test('a snapshot of 200,000 rows needs no more memory at its end than at its start', async () => {
  await bench.person.query("insert into items (name) select 'name ' || n from generate_series(1, 200000) n")
  const items = open()
  await items.prepare?.(signal)
  let cursor: Cursor | null = null
  let count = 0
  const heaps: number[] = []
  const startMs = performance.now()
  for (;;) {
    const page: Page | undefined = await items.feed?.read({ cursor, limit: 5000, depth: 'tail', nowMs: 0 }, signal)
    if (page === undefined) throw new Error('no feed')
    count += page.changes.length
    cursor = page.cursor
    heaps.push(process.memoryUsage().heapUsed)
    if (page.caughtUp) break
  }
  expect(count).toBe(200_000)
  expect(Math.max(...heaps) - (heaps[0] ?? 0)).toBeLessThan(150_000_000)
  console.log(`snapshot: ${Math.round(count / ((performance.now() - startMs) / 1000))} rows/s`)
})

test('cursor: a transaction that commits behind the cursor is found by the next deep scan', async () => {
  const items = open({ capture: 'cursor', cursor: 'updated_at' })
  const slow = await bench.session()
  await slow.query("begin; insert into items (name) values ('slow')")
  await bench.person.query("insert into items (name) values ('fast')")
  let { cursor } = await drain(items, null)
  // Until the tail's margin has passed, so that only the deep scan can find it.
  await new Promise((resolve) => setTimeout(resolve, 4500))
  cursor = (await drain(items, cursor)).cursor
  await slow.query('commit')
  const tail = await drain(items, cursor)
  expect(told(tail.changes)).toEqual([])
  const deep = await drain(items, tail.cursor, 'deep')
  expect(told(deep.changes)).toContain('hint 1')
})

test('cursor: a number that grows', async () => {
  await bench.person.query('alter table items add version int8 not null default 0')
  await bench.person.query("insert into items (name, version) select 'n' || n, n * 1000 from generate_series(1, 10) n")
  const items = open({ capture: 'cursor', cursor: 'version', overlap: 5 })
  const { changes, cursor } = await drain(items, null, 'tail', 3)
  expect(changes.length).toBe(10)
  await bench.person.query("update items set name = 'new', version = 20000 where id = 3")
  expect(told((await drain(items, cursor)).changes)).toContain('3 new')
})

test('a filter, a view and a table without a key', async () => {
  await bench.person.query("insert into items (name) values ('in'), ('out')")
  const filtered = open({ where: "items.name = 'in'" })
  await filtered.prepare?.(signal)
  expect(told((await drain(filtered, null)).changes)).toEqual(['1 in'])
  expect((await filtered.feed?.list?.(null, 10, signal))?.entries.map(({ id }) => id)).toEqual(['1'])
  expect((await filtered.sink?.read(['1', '2'], signal))?.size).toBe(2)
  const find = { field: 'name', values: ['in', 'out'], fold: { case: false, space: false } }
  expect(await filtered.sink?.find(find, signal)).toHaveLength(2)
  expect(await filtered.sink?.find({ ...find, inFilter: true }, signal)).toMatchObject([{ id: '1' }])
  await bench.person.query(
    'create view seen as select id, upper(name) as name, count(*) over () from items; create table bare (name text)',
  )
  const needs = { create: true, update: false, remove: false }
  const view = (more: object) =>
    connector.collection({ spec: { table: `${quoted(bench.schema)}.seen`, ...more }, fields: ['name'], consumer: 'v' })
  expect((await view({}).check(needs, signal))[0]?.message).toContain('no primary key')
  const read = view({ id: 'id', capture: 'none' })
  expect((await read.check(needs, signal))[0]).toMatchObject({
    severity: 'error',
    message: expect.stringContaining('read'),
  })
  expect(await read.check({ create: false, update: false, remove: false }, signal)).toEqual([])
  expect(told((await drain(read, null)).changes)).toEqual(['1 IN', '2 OUT'])
  const bare = connector.collection({ spec: `${quoted(bench.schema)}.bare`, fields: ['name'], consumer: 'b' })
  await expect(bare.describe(signal)).rejects.toMatchObject({ code: 'config' })
})
