import type { RecordId } from '../contract/change.ts'
import type { Side } from '../mapping/mapping.ts'

export interface HistoryEntry {
  readonly atMs: number
  /** "created", "updated", "removed", "archived", "adopted", "conflict", "lost", "failed", "dead", "captured", … */
  readonly event: string
  /** The side that was written or looked at. */
  readonly side: Side
  readonly odooId: RecordId | null
  readonly externalId: RecordId | null
  readonly key: string | null
  /** Values before and after by field, errors, reasons. Never a credential. */
  readonly detail: Readonly<Record<string, unknown>>
}

export interface StoredHistoryEntry extends HistoryEntry {
  /** Names the entry within its mapping; grows with time. */
  readonly id: number
}
