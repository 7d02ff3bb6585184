import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import type { Fields, Value } from '../../src/contract/value.ts'
import { fingerprint } from '../../src/engine/fingerprint.ts'
import { type PostgresBench, postgresBench, quoted } from './postgres-bench.ts'

const signal = new AbortController().signal
let bench: PostgresBench
let connector: Connector

beforeEach(async () => {
  bench = await postgresBench()
  connector = bench.connect()
})

afterEach(async () => {
  await connector[Symbol.asyncDispose]()
  await bench.tearDown()
})

function open(table: string, fields: readonly string[], more: object = {}): Collection {
  return connector.collection({
    spec: { table: `${quoted(bench.schema)}.${table}`, ...more },
    fields,
    consumer: 'test',
  })
}

async function createOne(collection: Collection, fields: Fields): Promise<{ id: string; fields: Fields }> {
  const [outcome] = (await collection.sink?.apply([{ kind: 'create', fields }], signal)) ?? []
  if (outcome?.kind === 'rejected') throw outcome.error
  if (outcome?.kind !== 'done' || outcome.record === null) throw new Error(`create: ${outcome?.kind}`)
  return outcome.record
}

/** A type, a value that is written to it, and what is stored of it where that is something else. */
const TYPES: readonly (readonly [type: string, written: Value, stored?: Value])[] = [
  ['numeric(20, 6)', '12345678901234.123456'],
  ['numeric', '0.1000000000000000055'],
  ['numeric(12, 2)', 1.5],
  ['int8', '9223372036854775807'],
  ['float8', 0.1],
  ['timestamptz', '2026-11-21T08:30:00.123456Z'],
  ['timestamptz(0)', '2026-11-21T08:30:00Z'],
  ['timestamp', '2026-11-21T08:30:00.5Z'],
  ['date', '2026-02-28'],
  ['time', '08:30:00'],
  ['interval', '1 day 02:00:00'],
  ['bytea', 'AAECAwQF/w=='],
  ['uuid', '6F9619FF-8B86-D011-B42D-00CF4FC964FF', '6f9619ff-8b86-d011-b42d-00cf4fc964ff'],
  ['inet', '192.168.0.1'],
  ['cidr', '10.0.0.0/8'],
  ['macaddr', '08:00:2b:01:02:03'],
  ['json', { b: [1, 2.5, null], a: 'x' }],
  ['jsonb', { b: [1, '12345678901234567890', null], a: { c: 'ü' } }],
  ['jsonb', 'a text'],
  ['jsonb', [1, true]],
  ['text[]', ['a', 'b,c', 'd"e', '{f}', '']],
  ['int[]', [3, 1, 2]],
  ['text[]', []],
  ['numeric[]', [0.5, 2]],
  ['boolean', false],
  ['char(5)', 'ab', 'ab   '],
  ['varchar(5)', 'ab'],
  ['xml', '<a>1</a>'],
  ['point', '(1,2)'],
  ['int4range', '[1,5)'],
]

test.each(TYPES)('%s takes %j and gives it back', async (type, written, again) => {
  const stored: Value = again ?? written ?? null
  await bench.person.query(`create table t (id serial primary key, v ${type})`)
  const records = open('t', ['v'])
  await records.prepare?.(signal)
  const record = await createOne(records, { v: written ?? null })
  expect(record.fields.v).toEqual(stored)
  // Read by another way, and guarded with what was read: a comparison in the column's own type.
  expect((await records.sink?.read([record.id], signal))?.get(record.id)?.fields.v).toEqual(stored)
  const update = { kind: 'update', id: record.id, fields: { v: null }, expected: { v: stored } } as const
  expect(await records.sink?.apply([update], signal)).toMatchObject([{ kind: 'done', record: { fields: { v: null } } }])
  expect(await records.sink?.apply([update], signal)).toEqual([{ kind: 'stale' }])
})

test('an enum, a domain, citext, generated and identity columns are what they are to the mapping', async () => {
  await bench.person.query(`create extension if not exists citext with schema public;
    create type mood as enum ('new', 'won', 'lost');
    create domain shortcode as varchar(4) check (value ~ '^[A-Z]+$');
    create domain price as numeric(10, 3);
    create table t (id int generated always as identity primary key, stage mood not null default 'new', code shortcode,
      cost price, mail citext unique, net numeric(10, 2), gross numeric(10, 2) generated always as (net * 1.2) stored)`)
  const records = open('t', ['stage', 'code', 'cost', 'mail', 'net', 'gross'])
  const { fields } = await records.describe(signal)
  expect(fields.get('stage')).toMatchObject({ type: 'selection', options: ['new', 'won', 'lost'], isAssigned: true })
  expect(fields.get('code')).toMatchObject({ type: 'text', maxLength: 4 })
  expect(fields.get('cost')).toMatchObject({ type: 'decimal', scale: 3 })
  expect(fields.get('gross')).toMatchObject({ type: 'decimal', isReadOnly: true, isAssigned: true })
  expect(fields.get('id')).toMatchObject({ isReadOnly: true, isRequired: false })
  const record = await createOne(records, { stage: 'won', code: 'AB', cost: 1.5, mail: 'Ann@X.example', net: 10 })
  expect(record.fields).toEqual({ stage: 'won', code: 'AB', cost: 1.5, mail: 'Ann@X.example', net: 10, gross: 12 })
  // citext compares without letter case; what is found is compared again by the engine.
  const find = { field: 'mail', values: ['ann@x.EXAMPLE'], fold: { case: false, space: false } }
  expect((await records.sink?.find(find, signal))?.map(({ id }) => id)).toEqual([record.id])
  for (const refused of [{ stage: 'sold' }, { code: 'ab' }, { code: 'ABCDE' }]) {
    await expect(createOne(records, { mail: 'other', ...refused })).rejects.toMatchObject({ disposition: 'park' })
  }
  await expect(createOne(records, { gross: 5 })).rejects.toMatchObject({ code: 'schema' })
})

test('another order of names and other white space in JSON are no change', async () => {
  await bench.person.query(`create table t (id serial primary key, j json, b jsonb);
    insert into t (j, b) values ('{"a": 1, "b": [1, 2]}', '{"a": 1, "b": [1, 2]}')`)
  const records = open('t', ['j', 'b'])
  const before = (await records.sink?.read(['1'], signal))?.get('1')?.fields
  await bench.person.query(`update t set j = '{ "b":[1,2],  "a":1 }', b = '{"b":[1,2],"a":1}'`)
  const after = (await records.sink?.read(['1'], signal))?.get('1')?.fields
  for (const name of ['j', 'b']) expect(fingerprint(after?.[name] ?? null)).toBe(fingerprint(before?.[name] ?? null))
  const update = { kind: 'update', id: '1', fields: { j: [1] }, expected: { j: { a: 1, b: [1, 2] } } } as const
  expect(await records.sink?.apply([update], signal)).toMatchObject([{ kind: 'done' }])
})

test('a plain view and one with INSTEAD OF triggers are read by a cursor column and written', async () => {
  await bench.person.query(`
    create table people (id serial primary key, name text, hidden boolean not null default false,
      updated_at timestamptz not null default now());
    create view seen as select id, name, updated_at from people where not hidden with check option;
    create view loud as select id, upper(name) as name, updated_at from people;
    create function loud_write() returns trigger language plpgsql set search_path from current as $$
    begin
      if TG_OP = 'DELETE' then delete from people where id = old.id; return old; end if;
      if TG_OP = 'UPDATE' then update people set name = lower(new.name), updated_at = now() where id = old.id; return new; end if;
      insert into people (name) values (lower(new.name)) returning id into new.id;
      return new;
    end $$;
    create trigger loud_write instead of insert or update or delete on loud for each row execute function loud_write();
    insert into people (name) values ('ann'), ('bob')`)
  const needs = { create: true, update: true, remove: true }
  for (const [view, spelled] of [
    ['seen', (name: string) => name],
    ['loud', (name: string) => name.toUpperCase()],
  ] as const) {
    const records = open(view, ['name'], { id: 'id', capture: 'cursor', cursor: 'updated_at' })
    expect(await records.check(needs, signal), view).toEqual([])
    const first = await records.feed?.read({ cursor: null, limit: 100, depth: 'tail', nowMs: 0 }, signal)
    expect(first?.changes.length, view).toBe(2)
    const made = await createOne(records, { name: spelled('cid') })
    expect(made.fields.name).toBe(spelled('cid'))
    const change = [
      { kind: 'update', id: made.id, fields: { name: spelled('dan') }, expected: { name: spelled('cid') } },
    ] as const
    expect(await records.sink?.apply(change, signal)).toMatchObject([
      { kind: 'done', record: { fields: { name: spelled('dan') } } },
    ])
    expect(await records.sink?.apply(change, signal)).toEqual([{ kind: 'stale' }])
    const next = await records.feed?.read(
      { cursor: first?.cursor ?? null, limit: 100, depth: 'tail', nowMs: 0 },
      signal,
    )
    expect(next?.changes.map((each) => each.kind === 'state' && each.state.fields.name)).toContain(spelled('dan'))
    expect(await records.sink?.apply([{ kind: 'remove', id: made.id }], signal)).toMatchObject([{ kind: 'done' }])
    expect((await records.sink?.read([made.id], signal))?.size).toBe(0)
  }
  const triggered = open('seen', ['name'], { id: 'id' })
  expect(await triggered.check(needs, signal)).toMatchObject([
    { severity: 'error', message: expect.stringContaining('view') },
  ])
})
