/** A clock for the stand-in: the system's, which a test may put forward instead of waiting. No moment comes twice. */
export interface SandboxClock {
  readonly nowUs: () => number
  /** The same time as a process sees it that measures how much has passed. */
  readonly monotonicMs: () => number
  advance(ms: number): void
}

/** @param aheadMs How far it is ahead of the system's clock at first; negative: behind. */
export function createSandboxClock(aheadMs = 0): SandboxClock {
  let aheadUs = aheadMs * 1000
  let lastUs = 0
  return {
    nowUs() {
      lastUs = Math.max(Math.floor((performance.timeOrigin + performance.now()) * 1000 + aheadUs), lastUs + 1)
      return lastUs
    },
    monotonicMs: () => performance.now() + aheadUs / 1000,
    advance(ms) {
      aheadUs += ms * 1000
    },
  }
}
