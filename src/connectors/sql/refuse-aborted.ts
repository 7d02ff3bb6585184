import { SyncError } from '../../contract/error.ts'

/** @throws SyncError once `signal` has aborted, so that nothing is begun for a caller that is gone. */
export function refuseAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortError(signal)
}

export function abortError(signal: AbortSignal, isInDoubt = false): SyncError {
  if (signal.reason instanceof SyncError && !isInDoubt) return signal.reason
  return new SyncError('timeout', 'The call was aborted before it was done.', {
    cause: signal.reason,
    inDoubt: isInDoubt,
  })
}
