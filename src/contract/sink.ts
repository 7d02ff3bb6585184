import type { RecordId, RecordState } from './change.ts'
import type { OpenContent } from './content.ts'
import type { SyncError } from './error.ts'
import type { Fields, Value } from './value.ts'

/**
 * One change to make to one record. `name`, for a sink that is `writeOnly`: stays the same when the operation is sent again,
 * also by a later process, and is another for every other change. `open` is there where `fields` holds references to content: they are then written
 * from that stream. Only a sink with `openContent` gets such operations.
 */
export type Operation =
  /** `fields` always holds the key fields, unless the target assigns the key itself. */
  | { readonly kind: 'create'; readonly fields: Fields; readonly name?: string; readonly open?: OpenContent }
  /**
   * `expected`: what the written fields held when this was decided. A sink with `guardedWrites` compares in the same
   * transaction as the write and answers `stale` without writing where they differ; others ignore it.
   *
   * In a field of type `references`, the two sets stand for what changes: what is only in `fields` is added, what is only
   * in `expected` is taken out, and whatever else the record holds stays. Without `expected`, the set is replaced.
   */
  | {
      readonly kind: 'update'
      readonly id: RecordId
      readonly fields: Fields
      readonly expected: Fields | null
      readonly name?: string
      readonly open?: OpenContent
    }
  | { readonly kind: 'remove'; readonly id: RecordId; readonly name?: string }

/** What became of one operation. */
export type Outcome =
  /**
   * Done. `record` is what the side stores now, with all fields of the collection (null after a remove). `isOurs`: these
   * values are surely what our write made of them (read in the write's own transaction, or the last writer is our user).
   */
  | { readonly kind: 'done'; readonly record: RecordState | null; readonly isOurs: boolean }
  /** A create met a record with the same key: nothing was written. */
  | { readonly kind: 'exists' }
  /** The target is not what was expected: nothing was written. */
  | { readonly kind: 'stale' }
  /** The target does not exist: nothing was written. */
  | { readonly kind: 'gone' }
  /**
   * This operation failed; its neighbours were not hurt. Mostly it cannot succeed as it is (`park`). Where each operation
   * is a call of its own, the error may be any other, and in doubt.
   */
  | { readonly kind: 'rejected'; readonly error: SyncError }

export interface FindRequest {
  readonly field: string
  readonly values: readonly Value[]
  /** Also find values that differ in letter case, or in leading, trailing and repeated white space. */
  readonly fold: { readonly case: boolean; readonly space: boolean }
  /** Leave out what is outside of the collection's filter. Absent: the filter does not count. */
  readonly inFilter?: boolean
}

/** What is fixed when a record is created. Two records that had one id at different times differ in it. */
export interface Birth {
  /** When the record was created, in milliseconds since 1970 by the clock of its own system. */
  readonly createdAtMs: number
  /** When it last changed; never goes back while the record lives. null: unknown. */
  readonly changedAtMs: number | null
  /** Whether our own user or session created it. Absent or null: cannot be told. */
  readonly byUs?: boolean | null
}

/** Applies operations to a collection and reads records by id or key. */
export interface Sink {
  /**
   * The current state of the given records, also of those outside the collection's filter and of archived ones. An id
   * that is absent from the answer does not exist. May be repeated.
   */
  read(ids: readonly RecordId[], signal: AbortSignal): Promise<ReadonlyMap<RecordId, RecordState>>
  /**
   * When these records were created. An id that is absent from the answer does not exist, or nothing can be told of it.
   * Absent: the system does not keep it. May be repeated.
   */
  births?(ids: readonly RecordId[], signal: AbortSignal): Promise<ReadonlyMap<RecordId, Birth>>
  /**
   * Who wrote these records last, by the name that people know: to be shown, never to decide by. Absent: the system does
   * not keep it. May be repeated.
   */
  writers?(ids: readonly RecordId[], signal: AbortSignal): Promise<ReadonlyMap<RecordId, string>>
  /**
   * Every record in which `field` has one of the values, archived ones included, in any order. May return too many (the
   * engine compares again), never too few. Settles creates in doubt and adopts existing records. May be repeated.
   */
  find(request: FindRequest, signal: AbortSignal): Promise<readonly RecordState[]>
  /**
   * Applies up to `capabilities.maxBatch` operations of one kind and gives one outcome for each, in order. Never called
   * with two operations for one record. Not repeated blindly by the engine.
   * @throws SyncError when the call as a whole failed. Without `inDoubt`, nothing of it was done: the engine halves a
   * batch that was refused (`park`) until the guilty record stands alone. With `inDoubt`, it looks before it sends again.
   */
  apply(operations: readonly Operation[], signal: AbortSignal): Promise<readonly Outcome[]>
  /**
   * Hands on what `apply` has taken and holds back so far (lines of a file that is sent when it is full, or after an hour),
   * as far as that is due. Asked at the end of every run. May be repeated. @throws SyncError; then nothing is lost.
   */
  flush?(signal: AbortSignal): Promise<void>
  /**
   * For records that do not exist any more because they were merged into others: those, by the id of the one that is gone.
   * What was simply deleted, and what is not known, is absent. Absent: the system does not tell.
   */
  survivors?(ids: readonly RecordId[], signal: AbortSignal): Promise<ReadonlyMap<RecordId, RecordId>>
  /**
   * Takes `count` new values of `field` that no other record will ever get, so that a record can be named before it is
   * created (a sequence). null: `field` has no such source. Values that are not used are simply lost.
   */
  reserve?(field: string, count: number, signal: AbortSignal): Promise<readonly Value[] | null>
  /**
   * The bytes of a field that was read as a reference, in pieces, as they are while this is read: the caller compares
   * their digest. Nothing where the record or its content is gone. Present: with `CollectionRequest.contents` the binary
   * fields of this collection are references when read (those of which the system knows no digest stay base64), and
   * `apply` takes references as well as base64. Several may be open at once; may be repeated.
   */
  openContent?(id: RecordId, field: string, signal: AbortSignal): AsyncIterable<Uint8Array>
}
