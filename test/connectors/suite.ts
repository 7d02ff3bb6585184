import { describe, expect, type TestContext, test } from 'vitest'
import { type Change, isSameVersion, type RecordId, type RecordState } from '../../src/contract/change.ts'
import type { Collection, CollectionRequest, Connector } from '../../src/contract/connector.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Cursor, Feed } from '../../src/contract/feed.ts'
import type { Operation, Outcome, Sink } from '../../src/contract/sink.ts'
import type { Fields, Value } from '../../src/contract/value.ts'

/** Edits the system behind the connector's back, as its users do. */
export interface Person {
  insert(fields: Fields): Promise<RecordId> | RecordId
  edit(id: RecordId, fields: Fields): unknown
  remove(id: RecordId): unknown
}

/** Names of writable fields by what they hold. `text` need not be unique and holds at least 250 characters. */
export interface FieldRoles {
  /** The business key: unique where the system can do that. */
  readonly key: string
  readonly text: string
  readonly html?: string
  readonly integer?: string
  readonly decimal?: string
  readonly boolean?: string
  readonly date?: string
  readonly datetime?: string
  readonly selection?: string
  readonly reference?: string
  readonly json?: string
  readonly binary?: string
}
type ValueRole = Exclude<keyof FieldRoles, 'key'>

export interface ConnectorSetup {
  readonly connector: Connector
  /** Another connector to the same system, as after a restart. The suite disposes of it. */
  reconnect(): Promise<Connector> | Connector
  /** A collection in which no record exists yet. Its `fields` hold at least all of the roles. */
  readonly request: CollectionRequest
  /** The spec of a collection that does not exist, and the name that a message about it must hold. */
  readonly missing: { readonly spec: unknown; readonly name: string }
  readonly fields: FieldRoles
  readonly person: Person
  /** The n-th key, different for each n, n from 1. "K1" … unless given. */
  readonly keyValue?: (n: number) => Value
  /** What else a record needs to exist, and to be in the collection. */
  readonly required?: Fields
  /** The values of a role to write and read back. `selection` and `reference` have none of their own. */
  readonly values?: Partial<Record<ValueRole, readonly Value[]>>
  /** What the system makes of a value that it stores; the value itself unless given. */
  readonly stored?: (role: ValueRole, value: Value) => Value
  /** Values for which the system refuses a record, alone or in a batch. Absent: there are none. */
  readonly refused?: Fields
  /** Values that put a record outside the collection's filter. Absent: the collection has none. */
  readonly outside?: Fields
  /** Whether an undisturbed write is known as ours. True unless given. */
  readonly isOurs?: boolean
  /** Lets the system's clock pass the second in which versions are hot. */
  settle?(): Promise<void> | void
  tearDown?(): Promise<void> | void
}

/** What a case works with: the set-up, its collection, and short ways to ask it. */
interface Bench {
  readonly setup: ConnectorSetup
  readonly collection: Collection
  readonly fields: FieldRoles
  readonly person: Person
  readonly feed: Feed
  readonly sink: Sink
  readonly skip: (reason: string) => never
  /** The n-th record's fields, with `more` on top. */
  readonly draft: (n: number, more?: Fields) => Fields
  readonly key: (n: number) => Value
  readonly insertMany: (count: number) => Promise<RecordId[]>
  readonly open: (change: Partial<CollectionRequest>) => Collection
  readonly apply: (...operations: Operation[]) => Promise<readonly Outcome[]>
}
type Case = (bench: Bench) => Promise<void>

const MAX_PAGES = 500
const WATCH_TIMEOUT_MS = 15_000
const LARGEST_BATCH = 500
const TRICKY_TEXTS = [
  "it's",
  '"quoted"',
  '100%',
  'a_b',
  'back\\slash',
  '$1 :name ?',
  'Zoë Ünïcødé',
  '日本語',
  'smile 😀',
  '<b>&amp;',
  '[1,2]',
  '007',
  'null',
]
const VALUES: Record<ValueRole, readonly Value[]> = {
  text: ['plain', ...TRICKY_TEXTS, 'two\nlines', 'x'.repeat(250), null],
  html: ['<p>bold</p>', null],
  integer: [1, 0, -5, 2_147_483_647, null],
  decimal: [0.5, 1234.56, -0.25, 0, 3, null],
  boolean: [true, false],
  date: ['2026-11-21', '1999-12-31', '2024-02-29', null],
  datetime: ['2026-11-21T08:30:00Z', '1999-12-31T23:59:59Z', '2026-03-29T01:30:00Z', null],
  selection: [],
  reference: [],
  json: [{ a: [1, null, 'x'], b: { c: true } }, ['y'], null],
  binary: [Buffer.from([0, 1, 254, 255]).toString('base64'), null],
}
const signal = new AbortController().signal

// ---- Asking a feed

interface Drained {
  readonly changes: readonly Change[]
  readonly cursor: Cursor
}

/** Reads until the feed has caught up. */
async function drain(
  feed: Feed,
  cursor: Cursor | null,
  limit = 100,
  depth: (page: number) => 'tail' | 'deep' = () => 'tail',
): Promise<Drained> {
  const changes: Change[] = []
  let at = cursor
  for (let pages = 1; pages <= MAX_PAGES; pages++) {
    const page = await feed.read({ cursor: at, limit, depth: depth(pages), nowMs: performance.now() }, signal)
    expect(page.changes.length, 'changes in a page').toBeLessThanOrEqual(limit)
    changes.push(...page.changes)
    at = page.cursor
    if (page.caughtUp) return { changes, cursor: at }
  }
  throw new Error(`The feed did not catch up in ${MAX_PAGES} pages.`)
}

/** Reads until caught up, and once more: a scan need not go back to what changed behind it, the next one must. */
async function drainTwice(feed: Feed, cursor: Cursor | null, limit = 100): Promise<Drained> {
  const first = await drain(feed, cursor, limit)
  const second = await drain(feed, first.cursor, limit)
  return { changes: [...first.changes, ...second.changes], cursor: second.cursor }
}

function idOf(change: Change): RecordId {
  return change.kind === 'state' ? change.state.id : change.id
}

function idsOf(changes: readonly Change[]): RecordId[] {
  return changes.map(idOf)
}

/** What `changes` tell last about each record, hints followed by a read; null: gone. */
async function lookAt(bench: Bench, changes: readonly Change[]): Promise<Map<RecordId, RecordState | null>> {
  const last = new Map(changes.map((change) => [idOf(change), change]))
  const hints = [...last.values()].filter((change) => change.kind === 'hint').map(idOf)
  const read = hints.length === 0 ? new Map<RecordId, RecordState>() : await bench.sink.read(hints, signal)
  return new Map([...last].map(([id, change]) => [id, change.kind === 'state' ? change.state : (read.get(id) ?? null)]))
}

async function listAll(bench: Bench, limit: number, between: () => unknown = () => null) {
  const { feed } = bench
  if (feed.list === undefined) return bench.skip('the system cannot list its records')
  const entries: { id: RecordId; version: string | null }[] = []
  let after: string | null = null
  for (let pages = 1; pages <= MAX_PAGES; pages++) {
    const listing = await feed.list(after, limit, signal)
    expect(listing.entries.length, 'entries in a page').toBeLessThanOrEqual(limit)
    entries.push(...listing.entries)
    after = listing.after
    if (after === null) return entries
    await between()
  }
  throw new Error(`The listing did not end in ${MAX_PAGES} pages.`)
}

// ---- Judging answers

function isHot(version: string | null): boolean {
  return version === null || version.endsWith('~')
}

function expectSameVersion(a: string | null, b: string | null): void {
  if (!isHot(a) && !isHot(b)) expect(a).toBe(b)
}

function doneRecord(outcome: Outcome | undefined): RecordState {
  if (outcome?.kind === 'rejected') throw outcome.error
  expect(outcome?.kind).toBe('done')
  if (outcome?.kind !== 'done' || outcome.record === null) throw new Error('The outcome has no record.')
  return outcome.record
}

async function failureOf(work: () => Promise<unknown> | unknown): Promise<SyncError> {
  try {
    await work()
  } catch (error) {
    expect(error, 'what crosses the contract').toBeInstanceOf(SyncError)
    return error as SyncError
  }
  throw new Error('It should have failed.')
}

/** An id that once was a record's. */
async function absentId(bench: Bench): Promise<RecordId> {
  const id = await bench.person.insert(bench.draft(900))
  await bench.person.remove(id)
  return id
}

async function findKeys(bench: Bench, field: string, values: readonly Value[], isFolded = false): Promise<Value[]> {
  const fold = { case: isFolded, space: isFolded }
  const found = await bench.sink.find({ field, values, fold }, signal)
  return found.map((record) => record.fields[bench.fields.key] ?? null)
}

// ---- Cases

const CONNECTION_CASES = {
  'check of the connection finds no errors, and names the same database again': async ({ setup }) => {
    const report = await setup.connector.check(signal)
    expect(report.problems.filter((problem) => problem.severity === 'error')).toEqual([])
    if (report.clockOffsetMs !== null) expect(Number.isFinite(report.clockOffsetMs)).toBe(true)
    await using again = await setup.reconnect()
    const identity = (await again.check(signal)).identity
    expect(identity?.traits).toEqual(report.identity?.traits)
    for (const [name, mark] of Object.entries(report.identity?.marks ?? {})) {
      expect(identity?.marks[name], name).toBeGreaterThanOrEqual(mark)
    }
    const first = (await setup.connector.drawMarks?.(signal)) ?? {}
    const second = (await again.drawMarks?.(signal)) ?? {}
    for (const [name, mark] of Object.entries(first)) expect(second[name], name).toBeGreaterThan(mark)
  },
  'describe gives every field with its type': async ({ setup, collection, fields }) => {
    const schema = await collection.describe(signal)
    expect(schema.name).not.toBe('')
    for (const name of setup.request.fields) expect(schema.fields.get(name)?.name, name).toBe(name)
    for (const [role, name] of Object.entries(fields)) {
      if (role !== 'key') expect(schema.fields.get(name)?.type, name).toBe(role)
      expect(schema.fields.get(name)?.isReadOnly, name).toBe(false)
    }
    expect(await collection.describe(signal)).toEqual(schema)
  },
  'check of a collection that we may use finds no errors': async ({ collection }) => {
    const needs = { create: true, update: true, remove: true }
    const problems = await collection.check(needs, signal)
    expect(problems.filter((problem) => problem.severity === 'error')).toEqual([])
  },
  'a missing collection is named, by check and by every call': async (bench) => {
    const missing = bench.open({ spec: bench.setup.missing.spec })
    const { name } = bench.setup.missing
    const described = await failureOf(() => missing.describe(signal))
    expect(described.code).toBe('schema')
    expect(described.message).toContain(name)
    const needs = { create: true, update: true, remove: true }
    const told = await missing.check(needs, signal).then(
      (problems) => problems.filter(({ severity }) => severity === 'error').map(({ message }) => message),
      (error: unknown) => [(error as SyncError).message],
    )
    expect(told.join()).toContain(name)
    expect((await failureOf(() => missing.sink?.read(['1'], signal) ?? described)).code).toBe('schema')
  },
  'a missing field stops reading with `schema`, and is named': async (bench) => {
    const id = await bench.person.insert(bench.draft(1))
    const open = bench.open({ fields: [...bench.setup.request.fields, 'no_such_field'] })
    const failure = await failureOf(() => open.sink?.read([id], signal) ?? bench.skip('no sink'))
    expect(failure.code).toBe('schema')
    expect(failure.message).toContain('no_such_field')
  },
  'a spec that makes no sense is refused with `config`': async (bench) => {
    expect((await failureOf(() => bench.open({ spec: 42 }))).code).toBe('config')
  },
  'prepare may be repeated, and what existed before it is read': async (bench) => {
    const ids = await bench.insertMany(2)
    const late = bench.open({ consumer: 'late' })
    await late.prepare?.(signal)
    await late.prepare?.(signal)
    if (late.feed === null) return bench.skip('no feed')
    expect(idsOf((await drain(late.feed, null)).changes).sort()).toEqual([...ids].sort())
  },
} satisfies Record<string, Case>

const FEED_CASES = {
  'an empty collection is caught up at once': async ({ feed }) => {
    const { changes, cursor } = await drain(feed, null)
    expect(changes).toEqual([])
    expect((await drain(feed, cursor)).changes).toEqual([])
  },
  'from the start, every record is told exactly once, whatever the page size': async (bench) => {
    const ids = await bench.insertMany(7)
    for (const limit of [1, 2, 3, 7, 100]) {
      const { changes } = await drain(bench.feed, null, limit)
      expect(idsOf(changes).sort(), `limit ${limit}`).toEqual([...ids].sort())
    }
  },
  'a told state holds the fields asked for, as a read does': async (bench) => {
    const [id = ''] = await bench.insertMany(1)
    const seen = (await lookAt(bench, (await drain(bench.feed, null)).changes)).get(id)
    const read = (await bench.sink.read([id], signal)).get(id)
    for (const name of bench.setup.request.fields) expect(seen?.fields, name).toHaveProperty([name])
    expect(seen?.fields).toEqual(read?.fields)
    expect(seen?.fields).toMatchObject(bench.draft(1))
    expectSameVersion(seen?.version ?? null, read?.version ?? null)
  },
  'a page that is read again loses nothing': async (bench) => {
    const ids = await bench.insertMany(5)
    const request = { cursor: null, limit: 2, depth: 'tail', nowMs: 0 } as const
    const first = await bench.feed.read(request, signal)
    const again = await bench.feed.read(request, signal)
    expect(idsOf(again.changes)).toEqual(idsOf(first.changes))
    const second = await bench.feed.read({ ...request, cursor: first.cursor }, signal)
    await bench.feed.read({ ...request, cursor: second.cursor }, signal)
    const rest = await drain(bench.feed, first.cursor, 2)
    expect([...new Set(idsOf([...first.changes, ...rest.changes]))].sort()).toEqual([...ids].sort())
  },
  'changes between two pages are told': async (bench) => {
    const { feed, person, fields } = bench
    const ids = await bench.insertMany(6)
    const first = await feed.read({ cursor: null, limit: 3, depth: 'tail', nowMs: 0 }, signal)
    for (const id of ids) await person.edit(id, { [fields.text]: `edited ${id}` })
    const fresh = await person.insert(bench.draft(7))
    const rest = await drainTwice(feed, first.cursor, 3)
    const seen = await lookAt(bench, [...first.changes, ...rest.changes])
    for (const id of ids) expect(seen.get(id)?.fields[fields.text]).toBe(`edited ${id}`)
    expect(seen.has(fresh)).toBe(true)
  },
  'edits and inserts after the feed has caught up are told': async (bench) => {
    const { feed, person, fields } = bench
    const [id = ''] = await bench.insertMany(3)
    let { cursor } = await drain(feed, null)
    for (const text of ['first', 'second', 'third']) {
      await person.edit(id, { [fields.text]: text })
      const next = await drain(feed, cursor)
      expect((await lookAt(bench, next.changes)).get(id)?.fields[fields.text]).toBe(text)
      cursor = next.cursor
    }
    const fresh = await person.insert(bench.draft(4))
    expect(idsOf((await drain(feed, cursor)).changes)).toContain(fresh)
  },
  'a deep scan tells what a tail scan tells, also where the two alternate': async (bench) => {
    const ids = await bench.insertMany(5)
    const start = await drain(bench.feed, null, 2, (page) => (page % 2 === 0 ? 'deep' : 'tail'))
    expect(idsOf(start.changes).sort()).toEqual([...ids].sort())
    for (const id of ids) await bench.person.edit(id, { [bench.fields.text]: 'deep' })
    const deep = await drain(bench.feed, start.cursor, 2, (page) => (page === 1 ? 'deep' : 'tail'))
    const seen = await lookAt(bench, deep.changes)
    for (const id of ids) expect(seen.get(id)?.fields[bench.fields.text]).toBe('deep')
  },
  'a quiet system is caught up in one page of usual size, and nothing in it is gone': async (bench) => {
    await bench.insertMany(5)
    const { cursor } = await drain(bench.feed, null)
    const page = await bench.feed.read({ cursor, limit: 100, depth: 'tail', nowMs: 0 }, signal)
    expect(page.caughtUp).toBe(true)
    expect(page.changes.filter((change) => change.kind === 'gone')).toEqual([])
  },
  'a delete shows as the capabilities say': async (bench) => {
    const [kept = '', removed = ''] = await bench.insertMany(2)
    const { cursor } = await drain(bench.feed, null)
    await bench.person.remove(removed)
    const { changes } = await drain(bench.feed, cursor)
    const { deletes } = bench.collection.capabilities
    if (deletes === 'pushed') expect(changes).toContainEqual(expect.objectContaining({ kind: 'gone', id: removed }))
    expect(changes.filter((change) => change.kind === 'gone' && change.id === kept)).toEqual([])
    expect([...(await bench.sink.read([kept, removed], signal)).keys()]).toEqual([kept])
    if (deletes === 'listed') expect((await listAll(bench, 100)).map(({ id }) => id)).toEqual([kept])
  },
  'a record that came and went between two reads is not told as existing': async (bench) => {
    const { cursor } = await drain(bench.feed, null)
    const id = await absentId(bench)
    expect((await lookAt(bench, (await drain(bench.feed, cursor)).changes)).get(id) ?? null).toBe(null)
  },
  'two consumers do not take changes from each other': async (bench) => {
    const other = bench.open({ consumer: 'other' })
    await other.prepare?.(signal)
    if (other.feed === null) return bench.skip('no feed')
    const [id = ''] = await bench.insertMany(3)
    const one = await drain(bench.feed, null)
    const two = await drain(other.feed, null)
    expect(idsOf(two.changes).sort()).toEqual(idsOf(one.changes).sort())
    await bench.person.edit(id, { [bench.fields.text]: 'for both' })
    const after = await drain(bench.feed, one.cursor)
    await drain(bench.feed, after.cursor)
    expect(idsOf(after.changes)).toContain(id)
    expect(idsOf((await drain(other.feed, two.cursor)).changes)).toContain(id)
  },
  'a cursor goes on in a new connector, in the middle of a scan and after it': async (bench) => {
    const ids = await bench.insertMany(5)
    const first = await bench.feed.read({ cursor: null, limit: 2, depth: 'tail', nowMs: 0 }, signal)
    await using again = await bench.setup.reconnect()
    const feed = again.collection(bench.setup.request).feed ?? bench.skip('no feed')
    const rest = await drain(feed, first.cursor, 2)
    expect(idsOf([...first.changes, ...rest.changes]).sort()).toEqual([...ids].sort())
    const fresh = await bench.person.insert(bench.draft(6))
    await using third = await bench.setup.reconnect()
    const later = third.collection(bench.setup.request).feed ?? bench.skip('no feed')
    expect(idsOf((await drain(later, rest.cursor)).changes)).toContain(fresh)
  },
  'a person who writes after us is not taken for us': async (bench) => {
    const [outcome] = await bench.apply({ kind: 'create', fields: bench.draft(1) })
    const { id } = doneRecord(outcome)
    await bench.person.edit(id, { [bench.fields.text]: 'by hand' })
    const seen = (await lookAt(bench, (await drain(bench.feed, null)).changes)).get(id)
    expect(seen?.byUs ?? false).toBe(false)
  },
  'an archived record is told, listed and read': async (bench) => {
    const { archive } = bench.collection.capabilities
    if (archive === null) return bench.skip('records cannot be archived')
    const open = bench.open({ fields: [...new Set([...bench.setup.request.fields, archive.field])] })
    const feed = open.feed ?? bench.skip('no feed')
    const [id = '', other = ''] = await bench.insertMany(2)
    const { cursor } = await drain(feed, null)
    await bench.person.edit(id, { [archive.field]: archive.archived })
    const { changes } = await drain(feed, cursor)
    expect(changes.filter((change) => change.kind === 'gone')).toEqual([])
    expect(idsOf(changes)).toContain(id)
    expect((await open.sink?.read([id], signal))?.get(id)?.fields[archive.field]).toEqual(archive.archived)
    expect(await findKeys(bench, bench.fields.key, [bench.key(1)])).toEqual([bench.key(1)])
    const listed = await listAll(bench, 100)
    expect(listed.map((entry) => entry.id).sort()).toEqual([id, other].sort())
  },
  'list gives every id once, with the version that a read gives': async (bench) => {
    const ids = await bench.insertMany(7)
    await bench.setup.settle?.()
    for (const limit of [1, 2, 3, 7, 100]) {
      const entries = await listAll(bench, limit)
      expect(entries.map(({ id }) => id).sort(), `limit ${limit}`).toEqual([...ids].sort())
      const read = await bench.sink.read(ids, signal)
      for (const { id, version } of entries) expectSameVersion(version, read.get(id)?.version ?? null)
    }
  },
  'list gives what stays exactly once while other records come and go': async (bench) => {
    const ids = await bench.insertMany(12)
    const [first = '', , , fourth = '', , , seventh = ''] = ids
    const doomed = [first, seventh, fourth]
    let n = 100
    const entries = await listAll(bench, 2, async () => {
      await bench.person.insert(bench.draft(n++))
      const id = n < 120 ? doomed.pop() : undefined
      if (id !== undefined) await bench.person.remove(id)
    })
    const listed = entries.map(({ id }) => id)
    expect(new Set(listed).size).toBe(listed.length)
    const staying = ids.filter((id) => ![first, fourth, seventh].includes(id))
    expect(listed).toEqual(expect.arrayContaining(staying))
  },
  'watch wakes after a change, and ends when it is told to': async (bench) => {
    const { watch } = bench.feed
    if (watch === undefined) return bench.skip('the system cannot be watched')
    const abort = new AbortController()
    let n = 1
    let watching: Promise<void> = Promise.resolve()
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('Nothing woke us.')), WATCH_TIMEOUT_MS)
      const editing = setInterval(() => void bench.person.insert(bench.draft(n++)), 200)
      watching = watch(() => {
        clearTimeout(late)
        clearInterval(editing)
        resolve()
      }, abort.signal)
      watching.catch(reject)
    })
    abort.abort()
    await watching
  },
} satisfies Record<string, Case>

const READ_CASES = {
  'read leaves out ids that do not exist, and takes an id twice': async (bench) => {
    const [id = ''] = await bench.insertMany(1)
    const absent = await absentId(bench)
    const records = await bench.sink.read([absent, id, id], signal)
    expect([...records.keys()]).toEqual([id])
    expect(records.get(id)?.id).toBe(id)
  },
  'read of no ids gives nothing': async ({ sink }) => {
    expect((await sink.read([], signal)).size).toBe(0)
  },
  'equal versions name equal values, and a version cools down': async (bench) => {
    const [id = ''] = await bench.insertMany(1)
    const states: RecordState[] = []
    for (let n = 0; n < 6; n++) {
      const state = (await bench.sink.read([id], signal)).get(id)
      if (state !== undefined) states.push(state)
      const fields = { [bench.fields.text]: `edit ${n}` }
      if (n % 2 === 0) await bench.person.edit(id, fields)
      else await bench.apply({ kind: 'update', id, fields, expected: null })
    }
    for (const a of states) {
      for (const b of states) if (isSameVersion(a.version, b.version)) expect(a.fields).toEqual(b.fields)
    }
    if (bench.setup.settle === undefined) return
    await bench.setup.settle()
    const cool = (await bench.sink.read([id], signal)).get(id)
    expect(cool?.version?.endsWith('~') ?? false).toBe(false)
    const again = (await bench.sink.read([id], signal)).get(id)
    expect(again?.version).toBe(cool?.version)
  },
  'a record outside the filter is neither told nor listed, and can be read': async (bench) => {
    const outside = bench.setup.outside ?? bench.skip('the collection has no filter')
    const [inside = '', leaving = ''] = await bench.insertMany(2)
    const id = await bench.person.insert(bench.draft(3, outside))
    const { changes, cursor } = await drain(bench.feed, null)
    expect(idsOf(changes).sort()).toEqual([inside, leaving].sort())
    await bench.person.edit(leaving, outside)
    await drain(bench.feed, cursor)
    expect((await bench.sink.read([id, leaving], signal)).size).toBe(2)
    if (bench.feed.list !== undefined) expect((await listAll(bench, 100)).map((entry) => entry.id)).toEqual([inside])
  },
  'find by key finds the record and no other': async (bench) => {
    await bench.insertMany(4)
    expect(await findKeys(bench, bench.fields.key, [bench.key(2)])).toEqual([bench.key(2)])
    const found = await findKeys(bench, bench.fields.key, [bench.key(3), bench.key(1), bench.key(99)])
    expect(found.sort()).toEqual([bench.key(1), bench.key(3)].sort())
    expect(await findKeys(bench, bench.fields.key, [bench.key(99)])).toEqual([])
  },
  'find of no values gives nothing': async (bench) => {
    await bench.insertMany(1)
    expect(await findKeys(bench, bench.fields.key, [])).toEqual([])
  },
  'find gives all of several matches': async (bench) => {
    const { person, fields } = bench
    for (const n of [1, 2, 3]) await person.insert(bench.draft(n, { [fields.text]: n === 3 ? 'other' : 'same' }))
    expect((await findKeys(bench, fields.text, ['same'])).sort()).toEqual([bench.key(1), bench.key(2)].sort())
  },
  'find folds letter case and white space where it is asked to': async (bench) => {
    const { person, fields } = bench
    await person.insert(bench.draft(1, { [fields.text]: 'Mixed  CASE name' }))
    expect(await findKeys(bench, fields.text, [' mixed case  NAME '], true)).toEqual([bench.key(1)])
    expect(await findKeys(bench, fields.text, ['mixed case nam'], true)).toEqual([])
  },
  'find folds letters beyond ASCII': async (bench) => {
    await bench.person.insert(bench.draft(1, { [bench.fields.text]: 'Ärger Ñandú' }))
    expect(await findKeys(bench, bench.fields.text, ['ÄRGER ñANDÚ'], true)).toEqual([bench.key(1)])
  },
  'find takes thousands of values': async (bench) => {
    await bench.insertMany(3)
    const values = Array.from({ length: 3000 }, (_, index) => bench.key(index + 2))
    expect((await findKeys(bench, bench.fields.key, values)).sort()).toEqual([bench.key(2), bench.key(3)].sort())
  },
  'find takes quotes, wildcards, backslashes and emoji as they are': async (bench) => {
    for (const [index, text] of TRICKY_TEXTS.entries()) {
      await bench.person.insert(bench.draft(index + 1, { [bench.fields.text]: text }))
    }
    for (const [index, text] of TRICKY_TEXTS.entries()) {
      for (const isFolded of [false, true]) {
        expect(await findKeys(bench, bench.fields.text, [text], isFolded), text).toContain(bench.key(index + 1))
      }
    }
    // Somebody else's records may hold the same texts.
    const own = TRICKY_TEXTS.map((_, index) => bench.key(index + 1))
    const found = await findKeys(bench, bench.fields.text, TRICKY_TEXTS)
    expect(found.filter((key) => own.includes(key)).sort()).toEqual(own.sort())
  },
  'find by a number': async (bench) => {
    const field = bench.fields.integer ?? bench.skip('no integer field')
    for (const n of [1, 2]) await bench.person.insert(bench.draft(n, { [field]: n * 100 }))
    expect(await findKeys(bench, field, [200])).toEqual([bench.key(2)])
  },
} satisfies Record<string, Case>

const WRITE_CASES = {
  'create answers in order with what is stored': async (bench) => {
    const outcomes = await bench.apply(...[3, 1, 2].map((n): Operation => ({ kind: 'create', fields: bench.draft(n) })))
    const records = outcomes.map(doneRecord)
    expect(records.map((record) => record.fields[bench.fields.key])).toEqual([bench.key(3), bench.key(1), bench.key(2)])
    expect(new Set(records.map((record) => record.id)).size).toBe(3)
    for (const record of records) {
      for (const name of bench.setup.request.fields) expect(record.fields, name).toHaveProperty([name])
    }
    for (const outcome of outcomes) expect(outcome).toMatchObject({ isOurs: bench.setup.isOurs ?? true })
    await using again = await bench.setup.reconnect()
    const read = await again.collection(bench.setup.request).sink?.read(
      records.map(({ id }) => id),
      signal,
    )
    for (const record of records) {
      expect(read?.get(record.id)?.fields).toEqual(record.fields)
      expectSameVersion(read?.get(record.id)?.version ?? null, record.version)
    }
  },
  'create with a key that is taken answers `exists` and writes nothing': async (bench) => {
    const id = await bench.person.insert(bench.draft(1))
    const outcomes = await bench.apply(
      { kind: 'create', fields: bench.draft(1, { [bench.fields.text]: 'second' }) },
      { kind: 'create', fields: bench.draft(2) },
    )
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['exists', 'done'])
    const found = await bench.sink.find(
      { field: bench.fields.key, values: [bench.key(1)], fold: { case: false, space: false } },
      signal,
    )
    expect(found.map((record) => [record.id, record.fields[bench.fields.text]])).toEqual([[id, 'text 1']])
  },
  'a create in one batch with its own double makes one record': async (bench) => {
    const outcomes = await bench.apply(
      { kind: 'create', fields: bench.draft(1) },
      { kind: 'create', fields: bench.draft(1, { [bench.fields.text]: 'double' }) },
    )
    expect(outcomes.map((outcome) => outcome.kind).sort()).toEqual(['done', 'exists'])
    expect(await findKeys(bench, bench.fields.key, [bench.key(1)])).toHaveLength(1)
  },
  'update changes the given fields and no others': async (bench) => {
    const [id = '', other = ''] = await bench.insertMany(2)
    await bench.setup.settle?.()
    const before = await bench.sink.read([id, other], signal)
    const [outcome] = await bench.apply({ kind: 'update', id, fields: { [bench.fields.text]: 'new' }, expected: null })
    const record = doneRecord(outcome)
    expect(record.fields).toEqual({ ...before.get(id)?.fields, [bench.fields.text]: 'new' })
    expect(outcome).toMatchObject({ isOurs: bench.setup.isOurs ?? true })
    expect(isSameVersion(record.version, before.get(id)?.version ?? null)).toBe(false)
    const after = await bench.sink.read([id, other], signal)
    expect(after.get(id)?.fields).toEqual(record.fields)
    expect(after.get(other)?.fields).toEqual(before.get(other)?.fields)
  },
  'updates of one batch may hold different fields and equal values': async (bench) => {
    const ids = await bench.insertMany(4)
    const texts = ['same', 'same', 'unlike', null]
    const outcomes = await bench.apply(
      ...ids.map(
        (id, index): Operation => ({
          kind: 'update',
          id,
          fields: { [bench.fields.text]: texts[index] ?? null },
          expected: null,
        }),
      ),
    )
    expect(outcomes.map((outcome) => doneRecord(outcome).id)).toEqual(ids)
    expect(outcomes.map((outcome) => doneRecord(outcome).fields[bench.fields.text])).toEqual(texts)
  },
  'update of a record that is missing answers `gone`, and its neighbours are done': async (bench) => {
    const [id = '', other = ''] = await bench.insertMany(2)
    const absent = await absentId(bench)
    const outcomes = await bench.apply(
      ...[id, absent, other].map(
        (target): Operation => ({ kind: 'update', id: target, fields: { [bench.fields.text]: 'new' }, expected: null }),
      ),
    )
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['done', 'gone', 'done'])
    const read = await bench.sink.read([id, absent, other], signal)
    expect([...read.values()].map((record) => record.fields[bench.fields.text])).toEqual(['new', 'new'])
  },
  'a guarded update of what someone changed is `stale` and writes nothing': async (bench) => {
    const { fields, person, sink, collection } = bench
    const [id = '', other = ''] = await bench.insertMany(2)
    const before = await sink.read([id, other], signal)
    await person.edit(id, { [fields.text]: 'by hand' })
    const update = (target: RecordId): Operation => ({
      kind: 'update',
      id: target,
      fields: { [fields.text]: 'ours' },
      expected: { [fields.text]: before.get(target)?.fields[fields.text] ?? null },
    })
    const outcomes = await bench.apply(update(id), update(other))
    const isGuarded = collection.capabilities.guardedWrites
    expect(outcomes.map((outcome) => outcome.kind)).toEqual([isGuarded ? 'stale' : 'done', 'done'])
    const after = await sink.read([id, other], signal)
    expect(after.get(id)?.fields[fields.text]).toBe(isGuarded ? 'by hand' : 'ours')
    expect(after.get(other)?.fields[fields.text]).toBe('ours')
  },
  'a guarded update that expects what was read is done, for every type and for null': async (bench) => {
    if (!bench.collection.capabilities.guardedWrites) return bench.skip('writes are not guarded')
    const values: Fields = Object.fromEntries(rolesOf(bench).map(({ name, values: [first = null] }) => [name, first]))
    const empty = Object.fromEntries(Object.keys(values).map((name) => [name, null]))
    const [full, blank] = await bench.apply(
      { kind: 'create', fields: bench.draft(1, values) },
      { kind: 'create', fields: bench.draft(2, { ...empty, [bench.fields.text]: 'blank' }) },
    )
    for (const record of [doneRecord(full), doneRecord(blank)]) {
      const change = { [bench.fields.text]: 'changed' }
      const operation: Operation = { kind: 'update', id: record.id, fields: change, expected: record.fields }
      const [outcome] = await bench.apply(operation)
      expect(doneRecord(outcome).fields[bench.fields.text]).toBe('changed')
    }
  },
  'remove removes': async (bench) => {
    const [id = '', other = ''] = await bench.insertMany(2)
    const [outcome] = await bench.apply({ kind: 'remove', id })
    expect(outcome).toMatchObject({ kind: 'done', record: null })
    expect([...(await bench.sink.read([id, other], signal)).keys()]).toEqual([other])
  },
  'remove of a record that is missing answers `gone`, and its neighbours are done': async (bench) => {
    const [id = ''] = await bench.insertMany(1)
    const absent = await absentId(bench)
    const outcomes = await bench.apply({ kind: 'remove', id: absent }, { kind: 'remove', id })
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['gone', 'done'])
  },
  'null empties a field, and a missing field stays as it is': async (bench) => {
    const { fields } = bench
    const [created] = await bench.apply({ kind: 'create', fields: bench.draft(1, { [fields.text]: null }) })
    const { id, fields: stored } = doneRecord(created)
    expect(stored[fields.text]).toBe(null)
    const update = async (change: Fields): Promise<Value> => {
      const [outcome] = await bench.apply({ kind: 'update', id, fields: change, expected: null })
      return doneRecord(outcome).fields[fields.text] ?? null
    }
    expect(await update({ [fields.text]: 'full' })).toBe('full')
    expect(await update({ [fields.key]: bench.key(1) })).toBe('full')
    expect(await update({ [fields.text]: null })).toBe(null)
    const empty = await update({ [fields.text]: '' })
    expect(['', null]).toContain(empty)
    expect((await bench.sink.read([id], signal)).get(id)?.fields[fields.text]).toBe(empty)
  },
  'an empty batch has no outcomes': async (bench) => {
    expect(await bench.apply()).toEqual([])
  },
  'the largest batch is done as a whole: created, updated, removed': async (bench) => {
    const count = Math.min(bench.collection.capabilities.maxBatch, LARGEST_BATCH)
    const numbers = Array.from({ length: count }, (_, index) => index + 1)
    const created = await bench.apply(...numbers.map((n): Operation => ({ kind: 'create', fields: bench.draft(n) })))
    const ids = created.map((outcome) => doneRecord(outcome).id)
    expect(created.map((outcome) => doneRecord(outcome).fields[bench.fields.key])).toEqual(numbers.map(bench.key))
    expect(new Set(ids).size).toBe(count)
    const updated = await bench.apply(
      ...ids.map(
        (id, index): Operation => ({
          kind: 'update',
          id,
          fields: { [bench.fields.text]: `t${index}` },
          expected: null,
        }),
      ),
    )
    expect(updated.map((outcome) => doneRecord(outcome).fields[bench.fields.text])).toEqual(
      ids.map((_, index) => `t${index}`),
    )
    expect((await bench.sink.read(ids, signal)).size).toBe(count)
    const removed = await bench.apply(...ids.map((id): Operation => ({ kind: 'remove', id })))
    expect(removed.every((outcome) => outcome.kind === 'done')).toBe(true)
    expect((await bench.sink.read(ids, signal)).size).toBe(0)
  },
  'a refused create hurts nobody: it is answered alone, or nothing of the batch is done': async (bench) => {
    const refused = bench.setup.refused ?? bench.skip('the system refuses no values')
    const keys = [1, 2, 3].map(bench.key)
    const batch = [1, 2, 3].map((n): Operation => ({ kind: 'create', fields: bench.draft(n, n === 2 ? refused : {}) }))
    const wasDone = await expectRefusal(bench, batch)
    const found = await findKeys(bench, bench.fields.key, keys)
    expect(found.sort()).toEqual(wasDone ? [bench.key(1), bench.key(3)].sort() : [])
  },
  'a refused update hurts nobody: it is answered alone, or nothing of the batch is done': async (bench) => {
    const refused = bench.setup.refused ?? bench.skip('the system refuses no values')
    const ids = await bench.insertMany(3)
    const before = await bench.sink.read(ids, signal)
    const batch = ids.map(
      (id, index): Operation => ({
        kind: 'update',
        id,
        fields: { [bench.fields.text]: 'new', ...(index === 1 ? refused : {}) },
        expected: null,
      }),
    )
    const wasDone = await expectRefusal(bench, batch)
    const after = await bench.sink.read(ids, signal)
    for (const [index, id] of ids.entries()) {
      if (wasDone && index !== 1) expect(after.get(id)?.fields[bench.fields.text]).toBe('new')
      else expect(after.get(id)?.fields).toEqual(before.get(id)?.fields)
    }
  },
  'every type of value comes back as it was written': async (bench) => {
    const { setup } = bench
    let n = 1
    for (const { role, name, values } of rolesOf(bench)) {
      for (const value of values) {
        const [outcome] = await bench.apply({ kind: 'create', fields: bench.draft(n++, { [name]: value }) })
        const record = doneRecord(outcome)
        const stored = setup.stored === undefined ? value : setup.stored(role, value)
        expect(record.fields[name], `${role}: created`).toEqual(stored)
        const read = (await bench.sink.read([record.id], signal)).get(record.id)
        expect(read?.fields, `${role}: read`).toEqual(record.fields)
      }
      const id = await bench.person.insert(bench.draft(n++))
      for (const value of values) {
        const [outcome] = await bench.apply({ kind: 'update', id, fields: { [name]: value }, expected: null })
        const stored = setup.stored === undefined ? value : setup.stored(role, value)
        expect(doneRecord(outcome).fields[name], `${role}: updated`).toEqual(stored)
      }
    }
  },
  'our own writes come back through the feed with the values of their outcomes': async (bench) => {
    const { cursor } = await drain(bench.feed, null)
    const samples = rolesOf(bench).flatMap(({ name, values }) => values.map((value) => ({ [name]: value })))
    const outcomes: Outcome[] = []
    for (const [index, sample] of samples.entries()) {
      outcomes.push(...(await bench.apply({ kind: 'create', fields: bench.draft(index + 1, sample) })))
    }
    const { id } = doneRecord(outcomes[0])
    const [updated] = await bench.apply({
      kind: 'update',
      id,
      fields: { [bench.fields.text]: 'again' },
      expected: null,
    })
    const records = [doneRecord(updated), ...outcomes.slice(1).map(doneRecord)]
    await bench.setup.settle?.()
    const seen = await lookAt(bench, (await drain(bench.feed, cursor)).changes)
    for (const record of records) {
      const state = seen.get(record.id)
      expect(state?.fields).toEqual(record.fields)
      expectSameVersion(state?.version ?? null, record.version)
      expect(state?.byUs ?? true).toBe(true)
    }
  },
  'values reserved are distinct and name new records': async (bench) => {
    const { reserve } = bench.sink
    const { key } = bench.fields
    const values = (await reserve?.(key, 3, signal)) ?? bench.skip('the key has no source of values')
    const more = (await reserve?.(key, 2, signal)) ?? []
    expect(new Set([...values, ...more]).size).toBe(5)
    const assigned = await bench.person.insert(bench.draft(1, { [key]: null }))
    const taken = (await bench.sink.read([assigned], signal)).get(assigned)?.fields[key] ?? null
    expect([...values, ...more]).not.toContain(taken)
    const outcomes = await bench.apply(
      ...values.map(
        (value, index): Operation => ({ kind: 'create', fields: bench.draft(index + 2, { [key]: value }) }),
      ),
    )
    expect(outcomes.map((outcome) => doneRecord(outcome).fields[key])).toEqual(values)
    expect((await findKeys(bench, key, values)).sort()).toEqual([...values].sort())
  },
  'reserve of a field without a source gives null': async (bench) => {
    const { reserve } = bench.sink
    if (reserve === undefined) return bench.skip('values cannot be reserved')
    expect(await reserve(bench.fields.text, 1, signal)).toBe(null)
  },
  'a call that was aborted fails and writes nothing': async (bench) => {
    const aborted = AbortSignal.abort()
    const [id = ''] = await bench.insertMany(1)
    const { sink, feed, fields } = bench
    const request = { cursor: null, limit: 1, depth: 'tail', nowMs: 0 } as const
    const fold = { case: false, space: false }
    await expect(feed.read(request, aborted)).rejects.toThrow()
    await expect(sink.read([id], aborted)).rejects.toThrow()
    await expect(sink.find({ field: fields.key, values: [bench.key(1)], fold }, aborted)).rejects.toThrow()
    const create: Operation = { kind: 'create', fields: bench.draft(2) }
    await expect(sink.apply([create], aborted)).rejects.toThrow()
    await expect(sink.apply([{ kind: 'remove', id }], aborted)).rejects.toThrow()
    expect(await findKeys(bench, fields.key, [bench.key(1), bench.key(2)])).toEqual([bench.key(1)])
  },
} satisfies Record<string, Case>

/** The roles that this system has, and the values to try in each. */
function rolesOf({ setup, fields }: Bench): { role: ValueRole; name: string; values: readonly Value[] }[] {
  return (Object.keys(VALUES) as ValueRole[]).flatMap((role) => {
    const name = fields[role]
    return name === undefined ? [] : [{ role, name, values: setup.values?.[role] ?? VALUES[role] }]
  })
}

/** Applies a batch of three whose second operation is refused; true: the others were done. */
async function expectRefusal(bench: Bench, batch: readonly Operation[]): Promise<boolean> {
  const answer = await bench.sink.apply(batch, signal).catch((error: unknown) => error)
  if (Array.isArray(answer)) {
    const outcomes = answer as Outcome[]
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['done', 'rejected', 'done'])
    const [, second] = outcomes
    if (second?.kind === 'rejected') expect(second.error.disposition).toBe('park')
    return true
  }
  expect(answer).toBeInstanceOf(SyncError)
  expect(answer).toMatchObject({ disposition: 'park', inDoubt: false })
  return false
}

const CASES = { ...CONNECTION_CASES, ...FEED_CASES, ...READ_CASES, ...WRITE_CASES }
export type CaseName = keyof typeof CASES

function createBench(setup: ConnectorSetup, context: TestContext): Bench {
  const skip = (reason: string): never => context.skip(reason)
  const key = setup.keyValue ?? ((n: number) => `K${n}`)
  const collection = setup.connector.collection(setup.request)
  const draft = (n: number, more: Fields = {}): Fields => ({
    ...setup.required,
    [setup.fields.key]: key(n),
    [setup.fields.text]: `text ${n}`,
    ...more,
  })
  return {
    setup,
    collection,
    fields: setup.fields,
    person: setup.person,
    skip,
    key,
    draft,
    get feed() {
      return collection.feed ?? skip('changes cannot be read')
    },
    get sink() {
      return collection.sink ?? skip('nothing can be read or written by id')
    },
    async insertMany(count) {
      const ids: RecordId[] = []
      for (let n = 1; n <= count; n++) ids.push(await setup.person.insert(draft(n)))
      return ids
    },
    open: (change) => setup.connector.collection({ ...setup.request, ...change }),
    apply: (...operations) => (collection.sink ?? skip('nothing can be written')).apply(operations, signal),
  }
}

/**
 * Runs every case against a connector, each with a set-up of its own. A case that the system cannot satisfy is skipped
 * with its reason: by itself where a capability or a field is missing, else by `skip`.
 */
export function describeConnector(
  name: string,
  setUp: () => Promise<ConnectorSetup> | ConnectorSetup,
  options: { readonly skip?: Partial<Record<CaseName, string>> } = {},
): void {
  describe(name, () => {
    for (const [title, run] of Object.entries<Case>(CASES)) {
      test(title, async (context) => {
        const reason = options.skip?.[title as CaseName]
        if (reason !== undefined) context.skip(reason)
        const setup = await setUp()
        try {
          const bench = createBench(setup, context)
          await bench.collection.prepare?.(signal)
          await run(bench)
        } finally {
          await setup.connector[Symbol.asyncDispose]()
          await setup.tearDown?.()
        }
      })
    }
  })
}
