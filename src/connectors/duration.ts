import { z } from 'zod'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of "500ms", "30s", "10m", "1h", "2d", or of a number of seconds; null where it is none of these. */
export function parseDurationMs(text: string | number): number | null {
  if (typeof text === 'number') return text >= 0 ? Math.round(text * 1000) : null
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?\s*$/.exec(text)
  if (match === null) return null
  return Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? 's'] ?? 1000))
}

/** A time in a connection's settings or in a mapping's part, as milliseconds. */
export const duration = z
  .union([z.number(), z.string()])
  .transform((text, context) => {
    const ms = parseDurationMs(text)
    if (ms !== null) return ms
    context.addIssue({
      code: 'custom',
      message: 'write a time as a number with ms, s, m, h or d, such as 30s; a bare number counts seconds',
    })
    return z.NEVER
  })
  .meta({ title: 'duration' })
