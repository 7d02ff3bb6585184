/**
 * The header `Retry-After` in milliseconds from now: seconds, or a date (RFC 9110, 10.2.3). null where it is missing or
 * neither of the two; 0 for a date that has passed.
 */
export function parseRetryAfterMs(header: string | undefined, wallClockMs: number): number | null {
  if (header === undefined) return null
  const text = header.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  // Every form of an HTTP date begins with the day's name; Date.parse alone would take "-5" for a year.
  const dateMs = /^[A-Z][a-z]/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - wallClockMs)
}
