import { z } from 'zod'

/** The parts of a date and a time, as they are written. */
export interface DateParts {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly millisecond: number
}

/** A zone's name in a configuration. */
export const timezone = z.string().refine((zone) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}, 'must be a time zone such as UTC or Europe/Berlin')

const FORMATS = new Map<string, Intl.DateTimeFormat>()

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = FORMATS.get(zone)
  if (format === undefined) {
    const two = '2-digit'
    format = new Intl.DateTimeFormat('en-u-hc-h23', {
      timeZone: zone,
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
    })
    FORMATS.set(zone, format)
  }
  return format
}

/** The clock on the wall of a time zone at a moment, in milliseconds since 1970. */
export function wallClock(atMs: number, zone: string): DateParts {
  if (zone === 'UTC') return partsOf(new Date(atMs))
  const parts = new Map(
    formatOf(zone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
  return {
    year: of('year'),
    month: of('month'),
    day: of('day'),
    hour: of('hour'),
    minute: of('minute'),
    second: of('second'),
    millisecond: ((atMs % 1000) + 1000) % 1000,
  }
}

/** The moment at which the clocks of a zone show this. Of an hour that comes twice, the first. */
export function momentOf(parts: DateParts, zone: string): number {
  const wallMs = utcMs(parts)
  if (zone === 'UTC') return wallMs
  const offsetAt = (ms: number): number =>
    utcMs({ ...wallClock(ms, zone), millisecond: 0 }) - Math.floor(ms / 1000) * 1000
  // The offsets of the day before and after: the larger one gives the earlier moment.
  const candidates = [wallMs - 86_400_000, wallMs + 86_400_000].map((ms) => wallMs - offsetAt(ms)).sort((a, b) => a - b)
  const [first = wallMs, second = wallMs] = candidates
  return first + offsetAt(first) === wallMs ? first : second
}

function utcMs({ year, month, day, hour, minute, second, millisecond }: DateParts): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second, millisecond)
  return date.getTime()
}

function partsOf(date: Date): DateParts {
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
  }
}

/** "2026-11-21T08:30:05" on the wall of a zone. */
export function localTimeText(atMs: number, zone: string): string {
  const { year, month, day, hour, minute, second } = wallClock(atMs, zone)
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`
}
