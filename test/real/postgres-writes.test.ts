import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Operation, Outcome } from '../../src/contract/sink.ts'
import type { Fields, Value } from '../../src/contract/value.ts'
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
  const spec = { table: `${quoted(bench.schema)}.${table}`, capture: 'none', ...more }
  return connector.collection({ spec, fields, consumer: 'test' })
}

async function apply(collection: Collection, ...operations: Operation[]): Promise<readonly Outcome[]> {
  return (await collection.sink?.apply(operations, signal)) ?? []
}

function create(fields: Fields): Operation {
  return { kind: 'create', fields }
}

function stored(outcome: Outcome | undefined): Fields | undefined {
  return outcome?.kind === 'done' ? outcome.record?.fields : undefined
}

test('decimals, large integers and times keep every digit', async () => {
  await bench.person.query(`create table v (id serial primary key, n numeric, m numeric(10, 2), i int8, f float8,
    t timestamp, z timestamptz, a text[], j json)`)
  const collection = open('v', ['n', 'm', 'i', 'f', 't', 'z', 'a', 'j'])
  const cases: readonly (readonly [name: string, written: Value, read: Value])[] = [
    ['n', '0.10', 0.1],
    ['n', '12345678901234567890.123456789', '12345678901234567890.123456789'],
    ['n', 1e-7, 1e-7],
    ['n', '-0.00', 0],
    ['m', 2.675, 2.68],
    ['m', '1.999', 2],
    ['i', '9223372036854775807', '9223372036854775807'],
    ['i', 9007199254740991, 9007199254740991],
    ['f', 0.1, 0.1],
    ['t', '2026-11-21T08:30:00.123456Z', '2026-11-21T08:30:00.123456Z'],
    ['z', '2026-11-21T08:30:00.5Z', '2026-11-21T08:30:00.5Z'],
    ['a', ['x', 'y "z"', null], ['x', 'y "z"', null]],
    ['j', { b: 1, a: ['12345678901234567890'] }, { b: 1, a: ['12345678901234567890'] }],
  ]
  for (const [name, written, read] of cases) {
    const [outcome] = await apply(collection, create({ [name]: written }))
    expect(stored(outcome)?.[name], `${name} ${JSON.stringify(written)}`).toEqual(read)
    if (outcome?.kind !== 'done' || outcome.record === null) throw new Error('not done')
    const { id, fields } = outcome.record
    const update: Operation = {
      kind: 'update',
      id,
      fields: { [name]: null },
      expected: { [name]: fields[name] ?? null },
    }
    expect(stored((await apply(collection, update))[0])?.[name], `guard of ${name}`).toBe(null)
  }
})

test('triggers that trim and that write afterwards are seen in the outcome', async () => {
  await bench.person.query(`create table t (id int generated always as identity primary key, code varchar(20) unique, n int default 0);
    create function trim_code() returns trigger language plpgsql as $$ begin new.code := btrim(new.code); return new; end $$;
    create trigger trim before insert or update on t for each row execute function trim_code()`)
  const collection = open('t', ['code', 'n'], { key: 'code' })
  const [first] = await apply(collection, create({ code: '  a ' }))
  expect(first).toMatchObject({ kind: 'done', isOurs: true, record: { fields: { code: 'a', n: 0 } } })
  await bench.person.query(`create function count_up() returns trigger language plpgsql set search_path from current as $$
      begin update t set n = n + 1 where id = new.id; return null; end $$;
    create trigger later after insert on t for each row execute function count_up()`)
  const again = open('t', ['code', 'n'], { key: 'code' })
  const [second] = await apply(again, create({ code: ' b' }))
  expect(second).toMatchObject({ kind: 'done', record: { id: '2', fields: { code: 'b', n: 1 } } })
  expect((await apply(again, create({ code: 'b' })))[0]).toEqual({ kind: 'exists' })
})

test('what a new row stores otherwise than it was sent is told: cut, padded, converted, given by a default', async () => {
  await bench.person.query(`create table v (id serial primary key, short varchar(3), padded char(4), digits text,
    small int2, flag boolean, given text default 'by the table', plain text)`)
  const names = ['short', 'padded', 'digits', 'small', 'flag', 'given', 'plain']
  const collection = open('v', names)
  const sent: Fields = { short: 'ab   ', padded: 'x', digits: 17, small: '5', flag: 'yes', plain: 'as it is ' }
  const other: Fields = { ...sent, short: 'abc', padded: null, digits: 'seventeen', small: 6, flag: true }
  const outcomes = await apply(collection, create(sent), create(other), create({ plain: null }))
  const { rows } = await bench.person.query(`select ${names.join(', ')} from v order by id`)
  expect(outcomes.map(stored)).toEqual(rows)
  expect(rows[0]).toMatchObject({
    short: 'ab ',
    padded: 'x   ',
    digits: '17',
    small: 5,
    flag: true,
    given: 'by the table',
  })
})

test('a trigger that is made while we run is noticed with the first rows that it touches', async () => {
  await bench.person.query('create table v (id serial primary key, code text unique, name text)')
  const collection = open('v', ['code', 'name'], { key: 'code' })
  expect(stored((await apply(collection, create({ code: 'a', name: ' x ' })))[0])?.name).toBe(' x ')
  await bench.person.query(`create function trim_name() returns trigger language plpgsql as $$
    begin new.name = btrim(new.name); return new; end $$`)
  await bench.person.query('create trigger trims before insert on v for each row execute function trim_name()')
  for (const code of ['b', 'c']) {
    expect(stored((await apply(collection, create({ code, name: ' x ' })))[0])?.name).toBe('x')
  }
})

test('a unique value of another record is named, and the key alone means "exists"', async () => {
  await bench.person.query('create table t (id serial primary key, code text unique, mail text unique)')
  const collection = open('t', ['code', 'mail'], { key: 'code' })
  const outcomes = await apply(
    collection,
    create({ code: 'a', mail: 'm1' }),
    create({ code: 'b', mail: 'm1' }),
    create({ code: 'a', mail: 'm2' }),
    create({ code: 'c', mail: 'm3' }),
  )
  expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'rejected', 'exists', 'done'])
  expect(outcomes[1]).toMatchObject({ error: { code: 'constraint', message: expect.stringContaining('mail') } })
})

test('a constraint refuses the batch as a whole, and halving it finds the guilty record', async () => {
  await bench.person.query('create table t (id serial primary key, n int check (n <> 13), note varchar(5))')
  const collection = open('t', ['n', 'note'])
  const halve = async (batch: readonly Operation[]): Promise<string[]> => {
    try {
      return (await apply(collection, ...batch)).map(({ kind }) => kind)
    } catch (error) {
      if (!(error instanceof SyncError) || error.disposition !== 'park') throw error
      expect(error.inDoubt).toBe(false)
      if (batch.length === 1) return [error.code]
      const middle = batch.length >> 1
      return [...(await halve(batch.slice(0, middle))), ...(await halve(batch.slice(middle)))]
    }
  }
  const batch = Array.from({ length: 16 }, (_none, n) => create({ n, note: n === 5 ? 'too long' : 'ok' }))
  const kinds = await halve(batch)
  expect(kinds.filter((kind) => kind !== 'done')).toEqual(['invalid', 'constraint'])
  expect(kinds[13]).toBe('constraint')
  const { rows } = await bench.person.query('select count(*)::int as n from t')
  expect(rows).toEqual([{ n: 14 }])
})

test('errors name what is wrong and never the value', async () => {
  await bench.person.query(
    'create table p (id int primary key); create table t (id serial primary key, n int not null, p int references p, u uuid)',
  )
  const collection = open('t', ['n', 'p', 'u'])
  const codeOf = async (fields: Fields): Promise<[string, string]> => {
    const error: unknown = await apply(collection, create(fields)).catch((reason: unknown) => reason)
    if (!(error instanceof SyncError)) throw new Error(`no error: ${JSON.stringify(error)}`)
    return [error.code, error.message]
  }
  expect(await codeOf({ n: null })).toEqual(['constraint', expect.stringContaining('"n"')])
  expect(await codeOf({ n: 1, p: 5 })).toEqual(['constraint', expect.stringContaining('t_p_fkey')])
  for (const bad of [{ n: 'secret' }, { n: '99999999999' }, { n: 1, u: 'secret' }]) {
    const [code, message] = await codeOf(bad)
    expect(code).toBe('invalid')
    expect(message).not.toMatch(/secret|99999999999/)
  }
})

test('guarded updates: of many writers that saw one state, exactly one writes', async () => {
  await bench.person.query(
    "create table t (id serial primary key, name text, n numeric(10, 2)); insert into t (name, n) values ('old', 1.5)",
  )
  const collection = open('t', ['name', 'n'])
  const expected = { name: 'old', n: 1.5 }
  const outcomes = await Promise.all(
    Array.from({ length: 12 }, (_none, n) =>
      apply(collection, { kind: 'update', id: '1', fields: { name: `w${n}` }, expected }),
    ),
  )
  const kinds = outcomes.flat().map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind === 'done')).toHaveLength(1)
  expect(kinds.filter((kind) => kind === 'stale')).toHaveLength(11)
  // A writer that holds the row while we wait for it.
  const other = await bench.session()
  await other.query("begin; update t set name = 'theirs' where id = 1")
  const { rows } = await bench.person.query<{ name: string }>('select name from t')
  const waiting = apply(collection, {
    kind: 'update',
    id: '1',
    fields: { name: 'ours' },
    expected: { name: rows[0]?.name ?? null },
  })
  await new Promise((resolve) => setTimeout(resolve, 200))
  await other.query('commit')
  expect((await waiting)[0]?.kind).toBe('stale')
})

test('a connection that is killed in the middle of a write fails without doubt, and the next call works', async () => {
  await bench.person.query('create table t (id serial primary key, name text)')
  const collection = open('t', ['name'])
  await collection.describe(signal)
  const other = await bench.session()
  await other.query('begin; lock table t')
  const waiting = apply(collection, create({ name: 'x' }))
  const failed = expect(waiting).rejects.toMatchObject({
    inDoubt: false,
    code: expect.stringMatching(/^(network|unavailable)$/),
  })
  await new Promise((resolve) => setTimeout(resolve, 300))
  await bench.person.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tandem' and wait_event_type = 'Lock' and query like $1",
    [`%${bench.schema.replaceAll('"', '""')}%`],
  )
  await failed
  await other.query('rollback')
  expect((await apply(collection, create({ name: 'y' })))[0]?.kind).toBe('done')
})

test('an aborted call that waits for a lock ends at once, and writes nothing', async () => {
  await bench.person.query('create table t (id serial primary key, name text)')
  const collection = open('t', ['name'])
  await collection.describe(signal)
  const other = await bench.session()
  await other.query('begin; lock table t')
  const startMs = performance.now()
  const call = collection.sink?.apply([create({ name: 'x' })], AbortSignal.timeout(200))
  await expect(call).rejects.toMatchObject({ code: 'timeout', inDoubt: false })
  expect(performance.now() - startMs).toBeLessThan(2000)
  await other.query('rollback')
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect((await bench.person.query('select 1 from t')).rows).toEqual([])
})

test('find: folded, uncastable values, and ids that no row can have', async () => {
  await bench.person.query(
    "create table t (id serial primary key, name text, n int, u uuid); insert into t (name, n) values ('  ÉLAN   Vital ', 7), ('100%_', 8)",
  )
  const collection = open('t', ['name', 'n', 'u'])
  const find = async (field: string, values: Value[], isFolded = false): Promise<string[]> =>
    ((await collection.sink?.find({ field, values, fold: { case: isFolded, space: isFolded } }, signal)) ?? []).map(
      ({ id }) => id,
    )
  expect(await find('name', ['élan vital'], true)).toEqual(['1'])
  expect(await find('name', ['100%_', 'élan vital'])).toEqual(['2'])
  expect(await find('n', ['x', 7, 99999999999, '8.5', true, null])).toEqual(['1'])
  expect(await find('u', ['not a uuid'])).toEqual([])
  expect([...((await collection.sink?.read(['1', 'x', '99999999999', ''], signal)) ?? new Map()).keys()]).toEqual(['1'])
  const outcomes = await apply(collection, { kind: 'remove', id: 'x' }, { kind: 'remove', id: '1' })
  expect(outcomes.map(({ kind }) => kind)).toEqual(['gone', 'done'])
})

test('reserve takes numbers that nobody else gets, from serial, identity and uuid', async () => {
  await bench.person.query(`create table "T ""x" (id int generated always as identity primary key, n serial,
    u uuid default gen_random_uuid(), name text)`)
  const collection = open('"T ""x"', ['id', 'n', 'u', 'name'])
  const reserve = async (field: string) => collection.sink?.reserve?.(field, 3, signal)
  const [ids, numbers] = [await reserve('id'), await reserve('n')]
  const [uuids, none] = [await reserve('u'), await reserve('name')]
  expect(ids).toEqual([1, 2, 3])
  expect(numbers).toEqual([1, 2, 3])
  expect(new Set(uuids ?? []).size).toBe(3)
  expect(none).toBe(null)
  expect((await apply(collection, create({ id: 2, name: 'x' })))[0]).toMatchObject({ record: { id: '2' } })
  const schema = await collection.describe(signal)
  expect(schema.fields.get('id')).toMatchObject({ isReadOnly: true, isAssigned: true, isRequired: false })
})

test('a column that disappears halts with its name, and comes back without a restart', async () => {
  await bench.person.query("create table t (id serial primary key, name text); insert into t (name) values ('x')")
  const collection = open('t', ['name'])
  expect((await collection.sink?.read(['1'], signal))?.size).toBe(1)
  await bench.person.query('alter table t rename name to title')
  await expect(collection.sink?.read(['1'], signal)).rejects.toMatchObject({
    code: 'schema',
    message: expect.stringContaining('name'),
  })
  await expect(collection.sink?.read(['1'], signal)).rejects.toMatchObject({
    code: 'schema',
    message: expect.stringContaining('name'),
  })
  await bench.person.query('alter table t rename title to name')
  expect((await collection.sink?.read(['1'], signal))?.size).toBe(1)
})

test('an address where nothing answers, a wrong password, a wrong database', async () => {
  const codes = async (change: (url: URL) => void): Promise<string> => {
    const url = new URL(bench.url)
    change(url)
    await using wrong = bench.connect({ url: url.href, connect_timeout: '2s' })
    const error: unknown = await wrong.check(signal).catch((reason: unknown) => reason)
    if (!(error instanceof SyncError)) throw new Error('no SyncError')
    expect(error.message).not.toContain(url.password)
    return error.code
  }
  expect(await codes((url) => (url.port = '1'))).toBe('network')
  expect(await codes((url) => (url.password = 'wrong'))).toBe('unauthorized')
  expect(await codes((url) => (url.pathname = '/no_such_database'))).toBe('config')
})
