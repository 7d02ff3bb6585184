import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { datetimeValue } from '../sql/datetime.ts'
import { decimalValue, plainDigits } from '../sql/decimal.ts'
import { parseJsonText } from '../sql/json-text.ts'
import type { SqliteColumn } from './schema.ts'
import type { SqliteSettings } from './settings.ts'

/** What better-sqlite3 gives for a column, with safe integers, and takes for a parameter. */
export type SqliteValue = null | bigint | number | string | Buffer

/** A stored value as a contract value, by the type that the column was declared with. */
export function readValue(column: SqliteColumn, stored: SqliteValue): Value {
  if (stored === null) return null
  if (Buffer.isBuffer(stored)) return stored.toString('base64')
  if (typeof stored === 'bigint') return readInteger(column, stored)
  if (typeof stored === 'number') return column.field.type === 'datetime' ? momentOf(stored) : finite(stored)
  const { type } = column.field
  if (type === 'datetime') return datetimeValue(stored)
  if (type === 'json') return jsonOrText(stored)
  return type === 'decimal' ? decimalValue(stored) : stored
}

function readInteger(column: SqliteColumn, stored: bigint): Value {
  if (column.field.type === 'boolean' && (stored === 0n || stored === 1n)) return stored === 1n
  if (column.field.type === 'datetime') return momentOf(Number(stored))
  const number = Number(stored)
  return Number.isSafeInteger(number) ? number : stored.toString()
}

/** Seconds, milliseconds or (below ten million) days of the Julian calendar; no time of use lies in two of the ranges. */
function momentOf(number: number): string {
  const magnitude = Math.abs(number)
  let ms = number * 1000
  if (magnitude >= 1e11) ms = number
  else if (magnitude < 1e7 && !Number.isInteger(number)) ms = (number - 2440587.5) * 86_400_000
  return datetimeValue(new Date(Math.round(ms)).toISOString())
}

function finite(number: number): Value {
  return Number.isFinite(number) ? number : String(number)
}

function jsonOrText(text: string): Value {
  try {
    return parseJsonText(text)
  } catch {
    return text
  }
}

/** A contract value as SQLite is to store it in `column`. @throws SyncError `invalid` where the column cannot hold it. */
export function writeValue(column: SqliteColumn, value: Value, settings: SqliteSettings): SqliteValue {
  if (value === null) return null
  const { type } = column.field
  if (type === 'json') return JSON.stringify(value)
  if (type === 'integer' || type === 'decimal') return writeNumber(column, value)
  if (type === 'binary') {
    if (typeof value !== 'string') throw wrongType(column, 'base64 text')
    return Buffer.from(value, 'base64')
  }
  return type === 'datetime' && typeof value === 'string' ? writeMoment(value, settings) : plainValue(column, value)
}

function writeMoment(value: string, settings: SqliteSettings): SqliteValue {
  const iso = datetimeValue(value)
  if (settings.datetimes === 'iso') return iso
  if (settings.datetimes === 'sql') return iso.replace('T', ' ').replace(/Z$/, '')
  const ms = Date.parse(iso)
  if (Number.isNaN(ms)) return iso
  return settings.datetimes === 'seconds' ? wholeOrReal(ms / 1000) : BigInt(ms)
}

function writeNumber(column: SqliteColumn, value: Exclude<Value, null>): SqliteValue {
  if (typeof value === 'number') return wholeOrReal(value)
  if (typeof value !== 'string' || !/^-?\d+$/.test(value)) return plainValue(column, value)
  const integer = BigInt(value)
  if (BigInt.asIntN(64, integer) === integer) return integer
  if (column.field.type === 'integer') throw wrongType(column, 'an integer of 64 bits')
  return value
}

/** A double without a fraction binds as an integer: SQLite would turn 5 into "5.0" where the column has no number type. */
function wholeOrReal(number: number): SqliteValue {
  return Number.isSafeInteger(number) ? BigInt(number) : number
}

function plainValue(column: SqliteColumn, value: Exclude<Value, null>): SqliteValue {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return column.field.type === 'text' ? String(value) : BigInt(value)
  if (typeof value === 'number') return column.field.type === 'text' ? plainDigits(value) : wholeOrReal(value)
  return JSON.stringify(value)
}

function wrongType(column: SqliteColumn, wanted: string): SyncError {
  return new SyncError('invalid', `column ${column.field.name} takes ${wanted}`, {
    hint: 'Map the field with a transform that gives the type of the column.',
  })
}
