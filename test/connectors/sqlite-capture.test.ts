import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSqliteConnector } from '../../src/connectors/sqlite/index.ts'
import type { Change } from '../../src/contract/change.ts'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import type { Cursor } from '../../src/contract/feed.ts'
import type { Operation, Outcome } from '../../src/contract/sink.ts'

const signal = new AbortController().signal
let folder: string
let person: Database.Database
let connector: Connector

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-sqlite-'))
  const file = join(folder, 'shop.db')
  person = new Database(file)
  person.exec(
    'create table items (id integer primary key autoincrement, code text unique, name text, n integer, at datetime)',
  )
  connector = createSqliteConnector({ file }, 'shop')
})

afterEach(async () => {
  await connector[Symbol.asyncDispose]()
  person.close()
  rmSync(folder, { recursive: true })
})

function open(more: object = {}, consumer = 'test', fields: readonly string[] = ['code', 'name']): Collection {
  return connector.collection({ spec: { table: 'items', ...more }, fields, consumer })
}

async function drain(collection: Collection, cursor: Cursor | null) {
  const changes: Change[] = []
  let at = cursor
  for (;;) {
    const page = await collection.feed?.read({ cursor: at, limit: 100, depth: 'tail', nowMs: 0 }, signal)
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

async function apply(collection: Collection, ...operations: Operation[]): Promise<readonly Outcome[]> {
  return (await collection.sink?.apply(operations, signal)) ?? []
}

test('two consumers each get every change, a changed id is two, and our own writes are known', async () => {
  const [a, b] = [open({}, 'a'), open({}, 'b')]
  await a.prepare?.(signal)
  await b.prepare?.(signal)
  const startA = await drain(a, null)
  const startB = await drain(b, null)
  person.exec("insert into items (name) values ('x'), ('y'); update items set id = 10 where id = 1")
  const first = await drain(a, startA.cursor)
  expect(told(first.changes)).toEqual(['2 y', 'gone 1', '10 x'])
  expect(told((await drain(b, startB.cursor)).changes)).toEqual(['2 y', 'gone 1', '10 x'])
  await apply(a, { kind: 'update', id: '2', fields: { name: 'ours' }, expected: { name: 'y' } })
  const second = await drain(a, first.cursor)
  expect(second.changes).toMatchObject([{ kind: 'state', state: { id: '2', byUs: true } }])
  person.exec("update items set name = 'theirs' where id = 2")
  expect((await drain(a, second.cursor)).changes).toMatchObject([{ kind: 'state', state: { byUs: false } }])
  // All six of b, which has stored nothing yet, and the last one of a.
  const left = person.prepare('select count(*) as n from tandem_change').get()
  expect(left).toEqual({ n: 7 })
})

test('a table that was made anew is taken from the start by every consumer', async () => {
  const items = open()
  await items.prepare?.(signal)
  const { cursor } = await drain(items, null)
  person.exec(
    "drop table items; create table items (id integer primary key, code text, name text); insert into items (name) values ('new')",
  )
  await expect(drain(items, cursor)).rejects.toMatchObject({ code: 'config' })
  await items.prepare?.(signal)
  expect(told((await drain(items, cursor)).changes)).toEqual(['1 new'])
})

test('a lock of another program is `busy`, soon, and without doubt', async () => {
  const items = open({ capture: 'none' })
  person.exec('begin immediate')
  const startMs = performance.now()
  await expect(apply(items, { kind: 'create', fields: { name: 'x' } })).rejects.toMatchObject({
    code: 'busy',
    inDoubt: false,
  })
  // Less than SQLite's binding would wait by itself.
  expect(performance.now() - startMs).toBeLessThan(4500)
  person.exec('commit')
})

test('one batch: done, refused, existing and stale, each for itself', async () => {
  person.exec(
    "create table notes (id integer primary key, item integer references items, note text not null); insert into items (code, name) values ('a', 'x')",
  )
  const items = open({ capture: 'none', key: 'code' })
  const created = await apply(
    items,
    { kind: 'create', fields: { code: 'a' } },
    { kind: 'create', fields: { code: 'b' } },
  )
  expect(created.map(({ kind }) => kind)).toEqual(['exists', 'done'])
  const updated = await apply(
    items,
    { kind: 'update', id: '1', fields: { name: 'y' }, expected: { name: 'seen long ago' } },
    { kind: 'update', id: '2', fields: { code: 'a' }, expected: null },
    { kind: 'update', id: 'x', fields: { code: 'c' }, expected: null },
  )
  expect(updated.map(({ kind }) => kind)).toEqual(['stale', 'rejected', 'gone'])
  const notes = connector.collection({
    spec: { table: 'notes', capture: 'none' },
    fields: ['item', 'note'],
    consumer: 'n',
  })
  const refused = await apply(
    notes,
    { kind: 'create', fields: { item: 99, note: 'x' } },
    { kind: 'create', fields: { item: 1, note: null } },
    { kind: 'create', fields: { item: 1, note: 'ok' } },
  )
  expect(refused).toMatchObject([
    { error: { code: 'constraint' } },
    { error: { code: 'constraint' } },
    { kind: 'done' },
  ])
})

test('times are understood in every spelling, and large integers are not rounded', async () => {
  person.exec(`insert into items (n, at) values (9007199254740993, '2026-11-21 08:30:00.500'), (1, '2026-11-21T10:30:00+02:00'),
    (2, 1795249800), (3, 1795249800123)`)
  const items = open({ capture: 'none' }, 'test', ['n', 'at'])
  const records = await items.sink?.read(['1', '2', '3', '4'], signal)
  expect([...(records?.values() ?? [])].map(({ fields }) => [fields.n, fields.at])).toEqual([
    ['9007199254740993', '2026-11-21T08:30:00.5Z'],
    [1, '2026-11-21T08:30:00Z'],
    [2, '2026-11-21T08:30:00Z'],
    [3, '2026-11-21T08:30:00.123Z'],
  ])
  const scanned = open({ capture: 'cursor', cursor: 'at' }, 'test', ['n', 'at'])
  expect((await drain(scanned, null)).changes).toHaveLength(4)
})

test('numbers that were reserved are never handed out again', async () => {
  const items = open({ capture: 'none' })
  expect(await items.sink?.reserve?.('id', 3, signal)).toEqual([1, 2, 3])
  const { lastInsertRowid } = person.prepare("insert into items (name) values ('x')").run()
  expect(lastInsertRowid).toBe(4)
  expect(await items.sink?.reserve?.('name', 3, signal)).toBe(null)
})

test('a change wakes the watcher', async () => {
  const items = open()
  const end = new AbortController()
  let wakes = 0
  const watching = items.feed?.watch?.(() => wakes++, end.signal)
  person.exec("insert into items (name) values ('x')")
  await expect.poll(() => wakes).toBeGreaterThan(0)
  end.abort()
  await watching
})

test('a consumer that never reads is told of, a file that is missing and one that is no database', async () => {
  const items = open({}, 'forgotten')
  await items.prepare?.(signal)
  person.exec("insert into items (name) values ('x'); update tandem_change set at = at - 864000000")
  const problems = await items.check({ create: true, update: true, remove: true }, signal)
  expect(problems).toMatchObject([{ severity: 'warning', message: expect.stringContaining('forgotten') }])
  await using missing = createSqliteConnector({ file: join(folder, 'none.db') }, 'x')
  await expect(missing.check(signal)).rejects.toMatchObject({ code: 'config' })
})

test('create and read: so many records a second', async () => {
  const items = open({ key: 'code' })
  await items.prepare?.(signal)
  const startMs = performance.now()
  for (let n = 0; n < 20; n++) {
    const batch = Array.from(
      { length: 1000 },
      (_none, i): Operation => ({ kind: 'create', fields: { code: `${n}.${i}`, name: 'x' } }),
    )
    expect((await apply(items, ...batch)).every(({ kind }) => kind === 'done')).toBe(true)
  }
  const createdMs = performance.now()
  expect((await drain(items, null)).changes).toHaveLength(20_000)
  const readMs = performance.now()
  console.log(`sqlite: ${rate(createdMs - startMs)} creates/s, ${rate(readMs - createdMs)} reads/s`)
})

function rate(ms: number): number {
  return Math.round(20_000 / (ms / 1000))
}

test('a look-up leaves out what is outside of the filter where it is asked to', async () => {
  person.exec("insert into items (code, name) values ('A', 'in'), ('a ', 'out'), ('b', 'in')")
  const { sink } = open({ where: "name = 'in'" })
  const ids = async (fold: boolean, inFilter: boolean) => {
    const request = { field: 'code', values: ['A', 'a ', 'b'], fold: { case: fold, space: fold }, inFilter }
    return ((await sink?.find(request, signal)) ?? []).map(({ id }) => id).sort()
  }
  expect([await ids(false, false), await ids(true, false)]).toEqual([
    ['1', '2', '3'],
    ['1', '2', '3'],
  ])
  expect([await ids(false, true), await ids(true, true)]).toEqual([
    ['1', '3'],
    ['1', '3'],
  ])
})
