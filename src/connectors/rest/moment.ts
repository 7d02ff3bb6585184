import type { Value } from '../../contract/value.ts'
import type { TimeFormat } from './collection-schema.ts'

/** Numbers from here on are milliseconds: as seconds, they would be in the year 5138. */
const FIRST_MS = 1e11

/** When a record changed, in milliseconds since 1970, whichever way the API writes it; null: empty or no time. */
export function parseMoment(value: Value | undefined): number | null {
  if (typeof value === 'number') return Math.round(value < FIRST_MS ? value * 1000 : value)
  if (typeof value !== 'string' || value === '') return null
  if (/^\d+(\.\d+)?$/.test(value)) return parseMoment(Number(value))
  // A time without a zone is UTC, as in `date_modified_gmt`; JavaScript would take it for local time.
  const iso = value.replace(' ', 'T')
  const ms = Date.parse(/T.*(?:Z|[+-]\d\d:?\d\d)$/i.test(iso) || !iso.includes('T') ? iso : `${iso}Z`)
  return Number.isNaN(ms) ? null : ms
}

/** A moment as the API's filter takes it. */
export function formatMoment(ms: number, format: TimeFormat): Value {
  const iso = new Date(ms).toISOString()
  switch (format) {
    case 'iso':
      return iso
    case 'iso_seconds':
      return `${iso.slice(0, 19)}Z`
    case 'sql':
      return iso.slice(0, 19).replace('T', ' ')
    case 'unix_s':
      return Math.floor(ms / 1000)
    case 'unix_ms':
      return ms
  }
}
