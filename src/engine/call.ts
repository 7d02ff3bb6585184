import { asSyncError, type SyncError } from '../contract/error.ts'
import type { Operation, Outcome, Sink } from '../contract/sink.ts'

export type CallOutcome =
  | Outcome
  /** It may have been done. */
  | { readonly kind: 'doubt'; readonly error: SyncError }
  /** It was not done, and not because of this operation: the whole run has to stop and come back later. */
  | { readonly kind: 'undone'; readonly error: SyncError }

/**
 * Whether a failure says neither what was done nor whose fault it is: the connector threw an error of another class, or
 * gave no outcome. One record may be the cause, so each spends an attempt, and is sent alone when it is sent again.
 */
export function isUnexplained(error: SyncError): boolean {
  return error.code === 'unexpected' && error.inDoubt
}

/**
 * Applies operations of one kind, one outcome for each. A batch that is refused as a whole is halved until the guilty
 * operations stand alone, so that the innocent ones go through.
 */
export async function callSink(
  sink: Sink,
  operations: readonly Operation[],
  signal: AbortSignal,
): Promise<readonly CallOutcome[]> {
  try {
    return (await sink.apply(operations, signal)).map(callOutcome)
  } catch (thrown) {
    const error = asSyncError(thrown)
    if (error.inDoubt) return operations.map(() => ({ kind: 'doubt', error }))
    // `server` is a 500 that says nothing: one record may cause it as well as the whole server.
    const mayBeOneRecord = error.disposition === 'park' || error.code === 'server' || error.code === 'changed'
    if (!mayBeOneRecord) return operations.map(() => ({ kind: 'undone', error }))
    if (operations.length === 1) return [{ kind: 'rejected', error }]
    const middle = Math.ceil(operations.length / 2)
    const first = await callSink(sink, operations.slice(0, middle), signal)
    const failure = first.find((outcome) => outcome.kind === 'undone')
    if (failure) return [...first, ...operations.slice(middle).map(() => failure)]
    return [...first, ...(await callSink(sink, operations.slice(middle), signal))]
  }
}

/** What befell one operation alone where each is a call of its own: a lost answer is a doubt, a closed door stops the run. */
function callOutcome(outcome: Outcome): CallOutcome {
  if (outcome.kind !== 'rejected') return outcome
  const { error } = outcome
  if (error.inDoubt) return { kind: 'doubt', error }
  return error.disposition === 'defer' || error.code === 'network' ? { kind: 'undone', error } : outcome
}
