import type { Version } from '../../contract/change.ts'

/** RPC cuts `write_date` to whole seconds. */
export const WRITE_DATE_RESOLUTION_MS = 1000

/**
 * A second that is over: with the database's clock at least this much past the cut `write_date`, no transaction can
 * begin in that second any more. One of the two seconds is the cut, the other one is for transactions that have begun
 * in it and are just committing.
 */
export const HOT_MS = 2000

/** Odoo's "2026-11-21 08:30:00" (always UTC) as milliseconds since 1970; NaN for anything else. */
export function parseWriteDate(text: unknown): number {
  return typeof text === 'string' ? Date.parse(`${text.replace(' ', 'T')}Z`) : Number.NaN
}

export function formatWriteDate(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

/**
 * The version of a record that has dependents: it moves when one of them is written, added or taken away.
 * @param stamps what each kind of dependents adds.
 */
export function recordVersionWith(
  writeDateMs: number,
  stamps: readonly { readonly count: number; readonly newestMs: number }[],
  floorMs: number | null,
): Version {
  if (Number.isNaN(writeDateMs)) return null
  const newestMs = Math.max(writeDateMs, ...stamps.map((stamp) => stamp.newestMs || 0))
  const isHot = floorMs === null || floorMs < newestMs + HOT_MS
  const parts = stamps.map((stamp) => `/${stamp.count}:${(stamp.newestMs || 0) / 1000}`)
  return `${writeDateMs / 1000}${parts.join('')}${isHot ? '~' : ''}`
}

/** @param floorMs the least that the database's clock showed when the read began; null: unknown. */
export function recordVersion(writeDateMs: number, floorMs: number | null): Version {
  if (Number.isNaN(writeDateMs)) return null
  const isHot = floorMs === null || floorMs < writeDateMs + HOT_MS
  return isHot ? `${writeDateMs / 1000}~` : String(writeDateMs / 1000)
}
