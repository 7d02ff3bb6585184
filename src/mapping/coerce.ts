import type { FieldType } from '../contract/connector.ts'
import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import { isDate, parseDatetime } from './datetime.ts'
import { decimalText, decimalValue, isWhole, parseDecimal } from './decimal.ts'

type Scalar = boolean | number | string
type TextType = 'text' | 'html' | 'selection'

/** Types that hold text; what one of them holds fits into the others as it is. */
export function isTextual(type: FieldType): type is TextType {
  return type === 'text' || type === 'html' || type === 'selection'
}

export function isReference(type: FieldType): boolean {
  return type === 'reference' || type === 'references'
}

const FROM_TEXT: readonly FieldType[] = ['integer', 'decimal', 'boolean', 'date', 'datetime', 'binary']

/**
 * Whether values of `from` can become values of `to` without a transform. `json` goes with everything but references:
 * there the value itself decides. References need `link` or `lookup`, and lines a place under `lines:`.
 */
export function isConvertible(from: FieldType, to: FieldType): boolean {
  if ([from, to].some((type) => isReference(type) || type === 'lines')) return false
  if (from === to || from === 'json' || to === 'json') return true
  if (isTextual(from)) return isTextual(to) || FROM_TEXT.includes(to)
  if (isTextual(to)) return FROM_TEXT.includes(from)
  const pair = [from, to].sort().join(' ')
  return pair === 'decimal integer' || pair === 'boolean integer' || pair === 'date datetime'
}

/**
 * `value` as a value of type `to`; null stays null. Types that are not convertible fail at compile time, values that are
 * not here. @throws SyncError `invalid`.
 */
export function coerce(to: FieldType, value: Value): Value {
  if (value === null) return null
  if (to === 'json') return value
  if (typeof value === 'object') throw invalid(`${preview(value)} is not a single value`)
  switch (to) {
    case 'text':
    case 'html':
    case 'selection':
      return typeof value === 'number' ? numberText(value) : String(value)
    case 'integer':
      return toInteger(value)
    case 'decimal':
      return toDecimal(value)
    case 'boolean':
      return toBoolean(value)
    case 'date':
      return toDate(value)
    case 'datetime':
      return toDatetime(value)
    case 'binary':
      if (typeof value === 'string') return value
      throw invalid(`${preview(value)} is not base64`)
    case 'lines':
      throw invalid(`${preview(value)} is not a list of lines`)
    case 'reference':
    case 'references':
      return toId(value)
  }
}

function toInteger(value: Scalar): Value {
  if (typeof value === 'boolean') return value ? 1 : 0
  const decimal = parseDecimal(value)
  if (!decimal) throw invalid(`${preview(value)} is not a whole number`)
  if (!isWhole(decimal)) {
    throw invalid(
      `${preview(value)} has digits after the point`,
      'Add transform: cents or round, or use a decimal field.',
    )
  }
  return decimalValue(decimal)
}

function toDecimal(value: Scalar): Value {
  const decimal = typeof value === 'boolean' ? null : parseDecimal(value)
  if (!decimal) throw invalid(`${preview(value)} is not a number`)
  return decimalValue(decimal)
}

function toBoolean(value: Scalar): boolean {
  if (value === true || value === 1 || value === 'true' || value === '1') return true
  if (value === false || value === 0 || value === 'false' || value === '0') return false
  throw invalid(`${preview(value)} is neither true nor false`)
}

function toDate(value: Scalar): string {
  const text = String(value)
  const date = isDate(text) ? text : parseDatetime(text)?.slice(0, 10)
  if (date === undefined) throw invalid(`${preview(value)} is not a date such as 2026-11-21`)
  return date
}

function toDatetime(value: Scalar): string {
  const datetime = typeof value === 'string' ? parseDatetime(value) : null
  if (datetime === null) throw invalid(`${preview(value)} is not a moment such as 2026-11-21T08:30:00Z`)
  return datetime
}

/** The id of another record: a number where it is written as one, as Odoo has it. */
export function toId(value: Value): Value {
  if (typeof value !== 'string' || !/^(?:0|[1-9]\d*)$/.test(value)) return value
  const id = Number(value)
  return Number.isSafeInteger(id) ? id : value
}

function numberText(value: number): string {
  const decimal = parseDecimal(value)
  return decimal ? decimalText(decimal) : String(value)
}

export function invalid(message: string, hint?: string): SyncError {
  return new SyncError('invalid', message, hint === undefined ? {} : { hint })
}

/** A value in a message: enough to find it, never all of a long one. */
export function preview(value: Value): string {
  const text = JSON.stringify(value)
  return text.length <= 40 ? text : `${text.slice(0, 37)}…`
}
