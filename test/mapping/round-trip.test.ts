import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { Value } from '../../src/contract/value.ts'
import { decimalText, decimalValue, parseDecimal, roundDecimal, shiftDecimal } from '../../src/mapping/decimal.ts'
import type { Side } from '../../src/mapping/mapping.ts'
import { type FieldTraits, NO_REFERENCES, pairOf } from './pair.ts'

const anyText = fc.string({ unit: 'binary', maxLength: 30 })
const anyInteger = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -5, max: 5 }))
const bigInteger = fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }).map(String)
const money = fc.integer({ min: -1e12, max: 1e12 }).map((cents) => cents / 100)
const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true })
const second = fc
  .integer({ min: -2_208_988_800, max: 4_102_444_800 })
  .map((seconds) => new Date(seconds * 1000).toISOString().replace('.000', ''))
const fraction = fc.tuple(second, fc.integer({ min: 1, max: 999_999 })).map(([text, micros]) => {
  return text.replace('Z', `.${String(micros).padStart(6, '0').replace(/0+$/, '')}Z`)
})
const moment = fc.oneof(second, fraction)
const day = second.map((text) => text.slice(0, 10))
const jsonValue = fc.jsonValue().map((value) => value as Value)
const option = fc.constantFrom('a', 'b', 'c')

interface Pair {
  readonly odoo: FieldTraits
  readonly external: FieldTraits
  readonly options?: string
  readonly odooValues: fc.Arbitrary<Value>
  readonly externalValues: fc.Arbitrary<Value>
}

const text: FieldTraits = { type: 'text' }
const integer: FieldTraits = { type: 'integer' }
const decimal: FieldTraits = { type: 'decimal' }
const cents: FieldTraits = { type: 'decimal', scale: 2 }
const selection: FieldTraits = { type: 'selection', options: ['a', 'b', 'c'] }
const spaced = anyInteger.map((value) => ` ${value}.00`)

const PAIRS: Readonly<Record<string, Pair>> = {
  'text, text': { odoo: text, external: text, odooValues: anyText, externalValues: anyText },
  'html, text': { odoo: { type: 'html' }, external: text, odooValues: anyText, externalValues: anyText },
  'integer, integer': {
    odoo: integer,
    external: integer,
    odooValues: anyInteger,
    externalValues: fc.oneof(anyInteger, bigInteger),
  },
  'integer, text': {
    odoo: integer,
    external: text,
    odooValues: anyInteger,
    externalValues: fc.oneof(anyInteger.map(String), bigInteger, spaced),
  },
  'text, integer': {
    odoo: text,
    external: integer,
    odooValues: fc.oneof(anyInteger.map(String), spaced),
    externalValues: anyInteger,
  },
  'integer, decimal': { odoo: integer, external: cents, odooValues: anyInteger, externalValues: anyInteger },
  'decimal, decimal': { odoo: decimal, external: decimal, odooValues: anyDouble, externalValues: anyDouble },
  'decimal at 2, decimal': { odoo: cents, external: decimal, odooValues: money, externalValues: anyDouble },
  'decimal, decimal at 2': { odoo: decimal, external: cents, odooValues: anyDouble, externalValues: money },
  'decimal, text': { odoo: decimal, external: text, odooValues: anyDouble, externalValues: money.map(String) },
  'boolean, boolean': {
    odoo: { type: 'boolean' },
    external: { type: 'boolean' },
    odooValues: fc.boolean(),
    externalValues: fc.boolean(),
  },
  'boolean, integer': {
    odoo: { type: 'boolean' },
    external: integer,
    odooValues: fc.boolean(),
    externalValues: fc.constantFrom(0, 1),
  },
  'boolean, text': {
    odoo: { type: 'boolean' },
    external: text,
    odooValues: fc.boolean(),
    externalValues: fc.constantFrom('0', '1', 'true', 'false'),
  },
  'date, date': { odoo: { type: 'date' }, external: { type: 'date' }, odooValues: day, externalValues: day },
  'date, datetime': { odoo: { type: 'date' }, external: { type: 'datetime' }, odooValues: day, externalValues: moment },
  'datetime, date': { odoo: { type: 'datetime' }, external: { type: 'date' }, odooValues: second, externalValues: day },
  'datetime, datetime': {
    odoo: { type: 'datetime' },
    external: { type: 'datetime' },
    odooValues: second,
    externalValues: moment,
  },
  'datetime, text': { odoo: { type: 'datetime' }, external: text, odooValues: second, externalValues: moment },
  'selection, text': { odoo: selection, external: text, odooValues: option, externalValues: option },
  'json, json': {
    odoo: { type: 'json' },
    external: { type: 'json' },
    odooValues: jsonValue,
    externalValues: jsonValue,
  },
  'text, json': {
    odoo: text,
    external: { type: 'json' },
    odooValues: anyText,
    externalValues: fc.oneof(anyText, anyDouble, fc.boolean()),
  },
  'decimal, json': {
    odoo: cents,
    external: { type: 'json' },
    odooValues: money,
    externalValues: fc.oneof(money, money.map(String)),
  },
  not: {
    odoo: { type: 'boolean' },
    external: { type: 'boolean' },
    options: ', transform: not',
    odooValues: fc.boolean(),
    externalValues: fc.boolean(),
  },
  cents: {
    odoo: cents,
    external: integer,
    options: ', transform: cents',
    odooValues: money,
    externalValues: anyInteger,
  },
  epoch_s: {
    odoo: { type: 'datetime' },
    external: integer,
    options: ', transform: epoch_s',
    odooValues: second,
    externalValues: fc.integer(),
  },
  epoch_ms: {
    odoo: { type: 'datetime' },
    external: integer,
    options: ', transform: epoch_ms',
    odooValues: second,
    externalValues: fc.integer(),
  },
  prefix: {
    odoo: text,
    external: text,
    options: ', transform: { prefix: "C-" }',
    odooValues: anyText,
    externalValues: anyText.map((value) => `C-${value}`),
  },
  'date format': {
    odoo: { type: 'date' },
    external: text,
    options: ', transform: { date: DD.MM.YYYY }',
    odooValues: day,
    externalValues: day.map((value) => value.split('-').reverse().join('.')),
  },
  map: {
    odoo: selection,
    external: integer,
    options: ', map: { a: 1, b: 2, c: 3 }',
    odooValues: option,
    externalValues: fc.constantFrom(1, 2, 3),
  },
}

describe.each(Object.entries(PAIRS))('%s', (_, { odoo, external, options, odooValues, externalValues }) => {
  const rule = pairOf(odoo, external, options)
  const translate = (from: Side, value: Value): Value => {
    const result = rule.translate(from, value, NO_REFERENCES)
    if (result.kind !== 'value') throw new Error(result.kind === 'error' ? result.error.message : 'waits')
    return result.value
  }
  const values = {
    odoo: fc.oneof(odooValues, fc.constant(null)),
    external: fc.oneof(externalValues, fc.constant(null)),
  }

  test.prop([values.odoo])('there and back is the same to Odoo', (value) => {
    expect(rule.isSame('odoo', translate('external', translate('odoo', value)), value)).toBe(true)
  })

  test.prop([values.external])('there and back is the same to the external side', (value) => {
    expect(rule.isSame('external', translate('odoo', translate('external', value)), value)).toBe(true)
  })

  test.prop([values.external])('what was written once is written again as it is', (value) => {
    const once = translate('external', value)
    expect(translate('external', translate('odoo', once))).toEqual(once)
  })

  test.prop([values.external, values.external])('being the same is the same both ways', (a, b) => {
    expect(rule.isSame('external', a, a)).toBe(true)
    expect(rule.isSame('external', a, b)).toBe(rule.isSame('external', b, a))
    if (rule.isSame('external', a, b)) {
      expect(rule.isSame('odoo', translate('external', a), translate('external', b))).toBe(true)
    }
  })
})

describe('rounding', () => {
  const scale = fc.integer({ min: 0, max: 12 })

  test.prop([anyDouble, scale])('rounded twice is rounded once', (value, digits) => {
    const rule = pairOf(decimal, { type: 'decimal', scale: digits }, ', direction: from-odoo')
    const once = rule.translate('odoo', value, NO_REFERENCES)
    if (once.kind !== 'value') throw new Error('not translated')
    expect(rule.translate('odoo', once.value, NO_REFERENCES)).toEqual(once)
    expect(rule.isSame('external', once.value, value)).toBe(true)
  })

  test.prop([anyDouble, scale])('off by half a step at most, away from zero', (value, digits) => {
    const exact = parseDecimal(value)
    if (!exact) throw new Error('no decimal')
    const rounded = roundDecimal(exact, digits)
    const opposite = roundDecimal({ ...exact, coefficient: -exact.coefficient }, digits)
    expect(opposite.coefficient).toBe(-rounded.coefficient)
    const common = Math.max(exact.scale, rounded.scale)
    const difference = shiftDecimal(exact, common).coefficient - shiftDecimal(rounded, common).coefficient
    const twice = (difference < 0n ? -difference : difference) * 2n
    expect(twice <= 10n ** BigInt(Math.max(0, common - digits))).toBe(true)
  })
})

test.prop([anyDouble])('a double survives as a decimal', (value) => {
  const decimalOf = parseDecimal(value)
  if (!decimalOf) throw new Error('no decimal')
  expect(Number(decimalText(decimalOf))).toBe(value === 0 ? 0 : value)
  const kept = decimalValue(decimalOf)
  expect(Number(kept)).toBe(value === 0 ? 0 : value)
})
