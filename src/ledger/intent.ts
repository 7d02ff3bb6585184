import type { RecordId } from '../contract/change.ts'
import type { Operation } from '../contract/sink.ts'
import type { Side } from '../mapping/mapping.ts'
import type { Seen } from './seen.ts'

export interface NewIntent {
  /** The side that is written. */
  readonly side: Side
  readonly operation: Operation
  /** The records that it concerns, as far as they are known: nothing else is done to them while it is open. */
  readonly ids: Readonly<Record<Side, RecordId | null>>
  /** The change that caused it. */
  readonly cause: { readonly side: Side; readonly id: RecordId; readonly seq: number }
  /** The key by which a create in doubt is looked up. */
  readonly key: string | null
  /** Fingerprints of the source values that are being written, unknown for other fields: becomes `seen` of the source. */
  readonly sourceSeen: Seen
}

export interface Intent extends NewIntent {
  readonly id: number
  readonly createdAtMs: number
}
