const DATE = /^(\d{4})-(\d\d)-(\d\d)$/
const DATETIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/

/** True for "2026-11-21", and only where the calendar has that day. */
export function isDate(text: string): boolean {
  const match = DATE.exec(text)
  if (!match) return false
  const [, year = '', month = '', day = ''] = match
  const date = new Date(Date.UTC(2000, 0, 1))
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
}

/**
 * A moment in any ISO 8601 form as the contract has it, "2026-11-21T08:30:00.5Z"; null where it is none. A text without
 * a zone is UTC, as Odoo and most databases mean it. Every digit of the fraction is kept.
 */
export function parseDatetime(text: string): string | null {
  const match = DATETIME.exec(text.trim())
  if (!match) return isDate(text.trim()) ? `${text.trim()}T00:00:00Z` : null
  const [, date = '', hours = '', minutes = '', seconds = '00', fraction = '', zone = 'Z'] = match
  if (!isDate(date) || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return null
  const digits = fraction.replace(/0+$/, '')
  const tail = digits === '' ? 'Z' : `.${digits}Z`
  const offset = /^([+-])(\d\d):?(\d\d)?$/.exec(zone)
  if (!offset) return `${date}T${hours}:${minutes}:${seconds}${tail}`
  const offsetMs = (Number(offset[2]) * 60 + Number(offset[3] ?? 0)) * (offset[1] === '-' ? -60_000 : 60_000)
  const moment = new Date(Date.parse(`${date}T${hours}:${minutes}:${seconds}Z`) - offsetMs)
  const iso = Number.isNaN(moment.getTime()) ? '' : moment.toISOString()
  return /^\d{4}-/.test(iso) ? iso.slice(0, 19) + tail : null
}

/** The fraction of a second dropped: Odoo stores none. */
export function wholeSeconds(datetime: string): string {
  return datetime.replace(/\.\d+Z$/, 'Z')
}

/** The datetime so many milliseconds after 1970 began; null outside the years 1 to 9999. */
export function datetimeFromMs(ms: number): string | null {
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) return null
  const iso = date.toISOString()
  return /^\d{4}-/.test(iso) && !iso.startsWith('0000') ? parseDatetime(iso) : null
}

const TOKENS = {
  YYYY: '(\\d{4})',
  MM: '(\\d\\d)',
  DD: '(\\d\\d)',
  HH: '(\\d\\d)',
  mm: '(\\d\\d)',
  ss: '(\\d\\d)',
} as const
type Token = keyof typeof TOKENS

/** A way to write a date or a datetime (in UTC) as text, such as "DD.MM.YYYY" or "YYYYMMDD HHmmss". */
export interface DateFormat {
  readonly hasTime: boolean
  /** From a contract date or datetime. */
  format(moment: string): string
  /** To a contract date or datetime; null where the text is not in this form. */
  parse(text: string): string | null
}

/** null where the pattern lacks year, month or day, or has one part twice. */
export function dateFormat(pattern: string): DateFormat | null {
  const parts = pattern.match(/YYYY|MM|DD|HH|mm|ss/g) ?? []
  const tokens = parts as Token[]
  const isComplete = (['YYYY', 'MM', 'DD'] as const).every((token) => tokens.includes(token))
  if (!isComplete || new Set(tokens).size !== tokens.length) return null
  const hasTime = tokens.some((token) => token === 'HH' || token === 'mm' || token === 'ss')
  const source = pattern
    .split(/(YYYY|MM|DD|HH|mm|ss)/)
    .map((part) => (part in TOKENS ? TOKENS[part as Token] : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('')
  const expression = new RegExp(`^${source}$`)
  return {
    hasTime,
    format: (moment) => {
      const values = partsOf(moment)
      return pattern.replace(/YYYY|MM|DD|HH|mm|ss/g, (token) => values[token as Token])
    },
    parse: (text) => {
      const match = expression.exec(text.trim())
      if (!match) return null
      const values: Record<Token, string> = { YYYY: '', MM: '', DD: '', HH: '00', mm: '00', ss: '00' }
      tokens.forEach((token, index) => {
        values[token] = match[index + 1] ?? ''
      })
      const date = `${values.YYYY}-${values.MM}-${values.DD}`
      if (!hasTime) return isDate(date) ? date : null
      return parseDatetime(`${date}T${values.HH}:${values.mm}:${values.ss}Z`)
    },
  }
}

function partsOf(moment: string): Record<Token, string> {
  return {
    YYYY: moment.slice(0, 4),
    MM: moment.slice(5, 7),
    DD: moment.slice(8, 10),
    HH: moment.slice(11, 13) || '00',
    mm: moment.slice(14, 16) || '00',
    ss: moment.slice(17, 19) || '00',
  }
}
