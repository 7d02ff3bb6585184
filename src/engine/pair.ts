import type { Fields } from '../contract/value.ts'
import type { Seen } from '../ledger/seen.ts'
import type { Side } from '../mapping/mapping.ts'

/** What is known of one side of a linked pair right now. */
export interface Now {
  readonly fields: Fields
  /** When it changed, in milliseconds since 1970 by our clock (the offset of its own is taken out); null: unknown. */
  readonly changedAtMs: number | null
}

/** A linked pair to decide about. null: nothing says that this side is not as it was seen. */
export interface Pair {
  readonly seen: Readonly<Record<Side, Seen>>
  readonly now: Readonly<Record<Side, Now | null>>
}
