import type { FieldSchema, FieldType } from '../contract/connector.ts'
import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import { preview } from './coerce.ts'

/** What an expression calculates with: BigInt for whole numbers, Date for moments, otherwise as a Value. */
type CelValue = unknown

const TIMESTAMP = 'google.protobuf.Timestamp'

const CEL_TYPES: Partial<Record<FieldType, string>> = {
  text: 'string',
  html: 'string',
  selection: 'string',
  date: 'string',
  binary: 'string',
  integer: 'int',
  decimal: 'double',
  boolean: 'bool',
  datetime: TIMESTAMP,
}

/** CEL's name for the type of a field. `dyn`: only its values tell. */
export function celType(field: Pick<FieldSchema, 'type'>): string {
  return CEL_TYPES[field.type] ?? 'dyn'
}

/** The field type that a result of a CEL type is; null: only the value tells. */
export function fieldTypeOf(type: string): FieldType | null {
  switch (type) {
    case 'string':
      return 'text'
    case 'int':
    case 'uint':
      return 'integer'
    case 'double':
      return 'decimal'
    case 'bool':
      return 'boolean'
    case TIMESTAMP:
      return 'datetime'
    default:
      return null
  }
}

/** @throws SyncError `invalid` where a number has more digits than can be calculated with. */
export function toCel(field: Pick<FieldSchema, 'type' | 'name'>, value: Value): CelValue {
  if (value === null) return null
  switch (celType(field)) {
    case TIMESTAMP:
      return typeof value === 'string' ? new Date(value) : value
    case 'int':
      return typeof value === 'string' || typeof value === 'number' ? BigInt(value) : value
    case 'double':
      return typeof value === 'string' ? exactDouble(field.name, value) : value
    case 'dyn':
      return untypedToCel(value)
    default:
      return value
  }
}

/** Whole numbers, as ids are, stay whole. */
export function untypedToCel(value: Value): CelValue {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(untypedToCel)
  return new Map(Object.entries(value).map(([name, item]) => [name, untypedToCel(item)]))
}

function exactDouble(name: string, digits: string): number {
  const number = Number(digits)
  if (String(number) === digits) return number
  throw new SyncError('invalid', `${name} is ${digits}, which has more digits than an expression can calculate with`, {
    hint: 'Map the field itself, without an expression.',
  })
}

/** @throws SyncError `invalid` for what no field can hold. */
export function fromCel(result: CelValue): Value {
  if (typeof result === 'bigint') return Number.isSafeInteger(Number(result)) ? Number(result) : String(result)
  if (typeof result === 'number') {
    if (!Number.isFinite(result)) throw new SyncError('invalid', `its result is ${result}, which is no number`)
    return result === 0 ? 0 : result
  }
  if (typeof result === 'string' || typeof result === 'boolean') return result
  if (typeof result === 'object') return fromObject(result)
  throw new SyncError('invalid', `its result is a ${typeof result}, which no field can hold`)
}

function fromObject(result: object | null): Value {
  if (result === null) return null
  if (result instanceof Date) return result.toISOString().replace('.000Z', 'Z')
  if (Array.isArray(result)) return result.map(fromCel)
  if (result instanceof Map) {
    return Object.fromEntries([...result].map(([name, item]) => [String(name), fromCel(item)] as const))
  }
  if (Object.getPrototypeOf(result) === Object.prototype || Object.getPrototypeOf(result) === null) {
    return Object.fromEntries(Object.entries(result).map(([name, item]) => [name, fromCel(item)] as const))
  }
  throw new SyncError('invalid', `its result is ${preview(String(result))}, which no field can hold`)
}
