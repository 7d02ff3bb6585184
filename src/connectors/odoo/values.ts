import { contentOf } from '../../contract/content.ts'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { decodeProperties } from './properties.ts'

/** A field's value as Odoo sent it → as the contract has it. Never throws: what it does not know stays as it is. */
export type Decoder = (raw: Value) => Value
/** A field's value as the contract has it → as Odoo takes it. @throws SyncError `invalid` or `unsupported`. */
export type Encoder = (value: Value, field: string) => Value

/** `False` stands for null, and so does the empty text that some clients store instead. */
const emptyToNull: Decoder = (raw) => (raw === false || raw === '' ? null : raw)

const decodeNumber: Decoder = (raw) => {
  if (typeof raw === 'number') return raw === 0 ? 0 : raw // Odoo sends -0.0 where rounding ate a small negative.
  return raw === false ? null : raw
}

const decodeDatetime: Decoder = (raw) => (typeof raw === 'string' && raw !== '' ? `${raw.replace(' ', 'T')}Z` : null)

/** `[id, display_name]` from read, an id with `load: ''` and in what `web_save_multi` reads back. */
const decodeMany2one: Decoder = (raw) => {
  if (typeof raw === 'number') return raw === 0 ? null : raw
  if (Array.isArray(raw)) return (raw as readonly Value[])[0] ?? null
  return null
}

/** Odoo gives them in the order of their model, which changes with a name. */
const decodeIds: Decoder = (raw) =>
  Array.isArray(raw) ? (raw as readonly Value[]).map(idOf).sort((a, b) => Number(a) - Number(b)) : []

/** In properties they come with their names. */
const idOf = (item: Value): Value => (Array.isArray(item) ? ((item as readonly Value[])[0] ?? null) : item)

const DECODERS: Readonly<Record<string, Decoder>> = {
  boolean: (raw) => raw === true,
  integer: decodeNumber,
  float: decodeNumber,
  monetary: decodeNumber,
  many2one_reference: (raw) => (raw === false || raw === 0 ? null : raw),
  datetime: decodeDatetime,
  many2one: decodeMany2one,
  one2many: decodeIds,
  many2many: decodeIds,
  json: (raw) => (raw === false ? null : raw),
  properties: (raw) => decodeProperties(raw, decoderFor),
}

export function decoderFor(odooType: string): Decoder {
  return DECODERS[odooType] ?? emptyToNull
}

const encodeText: Encoder = (value, field) => {
  if (value === null || typeof value === 'string') return value ?? false
  if (typeof value === 'number') return String(value)
  throw refuse(field, 'text', value)
}

const encodeBoolean: Encoder = (value, field) => {
  if (value === null || typeof value === 'boolean') return value ?? false
  throw refuse(field, 'true or false', value)
}

/** Odoo's integers are PostgreSQL's int4. It would take a text or a fraction and store something else. */
const encodeInteger: Encoder = (value, field) => {
  if (value === null) return false
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number)) throw refuse(field, 'a whole number', value)
  if (Math.abs(number) > 2_147_483_647) {
    throw new SyncError('unsupported', `The field ${field} cannot hold ${number}: Odoo's integers have 32 bits`)
  }
  return number
}

const encodeDecimal: Encoder = (value, field) => {
  if (value === null) return false
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (typeof value !== 'string' || !/^-?\d+(\.\d+)?$/.test(value)) throw refuse(field, 'a number', value)
  if (value.replace(/^-?0*|\D/g, '').length > 15 && !isExactDouble(value)) {
    throw new SyncError('unsupported', `The field ${field} cannot hold ${value}: Odoo calculates with doubles`, {
      hint: 'Round it in the mapping.',
    })
  }
  return Number(value)
}

function isExactDouble(digits: string): boolean {
  return String(Number(digits)) === digits
}

const encodeDate: Encoder = (value, field) => {
  if (value === null) return false
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value)) return value
  throw refuse(field, 'a date such as 2026-11-21', value)
}

/** Odoo stores and takes whole seconds; a fraction is cut as Odoo itself would. */
const encodeDatetime: Encoder = (value, field) => {
  if (value === null) return false
  const match = typeof value === 'string' && /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/.exec(value)
  if (!match) throw refuse(field, 'a time such as 2026-11-21T08:30:00Z', value)
  return `${match[1]} ${match[2]}`
}

/** Checked here, because Odoo answers "true" to a text and leaves the field as it was. */
const encodeMany2one: Encoder = (value, field) => {
  if (value === null) return false
  const id = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (typeof id === 'number' && Number.isSafeInteger(id) && id > 0) return id
  throw refuse(field, 'the id of a record', value)
}

/** Replaces the whole set: the command `[6, 0, ids]`. */
const encodeX2many: Encoder = (value, field) => {
  const ids = value ?? []
  if (!Array.isArray(ids)) throw refuse(field, 'a list of ids', value)
  return [[6, 0, (ids as readonly Value[]).map((id) => encodeMany2one(id, field))]]
}

/**
 * What takes a set from `before` to `value`, as the commands `[4, id]` and `[3, id]`: what somebody else puts into it or
 * takes out meanwhile stays so.
 */
export function encodeSetChange(before: Value, value: Value, field: string): Value {
  const [old, wanted] = [idSet(before, field), idSet(value, field)]
  const added = [...wanted].filter((id) => !old.has(id)).map((id) => [4, id])
  const removed = [...old].filter((id) => !wanted.has(id)).map((id) => [3, id])
  return [...added, ...removed]
}

function idSet(value: Value, field: string): ReadonlySet<Value> {
  const ids = value ?? []
  if (!Array.isArray(ids)) throw refuse(field, 'a list of ids', value)
  return new Set((ids as readonly Value[]).map((id) => encodeMany2one(id, field)))
}
/** Base64, or the reference to the bytes that come with the operation. */
const encodeBinary: Encoder = (value, field) => (contentOf(value) === null ? encodeText(value, field) : value)

const ENCODERS: Readonly<Record<string, Encoder>> = {
  boolean: encodeBoolean,
  integer: encodeInteger,
  many2one_reference: encodeInteger,
  float: encodeDecimal,
  monetary: encodeDecimal,
  date: encodeDate,
  datetime: encodeDatetime,
  many2one: encodeMany2one,
  many2many: encodeX2many,
  one2many: encodeX2many,
  char: encodeText,
  text: encodeText,
  html: encodeText,
  selection: encodeText,
  reference: encodeText,
  binary: encodeBinary,
}

/** Types without an entry (`json`, …) are handed over as they are; properties are encoded with what the record holds. */
export function encoderFor(odooType: string): Encoder {
  return ENCODERS[odooType] ?? ((value) => value ?? false)
}

function refuse(field: string, expected: string, value: Value): SyncError {
  const got = JSON.stringify(value).slice(0, 60)
  return new SyncError('invalid', `The field ${field} takes ${expected}, not ${got}`, {
    hint: 'Add a transform for this field to the mapping, or correct the record.',
  })
}
