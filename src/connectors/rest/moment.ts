import type { Value } from '../../contract/value.ts'
import { localTimeText, momentOf, wallClock } from '../time-zone.ts'
import type { TimeFormat } from './collection-schema.ts'

/** Numbers from here on are milliseconds: as seconds, they would be in the year 5138. */
const FIRST_MS = 1e11

/** When a record changed, in milliseconds since 1970, whichever way the API writes it; null: empty or no time. */
export function parseMoment(value: Value | undefined, zone = 'UTC'): number | null {
  if (typeof value === 'number') return Math.round(value < FIRST_MS ? value * 1000 : value)
  if (typeof value !== 'string' || value === '') return null
  if (/^\d+(\.\d+)?$/.test(value)) return parseMoment(Number(value))
  // A time without a zone is in that of the API; JavaScript would take it for local time.
  const iso = value.replace(' ', 'T')
  const isZoned = /T.*(?:Z|[+-]\d\d:?\d\d)$/i.test(iso) || !iso.includes('T')
  const ms = Date.parse(isZoned ? iso : `${iso}Z`)
  if (Number.isNaN(ms)) return null
  return isZoned ? ms : momentOf(wallClock(ms, 'UTC'), zone)
}

/** A moment as the API's filter takes it: `sql` on the wall of a zone, everything else in UTC. */
export function formatMoment(ms: number, format: TimeFormat, zone = 'UTC'): Value {
  const iso = new Date(ms).toISOString()
  switch (format) {
    case 'iso':
      return iso
    case 'iso_seconds':
      return `${iso.slice(0, 19)}Z`
    case 'sql':
      return localTimeText(unmistakable(ms, zone), zone).replace('T', ' ')
    case 'unix_s':
      return Math.floor(ms / 1000)
    case 'unix_ms':
      return ms
  }
}

/** Where the clocks of a zone will show this once more, an hour before it: the API may think of the second time. */
function unmistakable(ms: number, zone: string): number {
  const hourMs = 3_600_000
  return localTimeText(ms, zone) === localTimeText(ms + hourMs, zone) ? ms - hourMs : ms
}
