import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import type { Outcome } from '../../src/contract/sink.ts'
import type { Fields, Value } from '../../src/contract/value.ts'
import { fingerprint } from '../../src/engine/fingerprint.ts'
import { hasMysql, type MysqlBench, mysqlBench } from './mysql-bench.ts'

const signal = new AbortController().signal
let bench: MysqlBench
let connector: Connector

function open(table: string, fields: readonly string[], more: object = {}, key?: string): Collection {
  const request = { spec: { table, ...more }, fields, consumer: 'test' }
  return connector.collection(key === undefined ? request : { ...request, key })
}

async function create(collection: Collection, ...records: readonly Fields[]): Promise<readonly Outcome[]> {
  return (
    (await collection.sink?.apply(
      records.map((fields) => ({ kind: 'create', fields })),
      signal,
    )) ?? []
  )
}

async function createOne(collection: Collection, fields: Fields): Promise<{ id: string; fields: Fields }> {
  const [outcome] = await create(collection, fields)
  if (outcome?.kind === 'rejected') throw outcome.error
  if (outcome?.kind !== 'done' || outcome.record === null) throw new Error(`create: ${outcome?.kind}`)
  return outcome.record
}

/** A type, a value that is written to it, and what is stored of it where that is something else. */
const TYPES: readonly (readonly [type: string, written: Value, stored?: Value])[] = [
  ['decimal(20, 6)', '12345678901234.123456'],
  ['decimal(38, 19)', '0.1000000000000000055'],
  ['decimal(12, 2)', 1.5],
  ['decimal(12, 2)', 1e-2],
  ['bigint', '9223372036854775807'],
  ['bigint unsigned', '18446744073709551615'],
  ['bigint', -5],
  ['double', 0.1],
  ['double', 1e300],
  ['tinyint(1)', true],
  ['tinyint(1)', false],
  ['tinyint', 7],
  ['bit(1)', true],
  ['bit(12)', 2049],
  ['year', 2026],
  ['datetime(6)', '2026-11-21T08:30:00.123456Z'],
  ['datetime', '2026-11-21T08:30:00Z'],
  ['timestamp(3) null', '2026-07-21T08:30:00.5Z'],
  ['timestamp null', '2026-03-29T01:30:00Z'],
  ['date', '2026-02-28'],
  ['time', '08:30:00'],
  ['blob', 'AAECAwQF/w=='],
  ['varbinary(20)', 'AAEnIlw='],
  ['json', { b: [1, 2.5, null], a: 'x "y" \\ z' }],
  ['json', { n: '12345678901234567890' }],
  ['json', [1, true]],
  ["enum('new', 'won', 'it''s, so')", "it's, so"],
  ["set('a', 'b', 'c d')", ['c d', 'a'], ['a', 'c d']],
  ["set('a', 'b')", []],
  ['varchar(80)', '  spaces, \'quotes\', "more", \\, \n, \u0000, 🙂 and ü '],
  ['text', '%_?'],
  ['char(5)', 'ab'],
  ['uuid', '6F9619FF-8B86-D011-B42D-00CF4FC964FF', '6f9619ff-8b86-d011-b42d-00cf4fc964ff'],
  ['inet6', '::1'],
]

describe.skipIf(!hasMysql)('values in MariaDB', () => {
  beforeEach(async () => {
    bench = await mysqlBench()
    connector = bench.connect()
  })

  afterEach(async () => {
    await connector[Symbol.asyncDispose]()
    await bench.tearDown()
  })

  test.each(TYPES)('%s takes %j and gives it back', async (type, written, again) => {
    const stored: Value = again ?? written ?? null
    await bench.person.query(`create table t (id int auto_increment primary key, v ${type})`)
    const records = open('t', ['v'])
    const record = await createOne(records, { v: written ?? null })
    expect(record.fields.v).toEqual(stored)
    expect((await records.sink?.read([record.id], signal))?.get(record.id)?.fields.v).toEqual(stored)
    const update = { kind: 'update', id: record.id, fields: { v: null }, expected: { v: stored } } as const
    expect(await records.sink?.apply([update], signal)).toMatchObject([
      { kind: 'done', record: { fields: { v: null } } },
    ])
    expect(await records.sink?.apply([update], signal)).toEqual([{ kind: 'stale' }])
  })

  test.each<readonly [type: string, value: Value]>([
    ['varchar(3)', 'abcd'],
    ['int', '1x'],
    ['tinyint', 300],
    ['decimal(4, 2)', 1234.5],
    ['date', '0000-00-00'],
    ['date', '2026-02-30'],
    ['datetime', 'yesterday'],
    ["enum('a')", 'b'],
    ["set('a')", ['b']],
    ['bit(1)', '1x'],
  ])('%s refuses %j, and nothing is cut or replaced', async (type, value) => {
    await bench.person.query(
      `set global sql_mode = ''; create table t (id int auto_increment primary key, name varchar(9), v ${type})`,
    )
    const records = open('t', ['name', 'v'])
    const outcomes = await create(records, { name: 'a', v: null }, { name: 'b', v: value }, { name: 'c', v: null })
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'rejected', 'done'])
    expect(outcomes[1]).toMatchObject({ error: { disposition: 'park' } })
    if (typeof value === 'string' && outcomes[1]?.kind === 'rejected') {
      expect(outcomes[1].error.message).not.toContain(`'${value}'`)
    }
  })

  test('zero dates that are there stay what they are, in whatever zone the server runs', async () => {
    await bench.person.query(`set sql_mode = '', time_zone = '+05:00';
      create table t (id int auto_increment primary key, d date, m timestamp null, z datetime);
      insert into t (d, m, z) values ('0000-00-00', '2026-07-01 05:00:00', '0000-00-00 00:00:00')`)
    const state = (await open('t', ['d', 'm', 'z']).sink?.read(['1'], signal))?.get('1')
    expect(state?.fields).toEqual({ d: '0000-00-00', m: '2026-07-01T00:00:00Z', z: '0000-00-00T00:00:00Z' })
  })

  test('enum options, generated columns and lengths are told to the mapping', async () => {
    await bench.person.query(`create table t (id int auto_increment primary key, stage enum('new', 'won') not null,
      name varchar(40) not null, net decimal(10, 2), gross decimal(10, 2) as (net * 1.2) stored, low varchar(40) as (lower(name)) virtual,
      made timestamp not null default current_timestamp)`)
    const records = open('t', ['stage', 'name', 'net', 'gross', 'low'])
    const { fields } = await records.describe(signal)
    expect(fields.get('stage')).toMatchObject({ type: 'selection', options: ['new', 'won'], isRequired: false })
    expect(fields.get('name')).toMatchObject({ type: 'text', maxLength: 40, isRequired: true })
    expect(fields.get('gross')).toMatchObject({ type: 'decimal', scale: 2, isReadOnly: true })
    expect(fields.get('low')).toMatchObject({ isReadOnly: true })
    expect(fields.get('made')).toMatchObject({ isAssigned: true, isRequired: false, isReadOnly: false })
    const record = await createOne(records, { stage: 'won', name: 'Ann', net: 10 })
    expect(record.fields).toEqual({ stage: 'won', name: 'Ann', net: 10, gross: 12, low: 'ann' })
    await expect(createOne(records, { stage: 'won', name: 'x', gross: 5 })).rejects.toMatchObject({ code: 'schema' })
    await expect(createOne(records, { stage: 'won' })).rejects.toMatchObject({ code: 'constraint' })
  })

  test('keys that differ only in capitals or accents are two keys, and are never taken for one another', async () => {
    await bench.person.query('create table t (id int auto_increment primary key, code varchar(40) unique, name text)')
    const records = open('t', ['code', 'name'], {}, 'code')
    await create(records, { code: 'Ab', name: 'first' })
    expect(await create(records, { code: 'Ab', name: 'again' })).toEqual([{ kind: 'exists' }])
    const [other] = await create(records, { code: 'aB', name: 'other' })
    expect(other).toMatchObject({
      kind: 'rejected',
      error: { code: 'constraint', message: expect.stringContaining('capitals') },
    })
    await bench.person.query('create table u (code varchar(40) primary key, name text)')
    const named = open('u', ['code', 'name'])
    await create(named, { code: 'Ab', name: 'first' })
    expect((await named.sink?.read(['ab', 'Ab', 'Ab '], signal))?.size).toBe(1)
    const wrong = { kind: 'update', id: 'ab', fields: { name: 'x' }, expected: null } as const
    expect(await named.sink?.apply([wrong], signal)).toEqual([{ kind: 'gone' }])
    expect(await named.sink?.apply([{ kind: 'remove', id: 'AB' }], signal)).toEqual([{ kind: 'gone' }])
    const cased = { kind: 'update', id: 'Ab', fields: { name: 'FIRST' }, expected: { name: 'First' } } as const
    expect(await named.sink?.apply([cased], signal)).toEqual([{ kind: 'stale' }])
  })

  test('another order of names and other white space in JSON are no change', async () => {
    await bench.person.query(`create table t (id int auto_increment primary key, j json);
      insert into t (j) values ('{"a": 1, "b": [1, 2]}')`)
    const records = open('t', ['j'])
    const before = (await records.sink?.read(['1'], signal))?.get('1')?.fields
    await bench.person.query(`update t set j = '{ "b":[1,2],  "a":1 }'`)
    const after = (await records.sink?.read(['1'], signal))?.get('1')?.fields
    expect(fingerprint(after?.j ?? null)).toBe(fingerprint(before?.j ?? null))
  })

  test('a row that is locked, a deadlock and a trigger that refuses are told apart', async () => {
    await bench.person.query(`create table t (id int auto_increment primary key, name varchar(40));
      insert into t (name) values ('a'), ('b');
      create trigger no_bob before update on t for each row if new.name = 'bob' then signal sqlstate '45000' set message_text = 'no bob'; end if`)
    const records = open('t', ['name'])
    const update = (id: string, name: string) => ({ kind: 'update', id, fields: { name }, expected: null }) as const
    const outcomes = await records.sink?.apply([update('1', 'x'), update('2', 'bob')], signal)
    expect(outcomes?.map(({ kind }) => kind)).toEqual(['done', 'rejected'])
    expect(outcomes?.[1]).toMatchObject({ error: { code: 'invalid', message: expect.stringContaining('no bob') } })
    const holder = await bench.session()
    await holder.query("begin; update t set name = 'held' where id = 1")
    const stopper = new AbortController()
    const waiting = records.sink?.apply([update('1', 'y')], stopper.signal)
    setTimeout(() => stopper.abort(), 300)
    await expect(waiting).rejects.toMatchObject({ code: 'timeout', inDoubt: false })
    await expect(records.sink?.apply([update('1', 'z')], signal)).rejects.toMatchObject({ code: 'busy' })
    await holder.query('rollback')
    expect((await records.sink?.read(['1'], signal))?.get('1')?.fields.name).toBe('x')
  })

  test('a connection that is killed in the middle of a write fails, and the next call works', async () => {
    await bench.person.query(`create table t (id int auto_increment primary key, name varchar(40));
      create trigger slow before insert on t for each row set new.name = concat(new.name, if(new.name = 'slow', sleep(2), ''))`)
    const records = open('t', ['name'])
    const writing = expect(create(records, { name: 'slow' })).rejects.toMatchObject({
      disposition: 'retry',
      inDoubt: false,
    })
    await expect
      .poll(async () => {
        const [rows] = (await bench.person.query(
          "select id from information_schema.processlist where info like 'insert into %slow%' and id <> connection_id()",
        )) as unknown as [{ id: number }[]]
        if (rows[0] !== undefined) await bench.person.query(`kill connection ${rows[0].id}`)
        return rows.length
      })
      .toBe(1)
    await writing
    expect((await createOne(records, { name: 'next' })).fields.name).toBe('next')
    const [[count]] = (await bench.person.query('select count(*) as n from t')) as unknown as [{ n: number }[]]
    expect(count?.n).toBe(1)
  })

  test('MyISAM, a missing table, a wrong password and a wrong database are told with what to do', async () => {
    await bench.person.query('create table t (id int primary key, name text) engine = MyISAM')
    const needs = { create: true, update: true, remove: true }
    expect(await open('t', ['name'], { capture: 'none' }).check(needs, signal)).toMatchObject([
      { severity: 'error', hint: expect.stringContaining('InnoDB') },
    ])
    const at = async (change: (url: URL) => void): Promise<unknown> => {
      const url = new URL(bench.url)
      change(url)
      const other = bench.connect({ url: url.href, connect_timeout: '2s' })
      return other.check(signal).finally(() => other[Symbol.asyncDispose]())
    }
    await expect(at((url) => (url.password = 'wrong'))).rejects.toMatchObject({ code: 'unauthorized' })
    await expect(at((url) => (url.pathname = '/nowhere'))).rejects.toMatchObject({ code: 'config' })
    await expect(at((url) => (url.port = '1'))).rejects.toMatchObject({ code: 'network' })
    await expect(at((url) => url.searchParams.set('ssl-mode', 'required'))).rejects.toMatchObject({ code: 'config' })
  })

  test('says which tables and views there are, with their comments, and none of its own', async () => {
    await bench.person.query("create table told (id int primary key) comment 'What people buy'")
    await bench.person.query('create table `odd \\\\ name` (id int primary key)')
    await bench.person.query('create view seen as select * from told')
    await open('told', ['id']).prepare?.(signal)
    const listed = (await connector.collections?.(signal)) ?? []
    expect(listed.find(({ name }) => name === 'told')).toEqual({ name: 'told', label: 'What people buy' })
    expect(listed.find(({ name }) => name === 'seen')).toEqual({ name: 'seen', label: null })
    expect(listed.map(({ name }) => name)).toContain('odd \\\\ name')
    expect(listed.filter(({ name }) => name.startsWith('tandem_'))).toEqual([])
  })

  test('a view that can be written, and one that cannot', async () => {
    await bench.person.query(`create table people (id int auto_increment primary key, name varchar(40),
        updated_at timestamp(6) not null default current_timestamp(6) on update current_timestamp(6));
      create view seen as select id, name, updated_at from people;
      create view counted as select name, count(*) as n from people group by name;
      insert into people (name) values ('ann')`)
    const needs = { create: true, update: true, remove: true }
    const seen = open('seen', ['name'], { id: 'id', capture: 'cursor', cursor: 'updated_at' })
    expect(await seen.check(needs, signal)).toEqual([])
    const made = await createOne(seen, { name: 'bob' })
    const update = { kind: 'update', id: made.id, fields: { name: 'cid' }, expected: { name: 'bob' } } as const
    expect(await seen.sink?.apply([update], signal)).toMatchObject([
      { kind: 'done', record: { fields: { name: 'cid' } } },
    ])
    const counted = open('counted', ['n'], { id: 'name', capture: 'none' })
    expect((await counted.check(needs, signal)).length).toBeGreaterThan(0)
    expect(await counted.check({ create: false, update: false, remove: false }, signal)).toEqual([])
    expect((await counted.sink?.read(['ann'], signal))?.get('ann')?.fields).toEqual({ n: 1 })
  })

  test("an operator's condition may hold any character", async () => {
    await bench.person.query(
      `create table t (id int primary key, name varchar(40)); insert into t values (1, 'a?b'), (2, 'x')`,
    )
    const records = open('t', ['name'], { where: "t.name like '%?%'" })
    await records.prepare?.(signal)
    const page = await records.feed?.read({ cursor: null, limit: 10, depth: 'tail', nowMs: 0 }, signal)
    expect(page?.changes.map((change) => change.kind === 'state' && change.state.id)).toEqual(['1'])
    expect((await records.sink?.read(['1', '2'], signal))?.size).toBe(2)
  })
})
