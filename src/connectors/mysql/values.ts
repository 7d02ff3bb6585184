import type { FieldType } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { datetimeValue } from '../sql/datetime.ts'
import { decimalValue, plainDigits } from '../sql/decimal.ts'
import { parseJsonText } from '../sql/json-text.ts'
import type { MysqlInput } from './literal.ts'
import type { Stored } from './pool.ts'

/** What a column is, as far as its values are concerned. */
export interface MysqlType {
  /** `int`, `varchar`, `enum` … as the catalogue has it. */
  readonly name: string
  /** With its length and options: `tinyint(1)`, `enum('a','b')`. */
  readonly full: string
  readonly isJson: boolean
}

const FIELD_TYPES: Readonly<Record<string, FieldType>> = {
  tinyint: 'integer',
  smallint: 'integer',
  mediumint: 'integer',
  int: 'integer',
  bigint: 'integer',
  year: 'integer',
  bit: 'integer',
  decimal: 'decimal',
  float: 'decimal',
  double: 'decimal',
  date: 'date',
  datetime: 'datetime',
  timestamp: 'datetime',
  enum: 'selection',
  set: 'json',
  json: 'json',
  binary: 'binary',
  varbinary: 'binary',
  tinyblob: 'binary',
  blob: 'binary',
  mediumblob: 'binary',
  longblob: 'binary',
}

const GEOMETRY = /^(geometry|point|linestring|polygon|multi\w+|geom(etry)?collection)$/

export function fieldType(type: MysqlType): FieldType {
  if (type.isJson) return 'json'
  if (/^(tinyint|bit)\(1\)/.test(type.full)) return 'boolean'
  return FIELD_TYPES[type.name] ?? 'text'
}

/** The names that an enum or a set may hold. */
export function optionsOf(type: MysqlType): string[] {
  return [...type.full.matchAll(/'((?:[^']|'')*)'/g)].map(([, name = '']) => name.replaceAll("''", "'"))
}

/** The expression that reads a column as a text. */
export function readExpression(type: MysqlType, column: string): string {
  if (FIELD_TYPES[type.name] === 'binary') return `hex(${column})`
  if (type.name === 'bit') return `${column} + 0`
  return GEOMETRY.test(type.name) ? `st_astext(${column})` : column
}

/** What `readExpression` gave, as a contract value. A date that is none ("0000-00-00") stays the text that it is. */
export function readValue(type: MysqlType, stored: Stored): Value {
  if (stored === null) return null
  if (type.isJson) return jsonOrText(stored)
  const kind: string = fieldType(type)
  switch (kind) {
    case 'boolean':
      return stored === '0' || stored === '1' ? stored === '1' : decimalValue(stored)
    case 'integer':
      return decimalValue(stored)
    case 'decimal':
      return type.name === 'decimal' ? decimalValue(stored) : Number(stored)
    case 'datetime':
      return datetimeValue(stored)
    case 'json':
      return stored === '' ? [] : stored.split(',')
    case 'binary':
      return Buffer.from(stored, 'hex').toString('base64')
    default:
      return stored
  }
}

function jsonOrText(text: string): Value {
  try {
    return parseJsonText(text)
  } catch {
    return text
  }
}

/** A contract value as the column is to store it. @throws SyncError `invalid` where the column cannot hold it. */
export function writeValue(
  column: { readonly field: { readonly name: string }; readonly type: MysqlType },
  value: Value,
): MysqlInput {
  if (value === null) return null
  const { type, field } = column
  if (type.isJson) return JSON.stringify(value)
  const kind = fieldType(type)
  if (type.name === 'set') return writeSet(field.name, type, value)
  if (kind === 'binary') {
    if (typeof value !== 'string') throw wrongType(field.name, 'base64 text')
    return Buffer.from(value, 'base64')
  }
  if (kind === 'datetime' && typeof value === 'string') return datetimeValue(value).replace('T', ' ').replace(/Z$/, '')
  // The bits of a text would be those of its letters.
  if (type.name === 'bit' && typeof value === 'string' && /^\d+$/.test(value)) return BigInt(value)
  if (type.name === 'bit' && Number.isSafeInteger(value)) return Number(value)
  if (type.name === 'bit' && typeof value !== 'boolean') throw wrongType(field.name, 'a number')
  // A number into an enum would count its options, and 0 would stand for none of them.
  if (kind === 'selection') return typeof value === 'object' ? JSON.stringify(value) : String(value)
  return plainValue(kind, value)
}

/** A set as the list of its names; a text stands for one name, or for several with commas between. */
function writeSet(name: string, type: MysqlType, value: Exclude<Value, null>): string {
  if (typeof value === 'string') return value
  const options = new Set(optionsOf(type))
  if (!Array.isArray(value)) throw wrongType(name, 'a list of names')
  const names = (value as readonly Value[]).map(String)
  if (!names.every((each) => options.has(each))) throw wrongType(name, `names among ${[...options].join(', ')}`)
  return names.join(',')
}

function plainValue(kind: FieldType, value: Exclude<Value, null>): MysqlInput {
  if (typeof value === 'boolean') return kind === 'text' ? String(value) : Number(value)
  if (typeof value === 'number') {
    // As digits, so that no double comes in between.
    return kind === 'text' || !Number.isFinite(value) ? String(value) : plainDigits(value)
  }
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function wrongType(column: string, wanted: string): SyncError {
  return new SyncError('invalid', `column ${column} takes ${wanted}`, {
    hint: 'Map the field with a transform that gives the type of the column.',
  })
}

/** Whether a text can be a value of the type; where it cannot, no row holds it. */
export function isCastable(type: MysqlType, text: string): boolean {
  const kind: string = fieldType(type)
  switch (kind) {
    case 'integer':
    case 'boolean':
      return /^-?\d{1,30}$/.test(text)
    case 'decimal':
      return /^-?\d{1,300}(\.\d{1,300})?(e[+-]?\d{1,2})?$/i.test(text)
    case 'date':
    case 'datetime':
      return /^\d{4}-\d\d-\d\d/.test(text)
    default:
      return true
  }
}
