import { performance } from 'node:perf_hooks'
import { SyncError } from '../contract/error.ts'

export interface PaceLimits {
  /** Calls in flight. */
  readonly concurrency: number
  /** Calls begun in any second, wherever that second begins; null: as many as the answers allow. */
  readonly perSecond: number | null
}

/** Time as the pace needs it. A wall clock would not do: set back by an hour, it would keep every call waiting for one. */
export interface PaceClock {
  /** Milliseconds that only move forward. */
  monotonicMs(): number
  /** Calls back once after at least `ms`. The result takes that back. */
  after(ms: number, then: () => void): () => void
}

/** Decides when each call of one connection to a server begins: in the order in which they were asked for. */
export interface Pace {
  /** @throws what `work` throws; the hold's SyncError, or the signal's reason, where it was not begun. */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>
  /** The server asked for a pause: nothing is begun before it is over, and who waits or comes meanwhile is refused. */
  hold(ms: number, code: 'rate_limited' | 'unavailable'): void
  /** Refuses everything that has not begun. */
  close(): void
}

interface Waiting {
  readonly begin: () => void
  readonly refuse: (reason: unknown) => void
}

const SECOND_MS = 1000

const SYSTEM_CLOCK: PaceClock = {
  monotonicMs: () => performance.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms)
    return () => clearTimeout(timer)
  },
}

export function createPace(server: string, limits: PaceLimits, clock: PaceClock = SYSTEM_CLOCK): Pace {
  const waiting = new Set<Waiting>()
  /** When the newest calls began, oldest first; as many as may begin within a second. */
  let begun: number[] = []
  let inFlight = 0
  let held: { untilMs: number; code: 'rate_limited' | 'unavailable' } | null = null
  let cancelTimer: (() => void) | null = null
  let isClosed = false

  const holdError = (): SyncError | null => {
    if (isClosed) return new SyncError('unavailable', `The connection to ${server} is closed`)
    const leftMs = held === null ? 0 : held.untilMs - clock.monotonicMs()
    if (held === null || leftMs <= 0) return null
    const message = `${server} asked for a pause of which ${Math.ceil(leftMs / SECOND_MS)} s are left`
    return new SyncError(held.code, message, { retryAfterMs: leftMs })
  }

  const waitMs = (): number => {
    if (limits.perSecond === null || begun.length < limits.perSecond) return 0
    return (begun[0] ?? 0) + SECOND_MS - clock.monotonicMs()
  }

  const beginNext = (): void => {
    for (const next of waiting) {
      if (inFlight >= limits.concurrency) return
      const ms = waitMs()
      if (ms > 0) {
        cancelTimer ??= clock.after(Math.ceil(ms), () => {
          cancelTimer = null
          beginNext()
        })
        return
      }
      waiting.delete(next)
      inFlight += 1
      if (limits.perSecond !== null) begun = [...begun, clock.monotonicMs()].slice(-limits.perSecond)
      next.begin()
    }
  }

  const turn = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(entry)
        signal.removeEventListener('abort', stop)
      }
      const stop = (): void => entry.refuse(signal.reason)
      const entry: Waiting = {
        begin() {
          leave()
          resolve()
        },
        refuse(reason) {
          leave()
          reject(reason)
        },
      }
      signal.addEventListener('abort', stop, { once: true })
      waiting.add(entry)
      beginNext()
    })

  const refuseAll = (): void => {
    const error = holdError()
    for (const entry of [...waiting]) entry.refuse(error)
  }

  return {
    async run(work, signal) {
      signal.throwIfAborted()
      const error = holdError()
      if (error !== null) throw error
      await turn(signal)
      try {
        return await work()
      } finally {
        inFlight -= 1
        beginNext()
      }
    },
    hold(ms, code) {
      const untilMs = clock.monotonicMs() + ms
      if (held === null || untilMs > held.untilMs) held = { untilMs, code }
      refuseAll()
    },
    close() {
      isClosed = true
      cancelTimer?.()
      cancelTimer = null
      refuseAll()
    },
  }
}
