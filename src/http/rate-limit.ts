type Headers = Readonly<Record<string, string | string[] | undefined>>

/** Above this a number of seconds is taken for a time since 1970: no API makes its callers wait for thirty years. */
const SHORTEST_UNIX_S = 1_000_000_000
const SHORTEST_UNIX_MS = SHORTEST_UNIX_S * 1000

/** What such a header is believed: one that is meant otherwise must not stop a connection for days. */
const LONGEST_MS = 3_600_000

/** Names of "how many are left" and "when there are more", with which they come in pairs. */
const PAIRS = [
  ['ratelimit-remaining', 'ratelimit-reset'],
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
  ['x-rate-limit-remaining', 'x-rate-limit-reset'],
] as const

/**
 * How long an answer says that nothing more is allowed, in milliseconds from now, at most an hour; null where calls are left or the headers
 * say nothing that is understood. Of several limits that are used up the longest counts. Read are `X-RateLimit-Remaining` and
 * `-Reset` (seconds, a Unix time in seconds or milliseconds, or a date), `RateLimit-Remaining` and `-Reset`, and the fields
 * `RateLimit: "name";r=0;t=30` and `RateLimit: limit=100, remaining=0, reset=30` of the IETF's drafts
 * (draft-ietf-httpapi-ratelimit-headers).
 */
export function spentForMs(headers: Headers, wallClockMs: number): number | null {
  const waits = PAIRS.flatMap(([remaining, reset]) =>
    spentFor(first(headers[remaining]), first(headers[reset]), wallClockMs),
  )
  const field = headers.ratelimit
  const text = Array.isArray(field) ? field.join(',') : (field ?? '')
  if (/\bremaining\s*=/i.test(text))
    waits.push(...spentFor(parameter(text, 'remaining'), parameter(text, 'reset'), wallClockMs))
  else
    for (const item of text.split(',')) waits.push(...spentFor(parameter(item, 'r'), parameter(item, 't'), wallClockMs))
  return waits.length === 0 ? null : Math.min(LONGEST_MS, Math.max(...waits))
}

function spentFor(remaining: string | undefined, reset: string | undefined, wallClockMs: number): number[] {
  if (remaining === undefined || !/^\s*0+(\.0+)?\s*$/.test(remaining) || reset === undefined) return []
  const ms = resetMs(reset.trim(), wallClockMs)
  return ms > 0 ? [ms] : []
}

/** NaN where it is neither a number nor a date. */
function resetMs(text: string, wallClockMs: number): number {
  if (/^\d{1,15}(\.\d+)?$/.test(text)) {
    const number = Number(text)
    if (number >= SHORTEST_UNIX_MS) return number - wallClockMs
    if (number >= SHORTEST_UNIX_S) return number * 1000 - wallClockMs
    return number * 1000
  }
  return /^[A-Z][a-z]|^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) - wallClockMs : Number.NaN
}

function parameter(text: string, name: string): string | undefined {
  return new RegExp(`(?:^|[;,\\s])${name}\\s*=\\s*(\\d+)`, 'i').exec(text)?.[1]
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
