import { describe, expect, test } from 'vitest'
import { FIELD_TYPES } from '../../src/contract/connector.ts'
import type { Value } from '../../src/contract/value.ts'
import { type FieldTraits, pairOf, translated } from './pair.ts'

type Case = readonly [from: Value, to: Value]

interface Conversion {
  readonly odoo: FieldTraits
  readonly external: FieldTraits
  readonly options?: string
  readonly toExternal?: readonly Case[]
  readonly toOdoo?: readonly Case[]
}

const text: FieldTraits = { type: 'text' }
const integer: FieldTraits = { type: 'integer' }
const decimal: FieldTraits = { type: 'decimal' }
const boolean: FieldTraits = { type: 'boolean' }
const date: FieldTraits = { type: 'date' }
const datetime: FieldTraits = { type: 'datetime' }
const json: FieldTraits = { type: 'json' }
const scaled = (scale: number): FieldTraits => ({ type: 'decimal', scale })

const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  'text ↔ text': {
    odoo: text,
    external: text,
    toExternal: [
      ['a b ', 'a b '],
      ['', ''],
      [null, null],
    ],
    toOdoo: [[' ü', ' ü']],
  },
  'html ↔ text': {
    odoo: { type: 'html' },
    external: text,
    toExternal: [['<p>a</p>', '<p>a</p>']],
    toOdoo: [['a < b', 'a < b']],
  },
  'integer ↔ text': {
    odoo: integer,
    external: text,
    toExternal: [
      [17, '17'],
      [-3, '-3'],
      [0, '0'],
    ],
    toOdoo: [
      ['17', 17],
      [' 017', 17],
      ['12345678901234567890', '12345678901234567890'],
      [null, 0],
    ],
  },
  'text ↔ integer': {
    odoo: text,
    external: integer,
    toExternal: [
      ['17', 17],
      ['17.0', 17],
      [null, null],
    ],
    toOdoo: [
      [17, '17'],
      ['12345678901234567890', '12345678901234567890'],
    ],
  },
  'integer ↔ integer': {
    odoo: integer,
    external: integer,
    toExternal: [[1, 1]],
    toOdoo: [
      ['9007199254740993', '9007199254740993'],
      [null, 0],
    ],
  },
  'integer ↔ decimal': {
    odoo: integer,
    external: scaled(2),
    toExternal: [[5, 5]],
    toOdoo: [
      ['5', 5],
      [5, 5],
    ],
  },
  'decimal ↔ decimal, rounded': {
    odoo: decimal,
    external: scaled(2),
    toExternal: [
      [1.005, 1.01],
      [-1.005, -1.01],
      [2.5, 2.5],
      [0.1, 0.1],
      [1e-7, 0],
    ],
    toOdoo: [
      ['0.10', 0.1],
      ['1.23', 1.23],
    ],
  },
  'decimal noise': {
    odoo: scaled(2),
    external: decimal,
    toExternal: [
      [0.30000000000000004, 0.3],
      [19.990000000000002, 19.99],
    ],
  },
  'decimal ↔ text': {
    odoo: decimal,
    external: text,
    toExternal: [
      [1.5, '1.5'],
      [1e-7, '0.0000001'],
      [1e21, '1000000000000000000000'],
      [-0, '0'],
    ],
    toOdoo: [
      ['1.50', 1.5],
      ['0.1234567890123456789', '0.1234567890123456789'],
      ['-.5', -0.5],
    ],
  },
  'decimal ↔ exact decimal': {
    odoo: decimal,
    external: scaled(4),
    toExternal: [['0.12345', 0.1235]],
    toOdoo: [['12345678901234.5678', '12345678901234.5678']],
  },
  'boolean ↔ integer': {
    odoo: boolean,
    external: integer,
    toExternal: [
      [true, 1],
      [false, 0],
    ],
    toOdoo: [
      [1, true],
      [0, false],
      [null, false],
    ],
  },
  'boolean ↔ text': {
    odoo: boolean,
    external: text,
    toExternal: [[true, 'true']],
    toOdoo: [
      ['false', false],
      ['1', true],
    ],
  },
  'date ↔ datetime': {
    odoo: date,
    external: datetime,
    toExternal: [['2026-11-21', '2026-11-21T00:00:00Z']],
    toOdoo: [
      ['2026-11-21T23:59:59.9Z', '2026-11-21'],
      ['2026-11-21T23:59:59+02:00', '2026-11-21'],
    ],
  },
  'datetime ↔ datetime': {
    odoo: datetime,
    external: datetime,
    toExternal: [['2026-11-21T08:30:00Z', '2026-11-21T08:30:00Z']],
    toOdoo: [['2026-11-21T08:30:00.123456Z', '2026-11-21T08:30:00Z']],
  },
  'datetime ↔ text': {
    odoo: datetime,
    external: text,
    toOdoo: [
      ['2026-11-21 08:30', '2026-11-21T08:30:00Z'],
      ['2026-11-21T08:30:00+0130', '2026-11-21T07:00:00Z'],
      ['2026-11-21', '2026-11-21T00:00:00Z'],
    ],
  },
  'date ↔ text': {
    odoo: date,
    external: text,
    toExternal: [['2026-11-21', '2026-11-21']],
    toOdoo: [['2024-02-29', '2024-02-29']],
  },
  'selection ↔ text': {
    odoo: { type: 'selection', options: ['a', 'b'] },
    external: text,
    toExternal: [['a', 'a']],
    toOdoo: [
      ['b', 'b'],
      [null, null],
    ],
  },
  'json ↔ json': { odoo: json, external: json, toExternal: [[{ a: [1] }, { a: [1] }]] },
  'text ↔ json': {
    odoo: text,
    external: json,
    toExternal: [['a', 'a']],
    toOdoo: [
      [17, '17'],
      [true, 'true'],
      [0.1, '0.1'],
    ],
  },
  'integer ↔ json': {
    odoo: integer,
    external: json,
    toExternal: [[1, 1]],
    toOdoo: [
      ['17', 17],
      [17, 17],
    ],
  },
  'binary ↔ text': {
    odoo: { type: 'binary' },
    external: text,
    toExternal: [['aGk=', 'aGk=']],
    toOdoo: [['aGk=', 'aGk=']],
  },
  not: {
    odoo: boolean,
    external: boolean,
    options: ', transform: not',
    toExternal: [
      [true, false],
      [false, true],
    ],
    toOdoo: [[true, false]],
  },
  'not, as a number': {
    odoo: boolean,
    external: integer,
    options: ', transform: not',
    toExternal: [[true, 0]],
    toOdoo: [
      [0, true],
      [1, false],
    ],
  },
  cents: {
    odoo: scaled(2),
    external: integer,
    options: ', transform: cents',
    toExternal: [
      [19.99, 1999],
      [0.1, 10],
      [-1.1, -110],
      [19.990000000000002, 1999],
    ],
    toOdoo: [
      [1999, 19.99],
      [5, 0.05],
    ],
  },
  epoch_s: {
    odoo: datetime,
    external: integer,
    options: ', transform: epoch_s',
    toExternal: [['1970-01-01T00:01:00Z', 60]],
    toOdoo: [
      [60, '1970-01-01T00:01:00Z'],
      ['60', '1970-01-01T00:01:00Z'],
    ],
  },
  'epoch_ms of a date': {
    odoo: date,
    external: integer,
    options: ', transform: epoch_ms',
    toExternal: [['1970-01-02', 86_400_000]],
    toOdoo: [[86_400_001, '1970-01-02']],
  },
  prefix: {
    odoo: text,
    external: text,
    options: ', transform: { prefix: C- }',
    toExternal: [['1', 'C-1']],
    toOdoo: [['C-1', '1']],
  },
  suffix: {
    odoo: integer,
    external: text,
    options: ', transform: { suffix: " kg" }',
    toExternal: [[5, '5 kg']],
    toOdoo: [['5 kg', 5]],
  },
  'date format': {
    odoo: date,
    external: text,
    options: ', transform: { date: DD.MM.YYYY }',
    toExternal: [['2026-11-21', '21.11.2026']],
    toOdoo: [['21.11.2026', '2026-11-21']],
  },
  'datetime format': {
    odoo: datetime,
    external: text,
    options: ', transform: { date: "YYYYMMDD HHmmss" }',
    toExternal: [['2026-11-21T08:30:05Z', '20261121 083005']],
    toOdoo: [['20261121 083005', '2026-11-21T08:30:05Z']],
  },
  empty: {
    odoo: text,
    external: text,
    options: ', transform: { empty: n/a }',
    toExternal: [
      [null, 'n/a'],
      ['x', 'x'],
    ],
    toOdoo: [
      ['n/a', null],
      ['x', 'x'],
    ],
  },
  'a map': {
    odoo: { type: 'selection', options: ['draft', 'done'] },
    external: integer,
    options: ', map: { draft: 0, done: 1 }',
    toExternal: [
      ['draft', 0],
      ['done', 1],
      [null, null],
    ],
    toOdoo: [
      [1, 'done'],
      ['0', 'draft'],
    ],
  },
  'a map of truth values': {
    odoo: boolean,
    external: text,
    options: ', map: { "true": active, "false": gone }',
    toExternal: [[true, 'active']],
    toOdoo: [['gone', false]],
  },
  'a chain': {
    odoo: boolean,
    external: text,
    options: ', transform: [not, text, { prefix: is- }]',
    toExternal: [[true, 'is-false']],
    toOdoo: [['is-true', false]],
  },
  'trim, upper': {
    odoo: text,
    external: text,
    options: ', transform: [trim, upper], direction: from-odoo',
    toExternal: [[' a ', 'A']],
  },
  phone: {
    odoo: text,
    external: text,
    options: ', transform: phone, direction: to-odoo',
    toOdoo: [
      ['0049 (0)30 / 12 34', '+49301234'],
      ['030-12', '03012'],
    ],
  },
  truncate: {
    odoo: text,
    external: { type: 'text', maxLength: 3 },
    options: ', transform: { truncate: 3 }, direction: from-odoo',
    toExternal: [['aü😀b', 'aü😀']],
  },
  round: {
    odoo: decimal,
    external: integer,
    options: ', transform: { round: 0 }, direction: from-odoo',
    toExternal: [
      [1.5, 2],
      [-1.5, -2],
    ],
  },
  default: {
    odoo: text,
    external: { type: 'text', isRequired: true },
    options: ', transform: { default: none }, direction: from-odoo',
    toExternal: [
      [null, 'none'],
      ['a', 'a'],
    ],
  },
}

describe.each(Object.entries(CONVERSIONS))('%s', (_, { odoo, external, options, toExternal = [], toOdoo = [] }) => {
  const rule = pairOf(odoo, external, options)
  if (toExternal.length > 0) {
    test.each(toExternal)('%j goes out as %j', (from, to) => expect(translated(rule, 'odoo', from)).toEqual(to))
  }
  if (toOdoo.length > 0) {
    test.each(toOdoo)('%j comes in as %j', (from, to) => expect(translated(rule, 'external', from)).toEqual(to))
  }
})

test('every pair of types either fits or is refused when the mapping is compiled', () => {
  const types = FIELD_TYPES.filter((type) => type !== 'reference')
  const fitting = types.map((odoo) => {
    const fits = types.filter((external) => {
      try {
        pairOf({ type: odoo }, { type: external })
        return true
      } catch {
        return false
      }
    })
    return `${odoo}: ${fits.join(' ')}`
  })
  expect(fitting).toEqual([
    'text: text html integer decimal boolean date datetime selection json binary',
    'html: text html integer decimal boolean date datetime selection json binary',
    'integer: text html integer decimal boolean selection json',
    'decimal: text html integer decimal selection json',
    'boolean: text html integer boolean selection json',
    'date: text html date datetime selection json',
    'datetime: text html date datetime selection json',
    'selection: text html integer decimal boolean date datetime selection json binary',
    'references: ',
    'lines: ',
    'json: text html integer decimal boolean date datetime selection json binary',
    'binary: text html selection json binary',
  ])
})
