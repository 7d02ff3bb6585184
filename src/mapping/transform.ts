import type { FieldType } from '../contract/connector.ts'
import type { Value } from '../contract/value.ts'
import { coerce, invalid, preview } from './coerce.ts'
import { type DateFormat, dateFormat, datetimeFromMs } from './datetime.ts'
import { decimalValue, parseDecimal, roundDecimal, shiftDecimal } from './decimal.ts'
import type { Direction } from './mapping.ts'
import { type OwnTransforms, ownStep } from './own-transform.ts'
import { rounded } from './stored.ts'
import type { NamedTransform, TransformDefinition, TransformSettings } from './transform-schema.ts'
import { mapStep } from './value-map.ts'

/**
 * One transform between two types. `toExternal` takes a value of `odooType` and gives one of `externalType`, `toOdoo` the
 * other way. Where `isReversible` is false, the two do not undo each other and the pair of fields may flow one way only.
 * null passes by, unless `takesEmpty`. Both throw SyncError `invalid`.
 */
export interface Step {
  readonly odooType: FieldType
  readonly externalType: FieldType
  readonly isReversible: boolean
  readonly takesEmpty: boolean
  /** The only direction in which it can be used; absent: both. */
  readonly only?: Exclude<Direction, 'both'>
  toExternal(value: Value): Value
  toOdoo(value: Value): Value
}

/** A definition that cannot work, as opposed to a value that cannot. */
export interface BadTransform {
  readonly error: string
}

/** The step for a definition that meets values of type `arriving` from the Odoo side. */
export function stepFor(
  definition: TransformDefinition,
  arriving: FieldType,
  own: OwnTransforms = new Map(),
): Step | BadTransform {
  if (typeof definition === 'string') return namedStep(definition, arriving)
  const { code, name } = definition
  return code === undefined ? settingsStep(definition, arriving) : ownStep({ code, name }, own)
}

function namedStep(name: NamedTransform, arriving: FieldType): Step {
  switch (name) {
    case 'not':
      return reversible('boolean', 'boolean', negate, negate)
    case 'trim':
      return cleaning((text) => text.trim())
    case 'upper':
      return cleaning((text) => text.toUpperCase())
    case 'lower':
      return cleaning((text) => text.toLowerCase())
    case 'digits':
      return cleaning((text) => text.replace(/\D/g, ''))
    case 'phone':
      return cleaning(plainPhone)
    case 'text':
      return reversible(arriving, 'text', (value) => coerce('text', value), asIs)
    case 'number':
      return reversible(arriving, 'decimal', (value) => coerce('decimal', value), asIs)
    case 'cents':
      return reversible('decimal', 'integer', toCents, fromCents)
    case 'epoch_s':
      return epochStep(1000)
    case 'epoch_ms':
      return epochStep(1)
  }
}

function settingsStep(settings: TransformSettings, arriving: FieldType): Step | BadTransform {
  const { map, prefix, suffix, date, round, truncate } = settings
  if (map !== undefined) return mapStep(map, arriving)
  if (prefix !== undefined) return affixStep(prefix, true)
  if (suffix !== undefined) return affixStep(suffix, false)
  if (date !== undefined) return formattedStep(date)
  if (round !== undefined) return cleaningOf('decimal', (value) => rounded(value, round))
  if (truncate !== undefined) return cleaning((text) => [...text].slice(0, truncate).join(''))
  if (settings.empty !== undefined) return emptyStep(arriving, settings.empty)
  const replacement = settings.default ?? null
  const fill = (value: Value): Value => value ?? replacement
  return { ...cleaningOf(arriving, fill), externalType: 'json', takesEmpty: true }
}

function reversible(
  odooType: FieldType,
  externalType: FieldType,
  toExternal: Step['toExternal'],
  toOdoo: Step['toOdoo'],
): Step {
  return { odooType, externalType, isReversible: true, takesEmpty: false, toExternal, toOdoo }
}

/** A transform that does the same to a value whichever way it goes, and loses something. */
function cleaningOf(type: FieldType, clean: (value: Value) => Value): Step {
  return {
    odooType: type,
    externalType: type,
    isReversible: false,
    takesEmpty: false,
    toExternal: clean,
    toOdoo: clean,
  }
}

function cleaning(clean: (text: string) => string): Step {
  return cleaningOf('text', (value) => clean(String(value)))
}

function asIs(value: Value): Value {
  return value
}

function negate(value: Value): Value {
  return value !== true
}

/** "0049 (0)30 / 12 34" → "+49301234": the "(0)" of a trunk prefix goes, a leading 00 becomes +, the rest is digits. */
function plainPhone(text: string): string {
  const compact = text
    .replace(/\(0\)/g, '')
    .replace(/[^\d+]/g, '')
    .replace(/^00/, '+')
  return compact.slice(0, 1) + compact.slice(1).replace(/\+/g, '')
}

function toCents(value: Value): Value {
  const decimal = parseDecimal(value)
  return decimal ? decimalValue(shiftDecimal(roundDecimal(decimal, 2), 2)) : value
}

function fromCents(value: Value): Value {
  const decimal = parseDecimal(value)
  return decimal ? decimalValue(shiftDecimal(decimal, -2)) : value
}

function epochStep(unitMs: number): Step {
  return reversible(
    'datetime',
    'integer',
    (value) => Math.floor(Date.parse(String(value)) / unitMs),
    (value) => {
      const datetime = typeof value === 'number' ? datetimeFromMs(value * unitMs) : null
      if (datetime === null) throw invalid(`${preview(value)} is not a time since 1970`)
      return datetime
    },
  )
}

function affixStep(affix: string, isPrefix: boolean): Step {
  const has = (text: string): boolean => (isPrefix ? text.startsWith(affix) : text.endsWith(affix))
  return reversible(
    'text',
    'text',
    (value) => (isPrefix ? affix + String(value) : String(value) + affix),
    (value) => {
      const text = String(value)
      if (!has(text)) throw invalid(`${preview(text)} does not ${isPrefix ? 'begin' : 'end'} with "${affix}"`)
      return isPrefix ? text.slice(affix.length) : text.slice(0, text.length - affix.length)
    },
  )
}

function formattedStep(pattern: string): Step | BadTransform {
  const format: DateFormat | null = dateFormat(pattern)
  if (!format) return { error: `"${pattern}" needs YYYY, MM and DD once each, and may have HH, mm and ss` }
  return reversible(
    format.hasTime ? 'datetime' : 'date',
    'text',
    (value) => format.format(String(value)),
    (value) => {
      const moment = format.parse(String(value))
      if (moment === null) throw invalid(`${preview(value)} is not written as ${pattern}`)
      return moment
    },
  )
}

/** What stands for "empty" on the external side: null ↔ that value. */
function emptyStep(arriving: FieldType, stand: Value): Step {
  const mark = JSON.stringify(stand)
  return {
    odooType: arriving,
    externalType: 'json',
    isReversible: true,
    takesEmpty: true,
    toExternal: (value) => value ?? stand,
    toOdoo: (value) => (JSON.stringify(value) === mark ? null : value),
  }
}
