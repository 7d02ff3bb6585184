import { sanitizeHtml } from './html.ts'
import { postgresError, pythonError, pythonRepr } from './odoo-error.ts'
import type { Cell, FieldDefinition } from './schema.ts'

/** What a written value becomes in the row, as the field types of Odoo 19 convert it. A many2many is not for here. */
export function toStored(model: string, name: string, field: FieldDefinition, value: unknown): Cell {
  switch (field.type) {
    case 'boolean':
      return isTruthy(value)
    case 'integer':
    case 'many2one_reference':
      return toInteger(value)
    case 'float':
      return field.digits ? roundTo(toFloat(value), field.digits[1]) : toFloat(value)
    case 'monetary':
      return toFloat(value)
    case 'char':
      return isNull(value) ? null : toText(value)
    case 'html':
      if (isNull(value)) return null
      return typeof value === 'string' ? sanitizeHtml(value) : '<p>Unknown error when sanitizing</p>'
    case 'date':
      return toDate(value)
    case 'datetime':
      return toDatetimeUs(value)
    case 'selection':
      return toSelection(model, name, field, value)
    case 'many2one':
      // Anything but a whole number clears the field, also the pair that a read gives.
      return Number.isInteger(value) && value !== 0 ? (value as number) : null
    case 'binary':
      throw new Error(`the file of ${model}.${name} is kept in its attachment`)
    case 'many2many':
      throw new Error(`the commands of ${model}.${name} are applied where rows are written`)
  }
}

export function isTruthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value)
}

function isNull(value: unknown): value is false | null | undefined {
  return value === false || value === null || value === undefined
}

function toText(value: unknown): string {
  const text = typeof value === 'string' ? value : pythonRepr(value)
  if (text.includes('\0')) throw pythonError('ValueError', 'A string literal cannot contain NUL (0x00) characters.')
  return text
}

function toInteger(value: unknown): number {
  if (!isTruthy(value)) return 0
  if (value === true) return 1
  if (typeof value === 'number') return inRange(Math.trunc(value))
  if (typeof value === 'string') {
    if (!/^\s*[+-]?\d+\s*$/.test(value)) {
      throw pythonError('ValueError', `invalid literal for int() with base 10: ${pythonRepr(value)}`)
    }
    return inRange(Number(value))
  }
  throw pythonError('TypeError', `int() argument must be a string, a bytes-like object or a real number, not 'list'`)
}

function inRange(value: number): number {
  if (Math.abs(value) > 2 ** 31 - 1) throw postgresError('NumericValueOutOfRange', 'integer out of range\n')
  return value
}

function toFloat(value: unknown): number {
  if (!isTruthy(value)) return 0
  if (value === true) return 1
  if (typeof value === 'number') return value
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
  if (typeof value !== 'string') {
    throw pythonError('TypeError', `float() argument must be a string or a real number, not 'list'`)
  }
  if (Number.isNaN(parsed)) throw pythonError('ValueError', `could not convert string to float: ${pythonRepr(value)}`)
  return parsed
}

function toSelection(model: string, name: string, field: FieldDefinition, value: unknown): Cell {
  if (!isTruthy(value)) return null
  // The languages come from the database, and Odoo does not check a value against them.
  if (name === 'lang' && model === 'res.partner') return toText(value)
  if (typeof value === 'string' && field.selection?.some(([key]) => key === value)) return value
  throw pythonError('ValueError', `Wrong value for ${model}.${name}: ${pythonRepr(value)}`)
}

/** Half away from zero, as Odoo rounds, on the decimal digits that the number prints with. */
export function roundTo(value: number, decimals: number): number {
  const sign = value < 0 ? -1 : 1
  const scaled = Number(`${Math.abs(value)}e${decimals}`)
  if (Number.isNaN(scaled)) return Number(value.toFixed(decimals))
  return sign * Number(`${Math.round(scaled)}e-${decimals}`) + 0
}

/** Rounds to a multiple of a currency's rounding factor. */
export function roundToFactor(value: number, factor: number): number {
  if (factor <= 0) return value
  const decimals = Math.max(0, Math.ceil(-Math.log10(factor)))
  return roundTo(roundTo(value / factor, 0) * factor, decimals)
}

function toDate(value: unknown): Cell {
  if (!isTruthy(value)) return null
  const text = String(value).slice(0, 10)
  if (parseDay(text) === null) {
    throw pythonError('ValueError', `time data ${pythonRepr(text)} does not match format '%Y-%m-%d'`)
  }
  return text
}

const DATETIME = /^(\d{4}-\d{2}-\d{2}) (\d{2}):(\d{2}):(\d{2})$/

function toDatetimeUs(value: unknown): Cell {
  if (!isTruthy(value)) return null
  const microseconds = parseDatetimeUs(String(value))
  if (microseconds === null) {
    throw pythonError('ValueError', `time data ${pythonRepr(value)} does not match format '%Y-%m-%d %H:%M:%S'`)
  }
  return microseconds
}

function parseDatetimeUs(text: string): number | null {
  const match = DATETIME.exec(text.length === 10 ? `${text} 00:00:00` : text)
  const day = parseDay(match?.[1] ?? '')
  if (!match || day === null) return null
  const [, , hours, minutes, seconds] = match.map(Number)
  if (hours === undefined || minutes === undefined || seconds === undefined) return null
  if (hours > 23 || minutes > 59 || seconds > 59) return null
  return (day + ((hours * 60 + minutes) * 60 + seconds) * 1000) * 1000
}

/** Milliseconds at the start of a `YYYY-MM-DD` day; null where there is no such day. */
function parseDay(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null
  const milliseconds = Date.parse(`${text}T00:00:00Z`)
  if (Number.isNaN(milliseconds) || !new Date(milliseconds).toISOString().startsWith(text)) return null
  return milliseconds
}

/** `YYYY-MM-DD HH:MM:SS`, without what is below a second: all that a call ever sees. */
export function formatDatetime(microseconds: number): string {
  const seconds = Math.floor(microseconds / 1_000_000)
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
}

/** A datetime of a domain, in any ISO form, as whole microseconds; `isDay` where only a date was given. */
export function parseDomainDatetime(value: unknown): { us: number; isDay: boolean } {
  const text = String(value)
  const isDay = text.length === 10
  const withZone = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text.slice(10))
    ? text
    : `${text.replace(' ', 'T')}${isDay ? 'T00:00:00' : ''}Z`
  const milliseconds = Date.parse(withZone)
  if (Number.isNaN(milliseconds)) throw pythonError('ValueError', `Invalid isoformat string: ${pythonRepr(value)}`)
  return { us: Math.floor(milliseconds / 1000) * 1_000_000, isDay }
}

/**
 * A many2one of a new record. `create` hands the value to PostgreSQL as it is, where `write` would clear the field:
 * text with a number is that number, and a pair is an error.
 */
export function toCreatedMany2one(value: unknown): unknown {
  if (!isTruthy(value)) return false
  if (typeof value === 'number') return Math.round(value)
  if (typeof value === 'string' && /^\s*-?\d+\s*$/.test(value)) return Number(value)
  const text = Array.isArray(value) ? value.find((item) => typeof item === 'string') : value
  if (typeof text === 'string') {
    throw postgresError('InvalidTextRepresentation', `invalid input syntax for type integer: "${text}"\n`)
  }
  throw postgresError('DatatypeMismatch', 'column is of type integer but expression is of another type\n')
}
