import { expect, test } from 'vitest'
import type { Value } from '../../src/contract/value.ts'
import type { Side } from '../../src/mapping/mapping.ts'
import { type FieldTraits, pairOf, translated } from './pair.ts'

const text: FieldTraits = { type: 'text' }
const integer: FieldTraits = { type: 'integer' }
const decimal: FieldTraits = { type: 'decimal' }
const boolean: FieldTraits = { type: 'boolean' }
const date: FieldTraits = { type: 'date' }
const datetime: FieldTraits = { type: 'datetime' }
const json: FieldTraits = { type: 'json' }

type Refusal = readonly [
  name: string,
  odoo: FieldTraits,
  external: FieldTraits,
  from: Side,
  value: Value,
  message: string,
  options?: string,
]

const REFUSED: readonly Refusal[] = [
  ['too long', text, { type: 'text', maxLength: 3 }, 'odoo', 'abcd', 'has 4 characters, and the field holds 3'],
  ['empty where required', text, { type: 'text', isRequired: true }, 'odoo', null, 'is empty here, and required there'],
  ['no option', { type: 'selection', options: ['a', 'b'] }, text, 'external', 'c', '"c" is none of its options (a, b)'],
  ['not a number', integer, text, 'external', 'x', '"x" is not a whole number'],
  ['a fraction', integer, decimal, 'external', 1.5, '1.5 has digits after the point'],
  ['no truth', boolean, integer, 'external', 2, '2 is neither true nor false'],
  ['no date', date, text, 'external', '2026-02-30', '"2026-02-30" is not a date such as 2026-11-21'],
  ['no moment', datetime, text, 'external', '25:00', '"25:00" is not a moment such as 2026-11-21T08:30:00Z'],
  ['an object', text, json, 'external', { a: 1 }, '{"a":1} is not a single value'],
  ['not in the map', text, text, 'external', 'z', '"z" is not in the map', ', map: { a: b }'],
  ['no prefix', text, text, 'external', '1', '"1" does not begin with "C-"', ', transform: { prefix: C- }'],
  [
    'another format',
    date,
    text,
    'external',
    '1.2.26',
    '"1.2.26" is not written as DD.MM.YYYY',
    ', transform: { date: DD.MM.YYYY }',
  ],
  [
    'outside time',
    datetime,
    integer,
    'external',
    1e15,
    '1000000000000000 is not a time since 1970',
    ', transform: epoch_s',
  ],
]

test.each(REFUSED.map((refusal) => ({ name: refusal[0], refusal })))(
  '$name is refused, and the field is named',
  ({ refusal }) => {
    const [, odoo, external, from, value, message, options] = refusal
    const path = from === 'odoo' ? 'res.partner.a → customers.b' : 'customers.b → res.partner.a'
    expect(translated(pairOf(odoo, external, options), from, value)).toEqual({ error: `invalid: ${path}: ${message}` })
  },
)

test('a long value is shown shortened', () => {
  expect(translated(pairOf(integer, text), 'external', 'x'.repeat(500))).toEqual({
    error: `invalid: customers.b → res.partner.a: "${'x'.repeat(36)}… is not a whole number`,
  })
})
