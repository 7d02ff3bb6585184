import type { ErrorCode } from '../contract/error.ts'

/**
 * The circuit breaker of one connection, as plain data. After `FAILURES_TO_OPEN` failures in a row that speak of the
 * server it opens, and calls are refused without being sent. After a pause one call is let through: if the server answers
 * it, all are again; if not, the next pause is longer. Times are those of a clock that only moves forward.
 */
export interface Circuit {
  readonly state: 'closed' | 'open' | 'half-open'
  /** Failures in a row that speak of the server. */
  readonly failures: number
  /** How often it opened since the server last answered. */
  readonly openings: number
  /** While open: when the next call is let through. */
  readonly probeAtMs: number
}

export const CLOSED: Circuit = { state: 'closed', failures: 0, openings: 0, probeAtMs: 0 }

const FAILURES_TO_OPEN = 5
const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 60_000
/** While a probe is under way, others are told to ask again so soon. */
const PROBING_MS = 1000

/**
 * Whether a failure says that the server itself is in trouble. `server` does not: a 500 may come of one record, and a
 * batch that holds it is halved again and again, which must not shut everyone else out.
 */
export function speaksOfServer(code: ErrorCode): boolean {
  return code === 'network' || code === 'timeout' || code === 'unavailable'
}

/** Asks to make a call. Refused: not before `waitMs` from now. */
export function admit(circuit: Circuit, nowMs: number): { readonly circuit: Circuit; readonly waitMs: number | null } {
  if (circuit.state === 'closed') return { circuit, waitMs: null }
  if (circuit.state === 'half-open') return { circuit, waitMs: PROBING_MS }
  if (nowMs < circuit.probeAtMs) return { circuit, waitMs: circuit.probeAtMs - nowMs }
  return { circuit: { ...circuit, state: 'half-open' }, waitMs: null }
}

/** The server answered, with whatever. */
export function answered(circuit: Circuit): Circuit {
  return circuit.state === 'closed' && circuit.failures === 0 ? circuit : CLOSED
}

/** A call failed in a way that speaks of the server. What was sent before the circuit opened changes nothing any more. */
export function failed(circuit: Circuit, nowMs: number): Circuit {
  if (circuit.state === 'open') return circuit
  const failures = circuit.failures + 1
  if (circuit.state === 'closed' && failures < FAILURES_TO_OPEN) return { ...circuit, failures }
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(circuit.openings, 10))
  return { state: 'open', failures, openings: circuit.openings + 1, probeAtMs: nowMs + pauseMs }
}

/** A call ended without saying anything of the server: we stopped it ourselves. A probe may be made again at once. */
export function abandoned(circuit: Circuit): Circuit {
  return circuit.state === 'half-open' ? { ...circuit, state: 'open' } : circuit
}
