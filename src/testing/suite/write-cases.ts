import { expect } from 'vitest'
import { isSameVersion, type RecordId } from '../../contract/change.ts'
import type { Operation } from '../../contract/sink.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { type Case, signal } from './bench.ts'
import { absentId, doneRecord, expectSameVersion, findKeys } from './judge-answers.ts'

export const WRITE_CASES = {
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
