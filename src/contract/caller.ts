import type { RecordId } from './change.ts'
import type { Fields, Value } from './value.ts'

/** Records that a record refers to, by the name of the field that refers to them; "a.b" goes on from there. */
export interface RelatedRequest {
  readonly path: string
  /** The fields to read of each record found. */
  readonly fields: readonly string[]
}

/**
 * Calls what is more than a change of fields: a business method, a wizard, a function. What a call looks like is its
 * connector's own (`{ method: "action_confirm" }`); the engine fills in values and keeps the record of what was called.
 */
export interface Caller {
  /**
   * What is wrong with a call, as it stands in the mapping (null: none is made), and with requests for related records: one
   * sentence each, none where all is well. A value that is only known later is a text that begins with "=". Changes nothing.
   * @throws SyncError when the system does not answer.
   */
  check(call: Value, related: readonly RelatedRequest[], signal: AbortSignal): Promise<readonly string[]>
  /**
   * The records that `id` refers to, each with `id` and the fields asked for, in a stable order, each once; none where it
   * refers to none. Read fresh. May be repeated.
   */
  related(id: RecordId, request: RelatedRequest, signal: AbortSignal): Promise<readonly Fields[]>
  /**
   * Makes the call for the record `id` and answers what it returned. Never repeated blindly by the engine.
   * @throws SyncError as `Sink.apply`: without `inDoubt`, nothing of it was done.
   */
  call(id: RecordId, call: Value, signal: AbortSignal): Promise<Value>
}
