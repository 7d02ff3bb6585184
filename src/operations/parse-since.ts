import { parseDurationMs } from '../mapping/duration.ts'

/** Milliseconds since 1970 of "2d" ago, or of a date or a time; null: it is neither. */
export function parseSince(text: string, nowMs: number): number | null {
  const agoMs = parseDurationMs(text)
  if (agoMs !== null) return nowMs - agoMs
  const atMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN
  return Number.isNaN(atMs) ? null : atMs
}
