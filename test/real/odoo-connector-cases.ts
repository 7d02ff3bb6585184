import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import type { Change } from '../../src/contract/change.ts'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Cursor } from '../../src/contract/feed.ts'
import type { Fields, Value } from '../../src/contract/value.ts'
import { callAsPerson, connectOdoo, type OdooUnderTest, ownRecords } from '../connectors/odoo-setup.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'

const signal = new AbortController().signal
const READ_FIELDS = ['name', 'ref', 'comment', 'partner_latitude', 'active', 'parent_id', 'category_id', 'type']

/** What the connector does with a real Odoo. `reading` takes two minutes: time has to pass in it. */
export function describeOdooConnector(series: OdooSeries, protocol: Protocol, parts: { reading: boolean }): void {
  describe.skipIf(!hasRealOdoo(series))(`Odoo ${series} over ${protocol}`, () =>
    describeConnection(series, protocol, parts),
  )
}

function describeConnection(series: OdooSeries, protocol: Protocol, parts: { reading: boolean }): void {
  const real = realOdoo(series)
  const odoo: OdooUnderTest = { ...real, protocol }
  const isOld = series === '14'
  const sql = new pg.Pool({ connectionString: real.postgresUrl, max: 3 })
  let own = ownRecords(odoo)
  let connector: Connector
  let collection: Collection

  beforeAll(() => callAsPerson(odoo, 'res.partner', 'search_count', { domain: [] }))
  beforeEach(() => {
    own = ownRecords(odoo)
    connector = connectOdoo(odoo)
    collection = open()
  })
  afterEach(async () => {
    await connector[Symbol.asyncDispose]()
    await sql.query('delete from res_partner where ref like $1', [`${own.prefix}%`])
  })
  afterAll(() => sql.end())

  function open(more: { spec?: Fields; fields?: string[] } = {}): Collection {
    const spec = { model: 'res.partner', domain: own.domain, ...more.spec }
    return connector.collection({ spec, fields: more.fields ?? READ_FIELDS, consumer: 'test' })
  }

  async function drain(cursor: Cursor | null, depth: 'tail' | 'deep' = 'tail', limit = 500, from = collection) {
    const changes: Change[] = []
    let at = cursor
    for (;;) {
      const page = await feedOf(from).read({ cursor: at, limit, depth, nowMs: performance.now() }, signal)
      changes.push(...page.changes)
      at = page.cursor
      if (page.caughtUp) return { changes, cursor: at, ids: changes.map(idOf) }
    }
  }

  async function create(...refs: string[]): Promise<string[]> {
    const vals = refs.map((ref) => ({ name: `Contact ${ref}`, ref: own.prefix + ref }))
    const ids = await callAsPerson(odoo, 'res.partner', 'create', { vals_list: vals })
    return (ids as readonly Value[]).map(String)
  }

  const edit = (id: string | undefined, vals: Fields) =>
    callAsPerson(odoo, 'res.partner', 'write', { ids: [Number(id)], vals })

  /** Reads until nothing is hot any more, so that what comes after is only what a test does. */
  async function settled(from = collection): Promise<Cursor> {
    let { cursor } = await drain(null, 'tail', 500, from)
    for (let scans = 0; scans < 3; scans++) {
      await sleep(2100)
      cursor = (await drain(cursor, 'tail', 500, from)).cursor
    }
    return cursor
  }

  async function insertMany(count: number, secondsAgo: number): Promise<void> {
    // Modules add columns that may not be null: they get what an existing contact has.
    const { rows } = await sql.query<{ name: string }>(
      `select column_name as name from information_schema.columns
       where table_name = 'res_partner' and is_nullable = 'NO' and column_default is null`,
    )
    const added = rows.map(({ name }) => `, ${name}`).join('')
    const values = rows.map(({ name }) => `, (select min(${name}) from res_partner)`).join('')
    await sql.query(
      `insert into res_partner (name, ${series === '14' ? 'display_name' : 'complete_name'}, ref, active, type, create_date, write_date, create_uid, write_uid${added})
       select 'Many', 'Many', $1 || i, true, 'contact', at, at, 1, 1${values}
       from generate_series(1, $2::int) i, (select (now() - $3 * interval '1 second') at time zone 'utc' as at) clock`,
      [own.prefix, count, secondsAgo],
    )
  }

  describe.runIf(parts.reading)('reading by write_date', () => {
    test('an edit in the second of the poll that read the record is found, and is final later', async () => {
      const [id] = await create('a')
      let { cursor, changes } = await drain(null)
      expect(changes[0]).toMatchObject({ kind: 'state', state: { version: expect.stringMatching(/~$/) } })
      await edit(id, { name: 'Edited at once' })
      const versions: (string | null)[] = []
      for (let ticks = 0; ticks < 8; ticks++) {
        ;({ cursor, changes } = await drain(cursor))
        versions.push(...changes.map((change) => (change.kind === 'hint' ? change.version : 'not a hint')))
        await sleep(600)
      }
      expect(versions[0]).toMatch(/~$/)
      expect(versions.at(-1)).toMatch(/^\d+$/)
      expect((await drain(cursor)).ids).toEqual([])
      expect((await sinkOf(collection).read([id ?? ''], signal)).get(id ?? '')?.fields.name).toBe('Edited at once')
    })

    test('a transaction that commits behind the cursor is found by the deep scan', async () => {
      const [id] = await create('late', 'other')
      let cursor = await settled()
      const client = await sql.connect()
      await client.query('begin')
      await client.query("update res_partner set name = 'Late', write_date = now() at time zone 'utc' where id = $1", [
        id,
      ])
      await sleep(3000)
      const [newer] = await create('newer')
      let seen: string[] = []
      for (let ticks = 0; ticks < 4; ticks++) {
        const scan = await drain(cursor)
        cursor = scan.cursor
        seen = [...seen, ...scan.ids]
        await sleep(2100)
      }
      expect(new Set(seen)).toEqual(new Set([newer]))
      await client.query('commit')
      client.release()
      const tail = await drain(cursor)
      expect(tail.ids).toEqual([])
      const deep = await drain(tail.cursor, 'deep')
      expect(deep.ids).toContain(id)
    })

    test('20,000 rows with one write_date are each seen once, and then cost nothing', async () => {
      await insertMany(20_000, 60)
      const scan = await drain(null)
      expect(scan.ids.length).toBe(20_000)
      expect(new Set(scan.ids).size).toBe(20_000)
      expect(scan.ids).toEqual([...scan.ids].sort((a, b) => Number(a) - Number(b)))
      await sleep(2500)
      // While the clock was not known to be past them, their versions were not final: told once more, as hints.
      const again = await drain(scan.cursor)
      expect(again.changes.every((change) => change.kind === 'hint')).toBe(true)
      await sleep(2500)
      const { cursor } = await drain(again.cursor)
      await sleep(100)
      const idle = await feedOf(collection).read({ cursor, limit: 500, depth: 'tail', nowMs: 0 }, signal)
      expect(idle).toMatchObject({ changes: [], caughtUp: true })
    })

    test('an import of 20,000 rows is read in one further scan, and idle ticks return nothing', async () => {
      const cursor = await settled()
      await insertMany(20_000, 0)
      await create('after')
      const scan = await drain(cursor)
      expect(new Set(scan.ids).size).toBe(20_001)
      await sleep(2500)
      const final = await drain(scan.cursor)
      expect(new Set(final.ids).size).toBe(20_001)
      expect(final.changes.every((change) => change.kind === 'hint' && !change.version?.endsWith('~'))).toBe(true)
      await sleep(4500)
      const next = await drain(final.cursor)
      await sleep(100)
      expect((await drain(next.cursor)).ids).toEqual([])
    })

    test('edits between two pages are found, whichever side of the position they are on', async () => {
      const ids = await create(...Array.from({ length: 9 }, (_, index) => `p${index}`))
      const { feed, sink } = { feed: feedOf(collection), sink: sinkOf(collection) }
      const first = await feed.read({ cursor: null, limit: 3, depth: 'tail', nowMs: 0 }, signal)
      await edit(ids[0], { name: 'Behind' })
      await edit(ids[8], { name: 'Ahead' })
      await using restarted = connectOdoo(odoo)
      const other = restarted.collection({
        spec: { model: 'res.partner', domain: own.domain },
        fields: READ_FIELDS,
        consumer: 'test',
      })
      const rest = await drain(first.cursor, 'tail', 3, other)
      expect(rest.ids).toEqual(ids.slice(3))
      expect(rest.changes.at(-1)).toMatchObject({ state: { fields: { name: 'Ahead' } } })
      expect((await drain(rest.cursor, 'tail', 3, other)).ids).toContain(ids[0])
      expect((await sink.read(ids.slice(0, 1), signal)).get(ids[0] ?? '')?.fields.name).toBe('Behind')
    })

    test('the first record of an empty collection is found', async () => {
      const { cursor, ids } = await drain(null)
      expect(ids).toEqual([])
      const [id] = await create('first')
      expect((await drain(cursor)).ids).toEqual([id])
    })

    test('archived, moved out of the domain and deleted are three different things', async () => {
      collection = open({ spec: { domain: [...own.domain, ['city', '!=', 'OUT']] } })
      const [archived = '', moved = '', deleted = ''] = await create('x', 'y', 'z')
      const cursor = (await drain(null)).cursor
      await edit(archived, { active: false })
      await edit(moved, { city: 'OUT' })
      await callAsPerson(odoo, 'res.partner', 'unlink', { ids: [Number(deleted)] })
      expect((await drain(cursor)).ids).toEqual([archived])
      const listed = (await feedOf(collection).list?.(null, 100, signal))?.entries.map(({ id }) => id)
      expect(listed).toEqual([archived])
      const states = await sinkOf(collection).read([archived, moved, deleted, '999999999', 'x'], signal)
      expect([...states.keys()].sort()).toEqual([archived, moved].sort())
      expect(states.get(archived)?.fields.active).toBe(false)
    })

    test('a record that a rule hides is not taken for a deleted one', async () => {
      // Somebody's own filter: readable by nobody else.
      const { rows } = await sql.query<{ id: number }>('select id from res_users where login = $1', [odoo.personLogin])
      const owner = rows[0]?.id ?? 0
      const ofOwner: Fields = isOld ? { user_id: owner } : { user_ids: [[6, 0, [owner]]] }
      const vals_list = [{ name: own.prefix, model_id: 'res.partner', ...ofOwner }]
      const made = await callAsPerson(odoo, 'ir.filters', 'create', { vals_list })
      const hidden = String((made as readonly Value[])[0])
      const spec = { model: 'ir.filters', domain: [] }
      const states = await sinkOf(open({ spec, fields: ['name'] })).read([hidden, '999999999'], signal)
      await callAsPerson(odoo, 'ir.filters', 'unlink', { ids: [Number(hidden)] })
      expect([...states.entries()]).toEqual([
        [hidden, { id: hidden, version: null, changedAtMs: null, byUs: null, fields: {} }],
      ])
    })

    test('a model without write_date is refused by name', async () => {
      const keys = open({ spec: { model: 'res.users.apikeys', domain: [] }, fields: ['name'] })
      const failure = await failureOf(sinkOf(keys).read(['1'], signal))
      expect(failure.code).toBe('schema')
      expect(failure.message).toContain('write_date')
    })
  })

  describe('writing', () => {
    test('what Odoo makes of values is read back as it is stored', async () => {
      const stored = isOld
        ? { comment: 'hello<script>alert(1)</script>', partner_latitude: 1.23457 }
        : { comment: '<p>hello</p>', partner_latitude: 1.2345679 }
      const sink = sinkOf(collection)
      const [outcome] = await sink.apply(
        [
          {
            kind: 'create',
            fields: {
              name: 'Stored',
              ref: `${own.prefix}s`,
              comment: 'hello<script>alert(1)</script>',
              partner_latitude: 1.23456789,
            },
          },
        ],
        signal,
      )
      expect(outcome).toMatchObject({
        kind: 'done',
        isOurs: true,
        record: { byUs: true, fields: { ...stored, parent_id: null } },
      })
      const id = outcome?.kind === 'done' ? (outcome.record?.id ?? '') : ''
      const [other] = await create('other')
      const fields = (comment: string) => ({ comment, partner_latitude: '0.00000001', category_id: [] })
      const outcomes = await sink.apply(
        [
          { kind: 'update', id, fields: fields('<b onclick="x">b</b>'), expected: null },
          { kind: 'update', id: other ?? '', fields: { parent_id: Number(id) }, expected: null },
        ],
        signal,
      )
      expect(outcomes[0]).toMatchObject({ kind: 'done', record: { fields: { partner_latitude: 0 } }, isOurs: true })
      expect(outcomes[1]).toMatchObject({ kind: 'done', record: { fields: { parent_id: Number(id) } }, isOurs: true })
      const read = await sink.read([id, other ?? ''], signal)
      for (const one of outcomes) {
        if (one.kind === 'done' && one.record !== null)
          expect(read.get(one.record.id)?.fields).toEqual(one.record.fields)
      }
    })

    test('who made a record is told, whoever wrote it since', async () => {
      const sink = sinkOf(collection)
      const [made] = await sink.apply([{ kind: 'create', fields: { name: 'Ours', ref: `${own.prefix}m` } }], signal)
      const id = made?.kind === 'done' ? (made.record?.id ?? '') : ''
      const [other = ''] = await create('other')
      await callAsPerson(odoo, 'res.partner', 'write', { ids: [Number(id)], vals: { name: 'Theirs' } })
      await sink.apply([{ kind: 'update', id: other, fields: { name: 'Ours' }, expected: null }], signal)
      const births = await sink.births?.([id, other], signal)
      expect([births?.get(id)?.byUs, births?.get(other)?.byUs]).toEqual([true, false])
    })

    test('a missing record in a batch is `gone`, the others are written, and a missing reference is not "gone"', async () => {
      const sink = sinkOf(collection)
      const [a = '', b = ''] = await create('a', 'b')
      const update = (id: string, name: string) => ({ kind: 'update', id, fields: { name }, expected: null }) as const
      const unequal = await sink.apply([update(a, 'A2'), update('999999999', 'X'), update(b, 'B2')], signal)
      expect(unequal.map(({ kind }) => kind)).toEqual(['done', 'gone', 'done'])
      const equal = await sink.apply([update(a, 'Same'), update('999999999', 'Same'), update(b, 'Same')], signal)
      expect(equal.map(({ kind }) => kind)).toEqual(['done', 'gone', 'done'])
      const failure = await failureOf(
        sink.apply([{ kind: 'update', id: a, fields: { parent_id: 999_999_999 }, expected: null }], signal),
      )
      expect(failure).toMatchObject({ disposition: 'park', inDoubt: false })
      const removed = await sink.apply(
        [
          { kind: 'remove', id: a },
          { kind: 'remove', id: '999999999' },
        ],
        signal,
      )
      expect(removed.map(({ kind }) => kind)).toEqual(['done', 'gone'])
    })

    test('values that Odoo would swallow are rejected alone', async () => {
      const [a = '', b = ''] = await create('a', 'b')
      const outcomes = await sinkOf(collection).apply(
        [
          { kind: 'update', id: a, fields: { parent_id: 'nonsense' }, expected: null },
          { kind: 'update', id: b, fields: { name: 'B' }, expected: null },
        ],
        signal,
      )
      expect(outcomes).toMatchObject([{ kind: 'rejected', error: { code: 'invalid' } }, { kind: 'done' }])
    })

    test('nothing is logged, nobody is subscribed', async () => {
      const fields = { name: 'Quiet', ref: `${own.prefix}q` }
      const [outcome] = await sinkOf(collection).apply([{ kind: 'create', fields }], signal)
      const id = outcome?.kind === 'done' ? Number(outcome.record?.id) : 0
      const { rows } = await sql.query(
        `select (select count(*)::int from mail_message where model = 'res.partner' and res_id = $1) messages,
                (select count(*)::int from mail_followers where res_model = 'res.partner' and res_id = $1) followers`,
        [id],
      )
      expect(rows).toEqual([{ messages: 0, followers: 0 }])
    })
  })

  describe('errors', () => {
    test('a wrong key is `unauthorized`, a wrong database is named, and neither shows the key', async () => {
      await using wrongKey = connectOdoo({ ...odoo, apiKey: 'wrong-canary', password: 'wrong-canary' })
      const failure = await failureOf(wrongKey.check(signal))
      expect(failure).toMatchObject({ code: 'unauthorized', inDoubt: false })
      await using wrongDatabase = connectOdoo({ ...odoo, database: 'nowhere' })
      const other = await failureOf(wrongDatabase.check(signal))
      // Beside JSON-2, Odoo only says that the database failed, which may pass.
      expect(other.code).toBe(protocol === 'json2' || (protocol === 'session' && !isOld) ? 'config' : 'server')
      expect(JSON.stringify([failure, failure.message, other.message])).not.toMatch(/canary|Traceback/)
    })

    test('an unknown field, in the mapping or in its filter, is `schema`', async () => {
      for (const unknown of [open({ fields: ['nope'] }), open({ spec: { domain: [['nope', '=', 1]] } })]) {
        const failure = await failureOf(
          feedOf(unknown).read({ cursor: null, limit: 5, depth: 'tail', nowMs: 0 }, signal),
        )
        expect(failure.code).toBe('schema')
        expect(failure.message).toContain('nope')
        const problems = await unknown.check({ create: false, update: false, remove: false }, signal)
        expect(problems).toMatchObject([{ severity: 'error', message: expect.stringContaining('nope') }])
      }
      const fields = { name: 'X', nope: 1 }
      expect((await failureOf(sinkOf(collection).apply([{ kind: 'create', fields }], signal))).code).toBe('schema')
    })

    test('no right on the model is `forbidden`, and check says it beforehand', async () => {
      const users = open({ spec: { model: 'res.users', domain: [] }, fields: ['name', 'login'] })
      const create = sinkOf(users).apply([{ kind: 'create', fields: { name: 'x', login: 'x' } }], signal)
      expect(await failureOf(create)).toMatchObject({ code: 'forbidden', inDoubt: false })
      const problems = await users.check({ create: true, update: true, remove: false }, signal)
      expect(problems.map(({ message }) => message)).toEqual([
        'Our user may not create res.users',
        'Our user may not write res.users',
      ])
    })

    test('the report names server, user and identity', async () => {
      const report = await connector.check(signal)
      expect(report.server).toMatch(/^Odoo 1\d/)
      expect(report.problems).toEqual([])
      expect(Math.abs(report.clockOffsetMs ?? Number.NaN)).toBeLessThan(5000)
      const { personLogin: login, personKey: apiKey, personPassword: password } = real
      await using administrator = connectOdoo({ ...odoo, login, apiKey, password })
      const theirs = await administrator.check(signal)
      expect(theirs.identity?.traits.uuid).toMatch(/^[0-9a-f-]{36}$/)
      expect(Object.keys(report.identity?.traits ?? {})).toEqual(['born'])
      expect(report.identity?.traits.born).toBe(theirs.identity?.traits.born)
      expect(theirs.problems).toMatchObject([
        { severity: 'warning', message: expect.stringContaining('administrator') },
      ])
    })

    test('the last writer of a record is told by name', async () => {
      const [id = 0] = (await callAsPerson(odoo, 'res.partner', 'create', {
        vals_list: [{ name: 'Ann', ref: `${own.prefix}-W` }],
      })) as number[]
      const [row] = (await callAsPerson(odoo, 'res.partner', 'read', {
        ids: [id],
        fields: ['write_uid'],
      })) as unknown as { write_uid: [number, string] }[]
      const writers = await collection.sink?.writers?.([String(id), '999999999', 'x'], signal)
      expect(writers).toEqual(new Map([[String(id), row?.write_uid[1]]]))
      expect(row?.write_uid[1]).toMatch(/\w/)
    })

    test('describe tells what can be written', async () => {
      const { fields } = await collection.describe(signal)
      const readOnly = (name: string) => fields.get(name)?.isReadOnly
      expect(['id', 'write_date', 'email_formatted', 'commercial_partner_id', 'display_name'].map(readOnly)).toEqual(
        Array(5).fill(true),
      )
      expect(['name', 'active', 'company_type', 'parent_id', 'category_id'].map(readOnly)).toEqual(Array(5).fill(false))
      expect(fields.get('partner_latitude')).toMatchObject({ type: 'decimal', scale: isOld ? 5 : 7 })
      expect(fields.get('type')?.options).toContain('invoice')
      expect(fields.get('parent_id')).toMatchObject({ type: 'reference', relation: 'res.partner' })
    })
  })
}

function idOf(change: Change): string {
  return change.kind === 'state' ? change.state.id : change.id
}

function feedOf(collection: Collection) {
  if (collection.feed === null) throw new Error('no feed')
  return collection.feed
}

function sinkOf(collection: Collection) {
  if (collection.sink === null) throw new Error('no sink')
  return collection.sink
}

async function failureOf(call: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(SyncError)
  return error as SyncError
}
