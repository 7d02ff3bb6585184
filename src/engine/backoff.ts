/**
 * The pause before attempt number `attempts` + 1, in milliseconds: exponential with full jitter above half of it, so
 * that many failures of one moment do not come back in one moment.
 */
export function backoffMs(attempts: number, firstMs: number, maxMs: number, random: () => number): number {
  const ceilingMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempts, 30))
  return Math.round(ceilingMs / 2 + (random() * ceilingMs) / 2)
}
