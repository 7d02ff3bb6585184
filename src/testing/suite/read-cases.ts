import { expect } from 'vitest'
import { isSameVersion, type RecordState } from '../../contract/change.ts'
import { drain, idsOf, listAll } from './ask-feed.ts'
import { type Case, signal } from './bench.ts'
import { absentId, doneRecord, findKeys } from './judge-answers.ts'
import { TRICKY_TEXTS } from './values.ts'

export const READ_CASES = {
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
  'the time of a change is whole milliseconds, whoever tells it': async (bench) => {
    const [id = ''] = await bench.insertMany(1)
    const update = { kind: 'update', id, fields: { [bench.fields.text]: 'edited' }, expected: null } as const
    const states = [
      (await bench.sink.read([id], signal)).get(id),
      ...(await drain(bench.feed, null)).changes.map((change) => (change.kind === 'state' ? change.state : undefined)),
      doneRecord((await bench.apply(update))[0]),
    ]
    for (const state of states) {
      const changedAtMs = state?.changedAtMs ?? null
      if (changedAtMs !== null) expect(Number.isSafeInteger(changedAtMs), String(changedAtMs)).toBe(true)
    }
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
