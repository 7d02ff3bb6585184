import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Change } from '../../src/contract/change.ts'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import type { Cursor, Page } from '../../src/contract/feed.ts'
import { hasMysql, type MysqlBench, mysqlBench } from './mysql-bench.ts'

const signal = new AbortController().signal
let bench: MysqlBench
let connector: Connector

function open(more: object = {}, consumer = 'test', fields: readonly string[] = ['name']): Collection {
  return connector.collection({ spec: { table: 'items', ...more }, fields, consumer })
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

describe.skipIf(!hasMysql)('capture in MariaDB', () => {
  beforeEach(async () => {
    bench = await mysqlBench()
    connector = bench.connect()
    await bench.person.query(`create table items (id int auto_increment primary key, name varchar(80),
      updated_at timestamp(6) not null default current_timestamp(6) on update current_timestamp(6))`)
  })

  afterEach(async () => {
    await connector[Symbol.asyncDispose]()
    await bench.tearDown()
  })

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
    const [[left]] = (await bench.person.query('select count(*) as n from tandem_change')) as unknown as [
      { n: number }[],
    ]
    expect(left?.n).toBe(0)
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
        for (let n = 0; n < 25; n++) {
          try {
            await session.query('begin')
            await session.query('insert into items (name) values (?)', [`${who}.${n}`])
            await session.query('update items set name = ? where id = ?', [
              `${who}.${n} again`,
              1 + ((n * 7 + who) % 40),
            ])
            if (n % 7 === 0) await session.query('delete from items where id = ?', [who + n])
            await session.query('select sleep(?)', [Math.random() * 0.01])
            await session.query(n % 9 === 0 ? 'rollback' : 'commit')
          } catch (error) {
            // Two that wait for each other: the server has undone one of them.
            if (!(error instanceof Error && /deadlock/i.test(error.message))) throw error
          }
        }
      }),
    )
    isWriting = false
    await reader
    const [rows] = (await bench.person.query('select id, name from items')) as unknown as [
      { id: number; name: string }[],
    ]
    const present = [...known].filter(([, name]) => name !== null)
    expect(rows.length).toBeGreaterThan(50)
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

  test('a reader is registered only when no transaction is open that writes without a note for it', async () => {
    await open({}, 'first').prepare?.(signal)
    const old = await bench.session()
    await old.query("begin; insert into items (name) values ('begun before')")
    const late = open({}, 'late')
    let isPrepared = false
    const preparing = Promise.resolve(late.prepare?.(signal)).then(() => {
      isPrepared = true
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(isPrepared).toBe(false)
    await old.query('commit')
    await preparing
    expect(told((await drain(late, null)).changes)).toContain('1 begun before')
  })

  test('a changed primary key is two records, and a row that came and went is gone', async () => {
    const items = open()
    await items.prepare?.(signal)
    await bench.person.query("insert into items (name) values ('x'), ('y')")
    const { cursor } = await drain(items, null)
    await bench.person.query('update items set id = 10 where id = 1')
    const moved = await drain(items, cursor)
    expect(told(moved.changes).sort()).toEqual(['10 x', 'gone 1'])
    await bench.person.query(
      "begin; insert into items (id, name) values (12, 'z'); delete from items where name = 'z'; commit",
    )
    expect(told((await drain(items, moved.cursor)).changes)).toEqual(['gone 12'])
  })

  test('triggers that were dropped are noticed, and the table is taken anew once they are back', async () => {
    const items = open()
    await items.prepare?.(signal)
    const { cursor } = await drain(items, null)
    const [[trigger]] = (await bench.person.query("show triggers like 'items'")) as unknown as [{ Trigger: string }[]]
    await bench.person.query(`drop trigger ${trigger?.Trigger}; insert into items (name) values ('unseen')`)
    await expect(drain(items, cursor)).rejects.toMatchObject({ code: 'config' })
    await items.prepare?.(signal)
    expect(told((await drain(items, cursor)).changes)).toEqual(['1 unseen'])
  })

  test('an installation that was killed half-way is finished by the next', async () => {
    const items = open()
    await items.prepare?.(signal)
    const { cursor } = await drain(items, null)
    await bench.person.query("insert into tandem_consumer (source, name) select source, 'late' from tandem_consumer")
    const late = open({}, 'late')
    await expect(drain(late, null)).rejects.toMatchObject({ code: 'config' })
    await late.prepare?.(signal)
    const start = await drain(late, null)
    await bench.person.query("insert into items (name) values ('x')")
    expect(told((await drain(late, start.cursor)).changes)).toEqual(['1 x'])
    expect(told((await drain(items, cursor)).changes)).toEqual(['1 x'])
  })

  test('readers that prepare at once all get their changes, and one that never reads is told of', async () => {
    const readers = Array.from({ length: 4 }, (_none, n) => open({}, `reader ${n}`))
    await Promise.all(readers.map(async (reader) => reader.prepare?.(signal)))
    const starts = await Promise.all(readers.map((reader) => drain(reader, null)))
    await bench.person.query("insert into items (name) values ('x')")
    for (const [n, reader] of readers.entries()) {
      expect(told((await drain(reader, starts[n]?.cursor ?? null)).changes)).toEqual(['1 x'])
    }
    const needs = { create: true, update: true, remove: true }
    const first = readers[0] ?? open()
    expect(await first.check(needs, signal)).toEqual([])
    await bench.person.query('update tandem_change set at = at - interval 10 day')
    expect(await first.check(needs, signal)).toMatchObject(
      readers.map(() => ({ severity: 'warning', message: expect.stringContaining('10 days') })),
    )
  })

  test('our own writes are told apart from those of others', async () => {
    const items = open()
    await items.prepare?.(signal)
    const { cursor } = await drain(items, null)
    await items.sink?.apply([{ kind: 'create', fields: { name: 'ours' } }], signal)
    const first = await drain(items, cursor)
    expect(first.changes).toMatchObject([{ state: { byUs: true } }])
    await bench.person.query("update items set name = 'theirs'")
    expect((await drain(items, first.cursor)).changes).toMatchObject([{ state: { byUs: false } }])
  })

  test('a user without rights is told what to grant, and what cascades is warned of', async () => {
    const name = `tandem_${bench.database.slice(-8)}`
    await bench.person.query(`create user '${name}'@'127.0.0.1' identified by 'pw'; create table parents (id int primary key);
      alter table items add parent int, add foreign key (parent) references parents (id) on delete cascade;
      grant select, insert on \`${bench.database.replaceAll('`', '``')}\`.items to '${name}'@'127.0.0.1'`)
    const url = new URL(bench.url)
    url.username = name
    url.password = 'pw'
    const weak = bench.connect({ url: url.href })
    try {
      const items = weak.collection({ spec: 'items', fields: ['name'], consumer: 'weak' })
      const problems = await items.check({ create: true, update: true, remove: false }, signal)
      expect(problems.map(({ severity }) => severity)).toEqual(['error', 'error'])
      expect(problems[0]?.hint).toContain('GRANT UPDATE')
      expect(problems[1]?.hint).toContain('GRANT TRIGGER')
      await expect(items.prepare?.(signal)).rejects.toMatchObject({ code: 'forbidden' })
      expect(await open().check({ create: true, update: true, remove: true }, signal)).toMatchObject([
        { severity: 'warning', message: expect.stringContaining('CASCADE') },
      ])
    } finally {
      await weak[Symbol.asyncDispose]()
      await bench.person.query(`drop user '${name}'@'127.0.0.1'`)
    }
  })

  test('another database behind the address, and an older copy of this one, are recognised', async () => {
    await open().prepare?.(signal)
    await bench.person.query("insert into items (name) values ('x')")
    const before = (await connector.check(signal)).identity
    await bench.person.query("insert into items (name) values ('y')")
    const after = (await connector.check(signal)).identity
    expect(after?.traits).toEqual(before?.traits)
    expect(after?.marks.notes).toBeGreaterThan(before?.marks.notes ?? 0)
    const other = await mysqlBench()
    const copy = other.connect()
    try {
      await other.person.query('create table items (id int primary key, name text)')
      await copy.collection({ spec: 'items', fields: ['name'], consumer: 'x' }).prepare?.(signal)
      expect((await copy.check(signal)).identity?.traits.database).not.toBe(after?.traits.database)
    } finally {
      await copy[Symbol.asyncDispose]()
      await other.tearDown()
    }
  })

  test('a snapshot of 50,000 rows needs no more memory at its end than at its start', async () => {
    await bench.person.query("insert into items (name) select concat('name ', seq) from seq_1_to_50000")
    const items = open()
    await items.prepare?.(signal)
    let cursor: Cursor | null = null
    let count = 0
    const heaps: number[] = []
    for (;;) {
      const page: Page | undefined = await items.feed?.read({ cursor, limit: 2000, depth: 'tail', nowMs: 0 }, signal)
      if (page === undefined) throw new Error('no feed')
      count += page.changes.length
      cursor = page.cursor
      heaps.push(process.memoryUsage().heapUsed)
      if (page.caughtUp) break
    }
    expect(count).toBe(50_000)
    expect(Math.max(...heaps) - (heaps[0] ?? 0)).toBeLessThan(150_000_000)
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
    expect(told((await drain(items, tail.cursor, 'deep')).changes)).toContain('hint 1')
  })
})
