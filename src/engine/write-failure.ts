import { asSyncError, SyncError } from '../contract/error.ts'

/**
 * What a call that writes threw, as a SyncError. An error of another class says nothing about what was done before it was
 * thrown, and so leaves the work in doubt.
 */
export function writeFailure(thrown: unknown, signal: AbortSignal): SyncError {
  if (thrown instanceof SyncError) return thrown
  // Many clients throw an error of their own where a call is given up, which is no defect.
  const code = signal.aborted ? 'network' : 'unexpected'
  return new SyncError(code, asSyncError(thrown).message, { cause: thrown, inDoubt: true })
}
