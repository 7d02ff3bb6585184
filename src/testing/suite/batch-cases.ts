import { expect } from 'vitest'
import { SyncError } from '../../contract/error.ts'
import type { Operation, Outcome } from '../../contract/sink.ts'
import { type Bench, type Case, signal } from './bench.ts'
import { doneRecord, findKeys } from './judge-answers.ts'

const LARGEST_BATCH = 500

export const BATCH_CASES = {
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
} satisfies Record<string, Case>

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
