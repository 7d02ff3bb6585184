import { createHash, randomBytes } from 'node:crypto'
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
  await bench.person.query('create table f (id serial primary key, code text unique, body bytea, more bytea)')
})

afterEach(async () => {
  await connector[Symbol.asyncDispose]()
  await bench.tearDown()
})

function open(capture = 'none', contents = true): Collection {
  const spec = { table: `${quoted(bench.schema)}.f`, capture }
  return connector.collection({ spec, fields: ['code', 'body', 'more'], contents, key: 'code', consumer: 'test' })
}

function refOf(bytes: Buffer, algorithm = 'sha256'): { checksum: string; size: number } {
  return { checksum: `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`, size: bytes.length }
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

async function apply(...operations: Operation[]): Promise<readonly Outcome[]> {
  return (await open().sink?.apply(operations, signal)) ?? []
}

function fieldsOf(outcome: Outcome | undefined): Fields | undefined {
  return outcome?.kind === 'done' ? outcome.record?.fields : undefined
}

async function bytesOf(id: string, field = 'body'): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of open().sink?.openContent?.(id, field, signal) ?? []) {
    expect(piece.length).toBeLessThanOrEqual(1_000_000)
    all.push(piece)
  }
  return Buffer.concat(all)
}

async function stored(): Promise<readonly (readonly [string, Buffer | null, Buffer | null])[]> {
  const { rows } = await bench.person.query('select code, body, more from f order by code')
  return rows.map(({ code, body, more }) => [code, body, more])
}

const files: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['a byte', Buffer.from([0])],
  ['a slice exactly', randomBytes(250_000)],
  ['a slice and a byte', randomBytes(250_001)],
  ['several slices', randomBytes(2_100_000)],
  ['what packs well', Buffer.alloc(3_000_000, 'tandem ')],
]

test.each(files)('%s is read as digest and size, and in pieces', async (_name, bytes) => {
  await bench.person.query('insert into f (body) values ($1), (null)', [bytes])
  const states = await open().sink?.read(['1', '2'], signal)
  expect(states?.get('1')?.fields).toEqual({ code: null, body: refOf(bytes), more: null })
  expect(states?.get('2')?.fields).toEqual({ code: null, body: null, more: null })
  expect((await bytesOf('1')).equals(bytes)).toBe(true)
  expect(await bytesOf('2')).toHaveLength(0)
  expect(await bytesOf('3')).toHaveLength(0)
  expect(await bytesOf('x')).toHaveLength(0)
})

test.each(files)('%s is written from pieces', async (_name, bytes) => {
  const fields = { code: 'a', body: refOf(bytes, 'sha1') }
  const [outcome] = await apply({ kind: 'create', fields, open: () => inPieces(bytes, 77_777) })
  expect(fieldsOf(outcome)).toEqual({ code: 'a', body: refOf(bytes), more: null })
  expect((await stored())[0]?.[1]?.equals(bytes)).toBe(true)
})

test('files, base64 and nothing go together in one batch', async () => {
  const [one, two, three] = [randomBytes(300_000), randomBytes(10), randomBytes(20)]
  const outcomes = await apply(
    { kind: 'create', fields: { code: 'a', body: refOf(one, 'sha1') }, open: () => inPieces(one, 50_000) },
    {
      kind: 'create',
      fields: { code: 'b', body: refOf(two, 'sha1'), more: refOf(three, 'sha1') },
      open: (field) => inPieces(field === 'body' ? two : three, 4),
    },
    { kind: 'create', fields: { code: 'c', body: three.toString('base64') } },
    { kind: 'create', fields: { code: 'd', body: null } },
  )
  expect(outcomes.map((outcome) => fieldsOf(outcome)?.body)).toEqual([refOf(one), refOf(two), refOf(three), null])
  expect(await stored()).toEqual([
    ['a', one, null],
    ['b', two, three],
    ['c', three, null],
    ['d', null, null],
  ])
})

test('an update compares the digest of what is there, in its own transaction', async () => {
  const [old, next, other] = [randomBytes(100), randomBytes(200), randomBytes(300)]
  await bench.person.query(`insert into f (code, body) values ('a', $1), ('b', $1), ('c', null), ('d', $2)`, [
    old,
    other,
  ])
  const update = (id: string, body: Value, expected: Value): Operation => ({
    kind: 'update',
    id,
    fields: { body },
    expected: { body: expected },
    ...(body === null ? {} : { open: () => inPieces(next, 64) }),
  })
  const to = refOf(next, 'sha1')
  const outcomes = await apply(
    update('1', to, refOf(old)),
    update('2', to, refOf(other)),
    update('3', to, null),
    update('4', to, null),
  )
  expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'stale', 'done', 'stale'])
  expect(fieldsOf(outcomes[0])?.body).toEqual(refOf(next))
  expect((await stored()).map(([, body]) => body)).toEqual([next, old, next, other])
  const [emptied, stale] = await apply(update('1', null, refOf(next)), update('3', null, refOf(old)))
  expect([emptied?.kind, stale?.kind]).toEqual(['done', 'stale'])
  expect((await stored()).map(([, body]) => body)).toEqual([null, old, next, other])
})

test('a stream that fails leaves nothing, and the connection is as before', async () => {
  const bytes = randomBytes(900_000)
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield* inPieces(bytes.subarray(0, 700_000), 100_000)
    throw new SyncError('changed', 'another file by now')
  }
  const create: Operation = { kind: 'create', fields: { code: 'a', body: refOf(bytes) }, open: failing }
  await expect(apply(create)).rejects.toMatchObject({ code: 'changed', inDoubt: false })
  expect(await stored()).toEqual([])
  const [outcome] = await apply({ ...create, open: () => inPieces(bytes, 100_000) })
  expect(outcome?.kind).toBe('done')
  const { rows } = await bench.person.query(`select from pg_class where relname = 'tandem_content'`)
  expect(rows).toEqual([])
})

test('no row is locked while a file is on its way', async () => {
  const bytes = randomBytes(1000)
  await bench.person.query(`insert into f (code) values ('a')`)
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 500)
    await bench.person.query(`update f set code = 'b'`)
    yield bytes.subarray(500)
  }
  const [outcome] = await apply({
    kind: 'update',
    id: '1',
    fields: { body: refOf(bytes) },
    expected: { body: null },
    open: slow,
  })
  expect(fieldsOf(outcome)).toMatchObject({ code: 'b', body: refOf(bytes) })
})

test('the capture tells of a change of a file by its digest', async () => {
  const collection = open('triggers')
  await collection.prepare?.(signal)
  const read = async (cursor: string | null) =>
    collection.feed?.read({ cursor, limit: 10, depth: 'deep', nowMs: 0 }, signal)
  let page = await read(null)
  while (page && !page.caughtUp) page = await read(page.cursor)
  const bytes = randomBytes(100)
  await bench.person.query(`insert into f (code, body) values ('a', $1)`, [bytes])
  page = await read(page?.cursor ?? null)
  expect(page?.changes).toMatchObject([{ kind: 'state', state: { fields: { body: refOf(bytes) } } }])
})

test('files are base64 for who does not take references', async () => {
  const bytes = randomBytes(10)
  await bench.person.query('insert into f (body) values ($1)', [bytes])
  const states = await open('none', false).sink?.read(['1'], signal)
  expect(states?.get('1')?.fields.body).toBe(bytes.toString('base64'))
})
