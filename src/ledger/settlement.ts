import type { RecordId } from '../contract/change.ts'
import type { Cursor } from '../contract/feed.ts'
import type { Fields } from '../contract/value.ts'
import type { RecordRef, Side } from '../mapping/mapping.ts'
import type { ChangeRef, ChangeState, FieldConflict, NewChange } from './change.ts'
import type { Fault } from './fault.ts'
import type { HistoryEntry } from './history.ts'
import type { LinkWrite } from './link.ts'

/** A page that was dealt with at once, so that its changes were never staged. */
export interface DirectPage {
  readonly side: Side
  /** Moves the feed's cursor in the settlement's transaction. */
  readonly cursor: Cursor
  /** What was captured and dealt with. What was not is among the settlement's `changes`, and counted there. */
  readonly applied: number
  readonly unchanged: number
}

/** The outcome of a batch of work. */
export interface Settlement {
  readonly nowMs: number
  readonly direct?: DirectPage
  readonly links: readonly LinkWrite[]
  /** Done with: the change is removed and counted. */
  readonly resolved: readonly (ChangeRef & { readonly as: 'applied' | 'unchanged' })[]
  /**
   * Kept, in a new state. A change that waits for a record which has a live link by now (looked at in this very
   * transaction) becomes pending instead.
   */
  readonly kept: readonly (ChangeRef & {
    readonly state: ChangeState
    readonly attempts: number
    readonly notBeforeMs: number
    readonly fault: Fault | null
    readonly conflicts: readonly FieldConflict[]
    readonly waitsFor: readonly RecordRef[]
    /** Merged into the change's fields: a key that was assigned to it. */
    readonly fields?: Fields
    readonly omitsReferences?: boolean
  })[]
  /** States met on the way (a target that is not what was expected): captured like a feed's. */
  readonly changes: readonly NewChange[]
  /** Intents whose outcome is known. */
  readonly intents: readonly number[]
  /** Records whose steps are due, from their first one on. Ignored where a record has no live link after all. */
  readonly steps?: readonly { readonly side: Side; readonly id: RecordId }[]
  readonly history: readonly HistoryEntry[]
}
