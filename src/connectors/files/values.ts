import type { Value } from '../../contract/value.ts'
import { datetimeValue } from '../sql/datetime.ts'
import { decimalValue, plainDigits } from '../sql/decimal.ts'
import { parseJsonText } from '../sql/json-text.ts'
import { type DateParts, momentOf, wallClock } from '../time-zone.ts'
import type { Column } from './columns.ts'

/** Why a value does not fit its column, as the end of a sentence: `price "1.2.3" is no decimal`. */
export class ValueProblem extends Error {}

const INTEGER = /^[+-]?\d+$/
const ISO_MOMENT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/

/** A cell of a file as a value. A CSV's cells are texts; those of JSON may be anything. @throws ValueProblem. */
export function parseCell(column: Column, cell: Value): Value {
  const value = typeof cell === 'string' && column.trims ? cell.trim() : cell
  if (value === null || (value === '' && (column.emptyIsNull || column.type !== 'text'))) {
    if (column.isRequired) throw new ValueProblem(`${column.field} is empty`)
    return null
  }
  switch (column.type) {
    case 'text':
      return parseText(column, value)
    case 'integer':
      return parseInteger(column, value)
    case 'decimal':
      return typeof value === 'number' ? value : decimalValue(plainNumber(column, value))
    case 'boolean':
      return parseBoolean(column, value)
    case 'date':
      return dateText(parts(column, value, column.date.parse(textOf(column, value)), column.dateText))
    case 'datetime':
      return parseDatetime(column, textOf(column, value))
    case 'json':
      return column.isNative ? value : parseJson(column, textOf(column, value))
  }
}

function parseText(column: Column, value: Exclude<Value, null>): Value {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return plainDigits(value)
  if (typeof value === 'boolean') return String(value)
  throw wrong(column, value, 'no text')
}

function parseInteger(column: Column, value: Exclude<Value, null>): Value {
  if (typeof value === 'number' && Number.isInteger(value)) return value
  const text = typeof value === 'string' ? plainNumber(column, value) : ''
  if (!INTEGER.test(text)) throw wrong(column, value, 'no integer')
  return decimalValue(text)
}

/** The digits of a number with a point, whatever it is written with. */
function plainNumber(column: Column, value: Exclude<Value, null>): string {
  let text = textOf(column, value)
  const { thousands, decimal } = column
  const [whole = '', ...rest] = text.split(decimal)
  if (thousands !== '' && whole.includes(thousands)) {
    // Groups of three only: "1,5" is no 15.
    const groups = whole.replace(/^[+-]/, '').split(thousands)
    const isGrouped = groups.every((group, index) => (index === 0 ? /^\d{1,3}$/ : /^\d{3}$/).test(group))
    if (!isGrouped) throw wrong(column, value, 'no number')
    text = [whole.replaceAll(thousands, ''), ...rest].join(decimal)
  }
  if (decimal !== '.' && text.includes('.')) throw wrong(column, value, `no number with "${decimal}"`)
  const plain = text
    .replace(decimal, '.')
    .replace(/^\+/, '')
    .replace(/^(-?)\./, '$10.')
    .replace(/\.$/, '')
  if (!/^-?\d+(?:\.\d+)?$/.test(plain)) throw wrong(column, value, `no ${column.type}`)
  return plain
}

function parseBoolean(column: Column, value: Exclude<Value, null>): boolean {
  if (typeof value === 'boolean') return value
  const word = String(value).toLowerCase()
  if (column.yes.some((each) => each.toLowerCase() === word)) return true
  if (column.no.some((each) => each.toLowerCase() === word)) return false
  throw wrong(column, value, `neither ${quoted(column.yes)} nor ${quoted(column.no)}`)
}

function parseDatetime(column: Column, text: string): Value {
  if (column.datetime !== null) {
    const found = parts(column, text, column.datetime.parse(text), column.datetimeText)
    return isoOf(momentOf(found, column.timezone))
  }
  if (ISO_MOMENT.test(text) && column.timezone !== 'UTC') {
    const wall = new Date(datetimeValue(text))
    if (!Number.isNaN(wall.getTime())) return isoOf(momentOf(wallClock(wall.getTime(), 'UTC'), column.timezone))
  }
  const value = datetimeValue(text)
  // The calendar's own form says whether it has that day: the 30th of February would be the 2nd of March.
  const date = new Date(value.replace(/\.\d+Z$/, 'Z'))
  if (Number.isNaN(date.getTime()) || !value.startsWith(date.toISOString().slice(0, 19))) {
    throw wrong(column, text, 'no time such as 2026-11-21T08:30:00Z')
  }
  return value
}

function parseJson(column: Column, text: string): Value {
  try {
    return parseJsonText(text)
  } catch {
    throw wrong(column, text, 'no JSON')
  }
}

function parts(column: Column, value: Value, found: DateParts | null, pattern: string): DateParts {
  if (found === null) throw wrong(column, value, `no ${column.type} like ${pattern}`)
  return found
}

function isoOf(ms: number): string {
  return datetimeValue(new Date(ms).toISOString())
}

function dateText({ year, month, day }: DateParts): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

/** A value as a cell. @throws ValueProblem where the column cannot hold it. */
export function renderCell(column: Column, value: Value): Value {
  if (value === null) {
    if (column.isRequired) throw new ValueProblem(`${column.field} may not be empty`)
    return column.isNative ? null : ''
  }
  switch (column.type) {
    case 'text':
      return parseText(column, value)
    case 'integer':
    case 'decimal':
      return renderNumber(column, value)
    case 'boolean': {
      if (typeof value !== 'boolean') throw wrong(column, value, 'no boolean')
      return column.isNative ? value : ((value ? column.yes : column.no)[0] ?? String(value))
    }
    case 'date': {
      const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(String(value)) ?? []
      if (day === undefined) throw wrong(column, value, 'no date')
      const date = { year: Number(year), month: Number(month), day: Number(day) }
      return column.date.format({ ...date, hour: 0, minute: 0, second: 0, millisecond: 0 })
    }
    case 'datetime': {
      const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
      if (Number.isNaN(ms)) throw wrong(column, value, 'no time')
      return column.datetime === null
        ? datetimeValue(String(value))
        : column.datetime.format(wallClock(ms, column.timezone))
    }
    case 'json':
      return column.isNative ? value : JSON.stringify(value)
  }
}

function renderNumber(column: Column, value: Exclude<Value, null>): Value {
  const digits = typeof value === 'number' ? plainDigits(value) : String(value)
  if (!/^-?\d+(?:\.\d+)?$/.test(digits)) throw wrong(column, value, `no ${column.type}`)
  if (column.type === 'integer' && digits.includes('.')) throw wrong(column, value, 'no integer')
  if (column.isNative && typeof value === 'number') return value
  const fixed = column.type === 'decimal' && column.digits !== null ? rounded(digits, column.digits) : digits
  return fixed.replace('.', column.decimal)
}

/** Half away from zero, on the digits: a double would make 1.00 of 1.005. */
function rounded(digits: string, places: number): string {
  const isNegative = digits.startsWith('-')
  const [whole = '0', fraction = ''] = digits.replace('-', '').split('.')
  const kept = BigInt(whole + fraction.slice(0, places).padEnd(places, '0'))
  const scaled = String(kept + ((fraction[places] ?? '0') >= '5' ? 1n : 0n)).padStart(places + 1, '0')
  const text = places === 0 ? scaled : `${scaled.slice(0, -places)}.${scaled.slice(-places)}`
  return isNegative && /[1-9]/.test(text) ? `-${text}` : text
}

function textOf(column: Column, value: Exclude<Value, null>): string {
  if (typeof value === 'object') throw wrong(column, value, `no ${column.type}`)
  return String(value)
}

function wrong(column: Column, value: Value, what: string): ValueProblem {
  const shown = typeof value === 'string' ? value : JSON.stringify(value)
  const short = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown
  return new ValueProblem(`${column.field} "${short}" is ${what}`)
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(', ')
}
