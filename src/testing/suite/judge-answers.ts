import { expect } from 'vitest'
import type { RecordId, RecordState } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Outcome } from '../../contract/sink.ts'
import type { Value } from '../../contract/value.ts'
import { type Bench, signal } from './bench.ts'

function isHot(version: string | null): boolean {
  return version === null || version.endsWith('~')
}

export function expectSameVersion(a: string | null, b: string | null): void {
  if (!isHot(a) && !isHot(b)) expect(a).toBe(b)
}

export function doneRecord(outcome: Outcome | undefined): RecordState {
  if (outcome?.kind === 'rejected') throw outcome.error
  expect(outcome?.kind).toBe('done')
  if (outcome?.kind !== 'done' || outcome.record === null) throw new Error('The outcome has no record.')
  return outcome.record
}

export async function failureOf(work: () => Promise<unknown> | unknown): Promise<SyncError> {
  try {
    await work()
  } catch (error) {
    expect(error, 'what crosses the contract').toBeInstanceOf(SyncError)
    return error as SyncError
  }
  throw new Error('It should have failed.')
}

/** An id that once was a record's. */
export async function absentId(bench: Bench): Promise<RecordId> {
  const id = await bench.person.insert(bench.draft(900))
  await bench.person.remove(id)
  return id
}

export async function findKeys(
  bench: Bench,
  field: string,
  values: readonly Value[],
  isFolded = false,
): Promise<Value[]> {
  const fold = { case: isFolded, space: isFolded }
  const found = await bench.sink.find({ field, values, fold }, signal)
  return found.map((record) => record.fields[bench.fields.key] ?? null)
}
