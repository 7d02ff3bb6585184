import type { RecordState } from '../contract/change.ts'
import type { Fields } from '../contract/value.ts'
import type { Sent } from './execute.ts'
import type { Write } from './job.ts'

/** A write that was done, with what the side stores now. */
export interface Done {
  readonly write: Write
  readonly record: RecordState | null
  readonly isOurs: boolean
}

export function doneOf({ write, outcome }: Sent): readonly Done[] {
  if (outcome?.kind === 'done') return [{ write, record: outcome.record, isOurs: outcome.isOurs }]
  const isGoneAnyway = outcome?.kind === 'gone' && write.operation.kind === 'remove'
  return isGoneAnyway ? [{ write, record: null, isOurs: true }] : []
}

/** What a write sent. */
export function fieldsOf(write: Write): Fields {
  return write.operation.kind === 'remove' ? {} : write.operation.fields
}
