import { expect } from 'vitest'
import type { Operation, Outcome } from '../../contract/sink.ts'
import type { Fields } from '../../contract/value.ts'
import { drain, lookAt } from './ask-feed.ts'
import { type Case, signal } from './bench.ts'
import { doneRecord, expectSameVersion } from './judge-answers.ts'
import { rolesOf } from './values.ts'

export const VALUE_CASES = {
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
} satisfies Record<string, Case>
