import { expect } from 'vitest'
import { drain, drainTwice, idsOf, listAll, lookAt } from './ask-feed.ts'
import { type Case, signal } from './bench.ts'
import { absentId, doneRecord, expectSameVersion, findKeys } from './judge-answers.ts'

const WATCH_TIMEOUT_MS = 15_000

export const FEED_CASES = {
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
