import type { FieldSchema, FieldType } from '../contract/connector.ts'
import { contentOf } from '../contract/content.ts'
import type { Value } from '../contract/value.ts'
import { coerce, invalid, isTextual, preview, toId } from './coerce.ts'
import { isDate, parseDatetime, wholeSeconds } from './datetime.ts'
import { decimalValue, parseDecimal, roundDecimal } from './decimal.ts'
import type { Side } from './mapping.ts'
import { sortedSet } from './set-value.ts'

/** Odoo has no empty number and no empty boolean: it stores and shows 0 and false. */
function emptyOf(side: Side, type: FieldType): Value {
  if (side !== 'odoo') return null
  if (type === 'boolean') return false
  return type === 'integer' || type === 'decimal' ? 0 : null
}

/**
 * `value`, already of the field's type, as the field will hold it: rounded to its scale, whole seconds for Odoo. What it
 * cannot hold is refused here, before it is sent: nothing is ever cut off silently. @throws SyncError `invalid`.
 */
export function toStored(side: Side, field: FieldSchema, value: Value, mayBeEmpty: boolean): Value {
  if (value === null) {
    const empty = emptyOf(side, field.type)
    if (empty === null && field.isRequired && !mayBeEmpty) throw invalid('is empty here, and required there')
    return empty
  }
  if (field.type === 'decimal') return rounded(value, field.scale)
  if (field.type === 'datetime' && side === 'odoo' && typeof value === 'string') return wholeSeconds(value)
  if (typeof value !== 'string') return value
  // Characters are never more than the text's UTF-16 units, which cost nothing to count.
  const mayBeLong = field.maxLength !== null && value.length > field.maxLength && isTextual(field.type)
  if (mayBeLong && field.maxLength !== null && [...value].length > field.maxLength) {
    throw invalid(
      `has ${[...value].length} characters, and the field holds ${field.maxLength}`,
      `Shorten it, widen the field, or map it with transform: { truncate: ${field.maxLength} }.`,
    )
  }
  if (field.type === 'selection' && field.options !== null && value !== '' && !field.options.includes(value)) {
    throw invalid(
      `${preview(value)} is none of its options (${field.options.slice(0, 12).join(', ')})`,
      'Translate the values with map: in the mapping file.',
    )
  }
  return value
}

/** A number rounded to `scale` digits after the point; null: as many as a double has. */
export function rounded(value: Value, scale: number | null): Value {
  const decimal = parseDecimal(value)
  if (!decimal) return value
  return decimalValue(scale === null ? decimal : roundDecimal(decimal, scale))
}

/**
 * A value in the form in which two values of the field on that side are the same exactly where they are equal: numbers
 * by value and at their scale, moments in whole seconds, "" as empty, lists of ids in order.
 */
export function canonicalValue(side: Side, field: FieldSchema, value: Value): Value {
  if (value === null) return emptyOf(side, field.type)
  switch (field.type) {
    case 'text':
    case 'html':
    case 'selection':
      if (value === '') return null
      return typeof value === 'object' ? value : coerce('text', value)
    case 'decimal':
      return canonicalDecimal(value, field.scale)
    case 'integer':
      return canonicalNumber(value)
    case 'reference':
      return toId(value)
    case 'boolean':
      if (value === 1) return true
      return value === 0 ? false : value
    case 'date':
      return typeof value === 'string' && isDate(value.slice(0, 10)) ? value.slice(0, 10) : value
    case 'datetime':
      return typeof value === 'string' ? wholeSeconds(parseDatetime(value) ?? value) : value
    case 'lines':
      return sortedNames(value)
    case 'json':
      return isIdList(field, value) ? [...value].sort(byText) : sortedNames(value)
    case 'references':
      return Array.isArray(value) ? sortedSet(value.map(toId)) : value
    case 'binary':
      return value === '' || contentOf(value)?.size === 0 ? null : value
  }
}

function canonicalDecimal(value: Value, scale: number | null): Value {
  const decimal = rounded(value, scale)
  // Beyond what a double can tell apart there is nothing to compare where the field itself is one.
  return scale === null && typeof decimal === 'string' ? Number(decimal) : decimal
}

function canonicalNumber(value: Value): Value {
  if (typeof value === 'string' && !/^-?\d+(?:\.0+)?$/.test(value)) return value
  const decimal = parseDecimal(value)
  return decimal ? decimalValue(decimal) : value
}

function isIdList(field: FieldSchema, value: Value): value is readonly Value[] {
  return field.relation !== null && Array.isArray(value)
}

function byText(a: Value, b: Value): number {
  const [left, right] = [String(a), String(b)]
  return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0)
}

/** The same JSON with the names of every object in order. */
function sortedNames(value: Value): Value {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(sortedNames)
  const entries = Object.entries(value as Readonly<Record<string, Value>>)
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => [name, sortedNames(item)]),
  )
}

export function isEqual(a: Value, b: Value): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
