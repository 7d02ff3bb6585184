import type { DateParts } from '../time-zone.ts'

export interface DatePattern {
  /** null: the text is not written like this, or the calendar has no such day. */
  parse(text: string): DateParts | null
  format(parts: DateParts): string
}

const TOKENS: Readonly<
  Record<string, { readonly part: keyof DateParts; readonly digits: string; readonly width: number }>
> = {
  YYYY: { part: 'year', digits: '\\d{4}', width: 4 },
  YY: { part: 'year', digits: '\\d{2}', width: 2 },
  MM: { part: 'month', digits: '\\d{2}', width: 2 },
  M: { part: 'month', digits: '\\d{1,2}', width: 1 },
  DD: { part: 'day', digits: '\\d{2}', width: 2 },
  D: { part: 'day', digits: '\\d{1,2}', width: 1 },
  HH: { part: 'hour', digits: '\\d{2}', width: 2 },
  H: { part: 'hour', digits: '\\d{1,2}', width: 1 },
  mm: { part: 'minute', digits: '\\d{2}', width: 2 },
  ss: { part: 'second', digits: '\\d{2}', width: 2 },
  SSS: { part: 'millisecond', digits: '\\d{3}', width: 3 },
}
const TOKEN = /YYYY|YY|MM|M|DD|D|HH|H|mm|ss|SSS/g
const MIDNIGHT = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 }

/** Reads a pattern such as "DD.MM.YYYY HH:mm". `problem`: what is wrong with it, null if nothing. */
export function compileDatePattern(pattern: string): {
  readonly pattern: DatePattern
  readonly problem: string | null
} {
  const names = pattern.match(TOKEN) ?? []
  const parts = names.map((name) => TOKENS[name]?.part ?? 'year')
  const isWhole = parts.includes('year') && parts.includes('month') && parts.includes('day')
  const isUnique = new Set(parts).size === parts.length
  const problem = isWhole && isUnique ? null : 'must hold a year, a month and a day, each once: DD.MM.YYYY, YYYYMMDD'
  return { pattern: patternOf(pattern, names), problem }
}

function patternOf(pattern: string, names: readonly string[]): DatePattern {
  const source = pattern
    .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replace(TOKEN, (name) => `(${TOKENS[name]?.digits ?? ''})`)
  const expression = new RegExp(`^${source}$`)
  return {
    parse(text) {
      const match = expression.exec(text)
      if (match === null) return null
      const parts: { -readonly [part in keyof DateParts]: number } = { ...MIDNIGHT }
      names.forEach((name, index) => {
        const number = Number(match[index + 1])
        // As spreadsheets read it: 69 is 1969, 68 is 2068.
        if (name === 'YY') parts.year = number + (number < 69 ? 2000 : 1900)
        else parts[TOKENS[name]?.part ?? 'year'] = number
      })
      return isReal(parts) ? parts : null
    },
    format: (parts) =>
      pattern.replace(TOKEN, (name) => {
        const token = TOKENS[name]
        if (token === undefined) return name
        const number = name === 'YY' ? parts.year % 100 : parts[token.part]
        return String(number).padStart(token.width, '0')
      }),
  }
}

function isReal(parts: DateParts): boolean {
  const date = new Date(0)
  date.setUTCFullYear(parts.year, parts.month - 1, parts.day)
  const isDay = date.getUTCMonth() === parts.month - 1 && date.getUTCDate() === parts.day
  return isDay && parts.hour < 24 && parts.minute < 60 && parts.second < 60
}
