import type { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import type { FieldConflict } from '../ledger/change.ts'
import type { Missing, RecordRef, Side } from '../mapping/mapping.ts'

/** A value that was overwritten although it had changed as well. */
export interface Lost {
  readonly field: string
  readonly side: Side
  readonly value: Value
  readonly winner: Value
}

/** What was met while deciding, beside what is to be written. */
export interface Findings {
  readonly conflicts: readonly FieldConflict[]
  readonly lost: readonly Lost[]
  readonly waitsFor: readonly RecordRef[]
  /** Records that must be made before this can be decided. */
  readonly missing: readonly Missing[]
  /** A value that cannot be brought to the other side: the record is parked. */
  readonly error: SyncError | null
}

/** Findings under construction. */
export interface FindingsDraft extends Findings {
  readonly conflicts: FieldConflict[]
  readonly lost: Lost[]
  readonly waitsFor: RecordRef[]
  readonly missing: Missing[]
  error: SyncError | null
}

export function noFindings(): FindingsDraft {
  return { conflicts: [], lost: [], waitsFor: [], missing: [], error: null }
}

/** Adds what was found about one more thing. The first error stays. */
export function addFindings(draft: FindingsDraft, found: Findings): void {
  draft.conflicts.push(...found.conflicts)
  draft.lost.push(...found.lost)
  draft.waitsFor.push(...found.waitsFor)
  draft.missing.push(...found.missing)
  draft.error ??= found.error
}
