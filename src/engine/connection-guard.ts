import { asSyncError, SyncError } from '../contract/error.ts'
import { abandoned, admit, answered, type Circuit, CLOSED, failed, speaksOfServer } from './circuit.ts'

/** A database that was looked at is trusted so long without a glance: less than the pause between two runs, as a rule. */
const GLANCE_EVERY_MS = 4000
/** A `server` error makes us look at the database again, at most so often. */
const SERVER_ERROR_TRUST_MS = 10_000

/** How a connection is doing, as `status` shows it. Times are milliseconds since 1970. */
export interface Condition {
  /** `held`: the server asked for a pause (`Retry-After`). */
  readonly state: 'closed' | 'open' | 'half-open' | 'held'
  readonly sinceMs: number
  /** While open or held: when the next call may be made. */
  readonly untilMs: number | null
  /** Why it is not closed. */
  readonly reason: string | null
}

/** What stands before every call of a connection. */
export interface ConnectionGuard {
  /** A question about the system itself: also asked where the database is not the one that we know. */
  ask<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T>
  /**
   * A call that reads or writes records: only made where the database was recognised since the connection last failed.
   * @param failureIn what an answer says of the server, where its calls fail one by one; null: nothing.
   * @throws SyncError `identity` from `recognise`; `circuit_open` without sending anything; what `call` throws.
   */
  work<T>(signal: AbortSignal, call: () => Promise<T>, failureIn?: (result: T) => SyncError | null): Promise<T>
  /** Looks at the database again before the next call that works with records. */
  distrust(): void
}

export interface GuardOptions {
  readonly connection: string
  readonly monotonicMs: () => number
  readonly nowMs: () => number
  /** Makes sure that this is the database that we know. Its own calls go through `ask`. @throws SyncError `identity`. */
  readonly recognise: (signal: AbortSignal) => Promise<void>
  /**
   * A cheap look at a database that was recognised before: false where anything is not as it was then, whatever the
   * reason. A server that is stopped, given another database and started again between two calls is noticed by this only.
   */
  readonly glance: (signal: AbortSignal) => Promise<boolean>
  readonly onCondition: (condition: Condition) => void
}

/**
 * The circuit breaker of a connection, and its memory of whether the database behind it was recognised. It wraps what every
 * connector offers, so that all of them are guarded alike, whoever calls.
 */
export function createConnectionGuard(options: GuardOptions): ConnectionGuard {
  let circuit: Circuit = CLOSED
  let told: Condition['state'] = 'closed'
  let heldUntilMs = 0
  let isRecognised = false
  let recognisedAtMs = 0
  let lookedAtMs = 0
  let recognising: Promise<void> | null = null

  const tell = (state: Condition['state'], untilMs: number | null, reason: string | null): void => {
    if (state === told && state !== 'held') return
    told = state
    const sinceMs = options.nowMs()
    options.onCondition({ state, sinceMs, untilMs: untilMs === null ? null : sinceMs + untilMs, reason })
  }

  const onFailure = (error: SyncError, isStopped: boolean): void => {
    if (isStopped) {
      circuit = abandoned(circuit)
      return
    }
    const nowMs = options.monotonicMs()
    if (!speaksOfServer(error.code)) {
      circuit = answered(circuit)
      // A server whose database was swapped under it fails with errors of its own. So does one bad record, often.
      if (error.code === 'server' && nowMs - recognisedAtMs > SERVER_ERROR_TRUST_MS) isRecognised = false
      if (error.code === 'rate_limited' && error.retryAfterMs !== null) hold(error, nowMs)
      else if (told !== 'held') tell('closed', null, null)
      return
    }
    // Whatever answers after this may be another server.
    isRecognised = false
    circuit = failed(circuit, nowMs)
    if (circuit.state === 'open') tell('open', circuit.probeAtMs - nowMs, error.message)
    if (error.retryAfterMs !== null) hold(error, nowMs)
  }

  const hold = (error: SyncError, nowMs: number): void => {
    const retryAfterMs = error.retryAfterMs ?? 0
    if (nowMs + retryAfterMs <= heldUntilMs) return
    heldUntilMs = nowMs + retryAfterMs
    if (circuit.state === 'closed') tell('held', retryAfterMs, error.message)
  }

  const ask = async <T>(
    signal: AbortSignal,
    call: () => Promise<T>,
    failureIn: (result: T) => SyncError | null = () => null,
  ): Promise<T> => {
    const admission = admit(circuit, options.monotonicMs())
    if (admission.waitMs !== null) throw openError(options.connection, admission.waitMs)
    if (admission.circuit !== circuit) tell('half-open', null, null)
    circuit = admission.circuit
    try {
      const result = await call()
      const failure = failureIn(result)
      if (failure) {
        onFailure(failure, signal.aborted)
        return result
      }
      circuit = answered(circuit)
      tell('closed', null, null)
      return result
    } catch (thrown) {
      const error = asSyncError(thrown)
      onFailure(error, signal.aborted)
      throw error
    }
  }

  const look = async (signal: AbortSignal): Promise<void> => {
    if (!isRecognised || !(await options.glance(signal))) {
      isRecognised = false
      await options.recognise(signal)
      isRecognised = true
      recognisedAtMs = options.monotonicMs()
    }
    lookedAtMs = options.monotonicMs()
  }

  /** Many calls may wait for one look. One whose caller gave up is begun anew by the next. */
  const recognise = async (signal: AbortSignal): Promise<void> => {
    while (!isRecognised || options.monotonicMs() - lookedAtMs > GLANCE_EVERY_MS) {
      if (recognising !== null) {
        await recognising.catch(() => {})
        signal.throwIfAborted()
        continue
      }
      recognising = look(signal)
      try {
        await recognising
      } finally {
        recognising = null
      }
    }
  }

  return {
    ask,
    async work(signal, call, failureIn) {
      await recognise(signal)
      return ask(signal, call, failureIn)
    },
    distrust() {
      isRecognised = false
    },
  }
}

function openError(connection: string, waitMs: number): SyncError {
  const message = `The connection ${connection} failed again and again, and is left alone for a while`
  return new SyncError('circuit_open', message, {
    retryAfterMs: waitMs,
    hint: 'tandem status says why. It goes on by itself when the system answers.',
  })
}
