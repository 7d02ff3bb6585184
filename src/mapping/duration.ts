import { z } from 'zod'

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const A_DURATION = 'expected a duration such as 500ms, 5s, 10m, 24h or 7d'
const A_DURATION_OR_NEVER = 'expected a duration such as 10m, 24h or 7d, or never'
const A_SHARE = 'expected a percentage from 0% to 100%, such as 10%'
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** Milliseconds of "500ms", "5s", "10m", "24h", "7d"; null where it is none. */
export function parseDurationMs(text: string): number | null {
  const match = DURATION.exec(text)
  if (!match) return null
  const ms = Math.round(Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS])
  return Number.isSafeInteger(ms) ? ms : null
}

/** A duration as text, read as milliseconds. */
export const durationSchema = z
  .string(A_DURATION)
  .regex(DURATION, A_DURATION)
  .transform((text) => parseDurationMs(text) ?? 0)
  .meta({ title: 'duration' })

/** A duration as text or `never`, read as milliseconds or null. */
export const durationOrNeverSchema = z
  .string(A_DURATION_OR_NEVER)
  .regex(/^(?:never|\d+(?:\.\d+)?(?:ms|s|m|h|d))$/, A_DURATION_OR_NEVER)
  .transform((text) => parseDurationMs(text))
  .meta({ title: 'duration or `never`' })

/** "10%" as 0.1. */
export const shareSchema = z
  .string(A_SHARE)
  .regex(/^(?:100|\d{1,2}(?:\.\d+)?)%$/, A_SHARE)
  .transform((text) => Number(text.slice(0, -1)) / 100)
  .meta({ title: 'percentage' })
