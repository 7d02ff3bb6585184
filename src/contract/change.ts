import type { SyncError } from './error.ts'
import type { Fields } from './value.ts'

/** A record's id in its system, as text. Unique within its collection and never reused for another record. */
export type RecordId = string

/**
 * Names a state of a record: two reads that give the same version gave the same values. Compared for equality only.
 * A version that may still stand for a later state (a time in whole seconds, read within that second) must end in `~`;
 * such a version equals nothing, not even itself. null: the system has no versions.
 */
export type Version = string | null

/** A record as its system shows it at one moment. */
export interface RecordState {
  readonly id: RecordId
  readonly version: Version
  /** When the record last changed, in whole milliseconds since 1970 by the clock of its own system; null: unknown. */
  readonly changedAtMs: number | null
  /** True: the last to write it was our own user or session. False: someone else. null: cannot be told. */
  readonly byUs: boolean | null
  /** At least the requested fields where the whole record was read; fewer where a sender told only some. */
  readonly fields: Fields
}

/** One thing a feed has to say about one record. */
export type Change =
  /** The record's state, read or told in full. */
  | { readonly kind: 'state'; readonly state: RecordState }
  /** "Look at this one": the engine reads it, unless `version` equals the one it knows. */
  | { readonly kind: 'hint'; readonly id: RecordId; readonly version: Version }
  /** The record is said to be deleted. The engine confirms that before it acts. */
  | { readonly kind: 'gone'; readonly id: RecordId; readonly atMs: number | null }
  /**
   * Something that should be a record cannot be read as one (a line of a file): a dead letter, and nothing else waits for
   * it. `id` names the place ("items.csv:17"), never a record. It is over when a `gone` is told of it. Only for a feed
   * with `look`, which is asked about the place when a person wants it tried again.
   */
  | { readonly kind: 'broken'; readonly id: RecordId; readonly version: Version; readonly error: SyncError }

/** True where both versions surely name the same state. */
export function isSameVersion(a: Version, b: Version): boolean {
  return a !== null && a === b && !a.endsWith('~')
}

const ORDERED = /^(\d{1,30})~?$/

/**
 * True where `a` surely names a later state than `b`. Only versions that are whole numbers, which grow with each change
 * of the record, say so: a count, a time in milliseconds.
 */
export function isNewerVersion(a: Version, b: Version): boolean {
  const [, later] = ORDERED.exec(a ?? '') ?? []
  const [, earlier] = ORDERED.exec(b ?? '') ?? []
  return later !== undefined && earlier !== undefined && BigInt(later) > BigInt(earlier)
}
