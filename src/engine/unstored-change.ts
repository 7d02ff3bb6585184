import type { NewChange, StoredChange } from '../ledger/change.ts'

/** Shared by all: there are as many of them as records. */
const NONE: readonly never[] = []

/** A change as the planning functions take it, for one that is not in the ledger: only looked at, or not staged yet. */
export function unstoredChange(change: NewChange): StoredChange {
  const { side, id, kind, version, changedAtMs, byUs, fields } = change
  return {
    side,
    id,
    kind,
    version,
    changedAtMs,
    byUs,
    fields,
    seq: 0,
    state: 'pending',
    attempts: 0,
    notBeforeMs: 0,
    firstCapturedAtMs: 0,
    fault: null,
    conflicts: NONE,
    waitsFor: NONE,
    omitsReferences: false,
  }
}
