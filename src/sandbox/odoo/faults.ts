/** What can be made to go wrong on the way to the stand-in, as networks, proxies and an overloaded Odoo do it. */

export type FaultKind =
  | 'latency'
  | 'rate_limited'
  | 'unavailable'
  | 'error_json'
  | 'error_html'
  | 'swallowed'
  | 'dropped'
  | 'truncated'
  | 'slow_body'

export const FAULT_KINDS: readonly FaultKind[] = [
  'latency',
  'rate_limited',
  'unavailable',
  'error_json',
  'error_html',
  'swallowed',
  'dropped',
  'truncated',
  'slow_body',
]

export interface FaultSpec {
  /**
   * `latency` waits before the work; `rate_limited`, `unavailable`, `error_json` and `error_html` answer 429, 503 and
   * 500 without doing it; `swallowed` does the work and destroys the socket; `dropped` destroys it at once;
   * `truncated` does the work and cuts the answer; `slow_body` does the work and trickles the answer.
   */
  readonly kind: FaultKind
  readonly model?: string
  readonly method?: string
  /** How many matching calls it takes; without it, all of them. */
  readonly times?: number
  /** The share of the matching calls that it takes, 0 to 1; 1 without it. */
  readonly probability?: number
  /** Of the random numbers behind `probability`: the same seed takes the same calls. */
  readonly seed?: number
  /** How long `latency` waits, and how long `slow_body` takes. */
  readonly delayMs?: number
  /** The `Retry-After` of `rate_limited` and `unavailable`. */
  readonly retryAfterS?: number
}

interface ArmedFault {
  readonly spec: FaultSpec
  readonly random: () => number
  remaining: number
}

export interface Faults {
  /** Arms a fault after those that are armed; returns how to disarm it. */
  add(spec: FaultSpec): () => void
  clear(): void
  /** The fault for a call, if any: the first armed one that matches is taken. */
  take(model: string, method: string): FaultSpec | null
}

export function createFaults(): Faults {
  let armed: ArmedFault[] = []
  return {
    add: (spec) => {
      const fault = { spec, random: seededRandom(spec.seed ?? 1), remaining: spec.times ?? Number.POSITIVE_INFINITY }
      armed.push(fault)
      return () => {
        armed = armed.filter((each) => each !== fault)
      }
    },
    clear: () => {
      armed = []
    },
    take: (model, method) => {
      const fault = armed.find(
        (each) =>
          each.remaining > 0 &&
          (each.spec.model ?? model) === model &&
          (each.spec.method ?? method) === method &&
          (each.spec.probability === undefined || each.random() < each.spec.probability),
      )
      if (!fault) return null
      fault.remaining -= 1
      return fault.spec
    },
  }
}

/** Mulberry32: small, and the same everywhere. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
