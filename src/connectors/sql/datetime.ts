const DATETIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/

/**
 * A database's text for a moment as a contract value: "2026-11-21T08:30:00.5Z". Without a zone it is taken as UTC. Keeps
 * every digit of the fraction. A text that is no moment (`infinity`, a year of five digits) comes back as it is.
 */
export function datetimeValue(text: string): string {
  const match = DATETIME.exec(text)
  if (match === null) return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text
  const [, date = '', minutes = '', seconds = '00', fraction = '', zone = 'Z'] = match
  const digits = fraction.replace(/0+$/, '')
  const tail = digits === '' ? 'Z' : `.${digits}Z`
  const offset = /^([+-])(\d\d):?(\d\d)?$/.exec(zone)
  if (offset === null || /^[+-]00(?::?00)?$/.test(zone)) return `${date}T${minutes}:${seconds}${tail}`
  const offsetMs = (Number(offset[2]) * 60 + Number(offset[3] ?? 0)) * 60_000 * (offset[1] === '-' ? -1 : 1)
  const utc = new Date(Date.parse(`${date}T${minutes}:${seconds}Z`) - offsetMs)
  return utc.toISOString().slice(0, 19) + tail
}

/** Milliseconds since 1970 of a datetime value; null where it is none. */
export function datetimeMs(value: unknown): number | null {
  if (typeof value !== 'string') return null
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? null : ms
}
