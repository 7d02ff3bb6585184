/**
 * How fast a monotonic clock may run against the database's wall clock while that is being slewed: NTP corrects by up to
 * 0.05 %, so twice that is left out.
 */
const RATE = 0.999

/**
 * The least that the database's clock can show now. Its clock cannot be asked over RPC, and neither the daemon's clock
 * nor a proxy's `Date` header says anything about it. But a `write_date` that we read is a time that it had reached, and
 * the time passed since then can be measured.
 */
export interface ClockFloor {
  /** Tells of a time that the database's clock has reached by now. */
  observe(databaseMs: number): void
  /** null: nothing was observed yet. */
  nowMs(): number | null
}

export function createClockFloor(monotonicMs: () => number): ClockFloor {
  let best: { databaseMs: number; atMs: number } | null = null
  const nowMs = () => (best === null ? null : best.databaseMs + Math.floor((monotonicMs() - best.atMs) * RATE))
  return {
    nowMs,
    observe(databaseMs) {
      const known = nowMs()
      if (known === null || databaseMs > known) best = { databaseMs, atMs: monotonicMs() }
    },
  }
}
