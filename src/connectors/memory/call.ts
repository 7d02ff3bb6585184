import { SyncError } from '../../contract/error.ts'
import type { Call, Fault } from './faults.ts'
import type { MemoryStore } from './store.ts'

/** A connector's way to its store; `isClosed` once the connector was disposed of, as a dead process sends nothing. */
export interface Session {
  readonly store: MemoryStore
  isClosed: boolean
}

/**
 * Makes one call: counts it, lets its fault strike, does the work in one go. Yields once before the work, as a network
 * would, so that callers interleave.
 */
export async function perform<T>(
  session: Session,
  call: Call,
  signal: AbortSignal,
  work: (fault: Fault) => T,
): Promise<T> {
  refuseDead(session, signal)
  const fault = session.store.strike(call)
  await (fault.until === undefined ? null : Promise.race([fault.until, abortion(signal)]))
  refuseDead(session, signal)
  if (fault.before !== undefined) throw fault.before
  const result = work(fault)
  if (fault.after !== undefined) throw fault.after
  return result
}

function refuseDead(session: Session, signal: AbortSignal): void {
  if (session.isClosed) throw new SyncError('network', 'The connector is closed.')
  if (!signal.aborted) return
  if (signal.reason instanceof SyncError) throw signal.reason
  throw new SyncError('timeout', 'The call was aborted before it began.', { cause: signal.reason })
}

function abortion(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
