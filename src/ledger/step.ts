import type { Fault } from './fault.ts'
import type { Link } from './link.ts'

/** `idle`: nothing is due, and something is remembered of what was called. `dead`, `discarded`: as with changes. */
export type StepState = 'pending' | 'idle' | 'dead' | 'discarded'

/** Where a linked record stands with the steps of its mapping: at most one for each link. */
export interface StepTask {
  readonly link: Link
  /** Grows whenever the record's steps become due again. */
  readonly seq: number
  readonly state: StepState
  /** The step that was called or that failed; null: none of these. */
  readonly step: string | null
  /** `step` may have been called then, and its outcome is not known. */
  readonly calledAtMs: number | null
  readonly attempts: number
  readonly notBeforeMs: number
  readonly dueSinceMs: number
  readonly fault: Fault | null
  /** By step, a fingerprint of the values with which it was called last. */
  readonly marks: Readonly<Record<string, string>>
}

/** What became of a task. Where its steps have become due again meanwhile (a newer `seq`), it is pending all the same. */
export type StepOutcome = Pick<
  StepTask,
  'seq' | 'state' | 'step' | 'calledAtMs' | 'attempts' | 'notBeforeMs' | 'fault' | 'marks'
> & { readonly linkId: number }
