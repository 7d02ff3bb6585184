import type { RecordId, Version } from '../contract/change.ts'
import type { Cursor } from '../contract/feed.ts'
import type { Side } from '../mapping/mapping.ts'
import type { NewChange } from './change.ts'

/** What one page of a feed, a sweep or a comparison adds. */
export interface Staging {
  readonly side: Side
  /** Moves the feed's cursor in the same transaction; undefined: leave it. */
  readonly cursor?: Cursor
  readonly changes: readonly NewChange[]
  /** Linked records that were looked at and had not changed: their version only. */
  readonly touched: readonly { readonly id: RecordId; readonly version: Version }[]
  /** How many states were looked at and had not changed: counted as captured and unchanged. */
  readonly unchanged: number
  /** Arrivals that were looked at. One that came again meanwhile, with another seq, stays. */
  readonly heard?: readonly { readonly id: RecordId; readonly seq: number }[]
  /** Arrivals that showed nothing new yet: looked at again, not before this. */
  readonly lookAgain?: readonly { readonly id: RecordId; readonly seq: number; readonly notBeforeMs: number }[]
  readonly nowMs: number
}
