import type { RecordId, Version } from '../contract/change.ts'
import type { Fields, Value } from '../contract/value.ts'
import type { RecordRef, Side } from '../mapping/mapping.ts'
import type { Fault } from './fault.ts'

/** A field that both sides changed, undecided. */
export interface FieldConflict {
  readonly field: string
  readonly odoo: Value
  readonly external: Value
}

/**
 * `dead` is a dead letter, `discarded` one that a person gave up: it stays, so that the same state is not captured again.
 * Everything but `pending` stays until a newer state, a release or a person changes it.
 */
export type ChangeState = 'pending' | 'waiting' | 'conflict' | 'dead' | 'discarded'

export interface NewChange {
  readonly side: Side
  readonly id: RecordId
  readonly kind: 'state' | 'gone'
  readonly version: Version
  readonly changedAtMs: number | null
  readonly byUs: boolean | null
  /** Values by field name of that side. Merged over the fields of a change that is already there. */
  readonly fields: Fields
  /** Stored as a dead letter with this reason; absent or null: to be applied. */
  readonly fault?: Fault | null
}

export interface StoredChange extends NewChange {
  /** Grows with every capture: tells whether a change is still the one that was decided about. */
  readonly seq: number
  readonly state: ChangeState
  readonly attempts: number
  /** Not to be taken before. */
  readonly notBeforeMs: number
  /** When the oldest state that this one superseded was captured: its age is the lag. */
  readonly firstCapturedAtMs: number
  readonly fault: Fault | null
  readonly conflicts: readonly FieldConflict[]
  readonly waitsFor: readonly RecordRef[]
  /** Create it without the references that cannot be resolved: it is part of a cycle. */
  readonly omitsReferences: boolean
}

/** Names a change as it was when it was decided about. A settlement skips what has a newer `seq` by now. */
export interface ChangeRef {
  readonly side: Side
  readonly id: RecordId
  readonly seq: number
}
