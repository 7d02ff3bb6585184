/** The shorter of two waits in milliseconds; null: there is nothing to wait for. */
export function soonest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
