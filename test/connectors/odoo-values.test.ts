import { describe, expect, test } from 'vitest'
import { findDomains } from '../../src/connectors/odoo/find-records.ts'
import { decoderFor, encoderFor } from '../../src/connectors/odoo/values.ts'
import type { Value } from '../../src/contract/value.ts'

describe('decode', () => {
  test.each<[string, Value, Value]>([
    ['char', false, null],
    ['char', '', null],
    ['char', ' a ', ' a '],
    ['text', 'False', 'False'],
    ['html', '<p>x</p>', '<p>x</p>'],
    ['selection', false, null],
    ['boolean', false, false],
    ['boolean', true, true],
    ['integer', 0, 0],
    ['integer', false, null],
    ['float', -0, 0],
    ['float', 0.1, 0.1],
    ['monetary', 12.5, 12.5],
    ['date', '2026-11-21', '2026-11-21'],
    ['date', false, null],
    ['datetime', '2026-11-21 08:30:00', '2026-11-21T08:30:00Z'],
    ['datetime', false, null],
    ['many2one', [7, 'Name'], 7],
    ['many2one', 7, 7],
    ['many2one', false, null],
    ['one2many', [1, 2], [1, 2]],
    ['many2many', false, []],
    ['reference', 'res.partner,3', 'res.partner,3'],
    ['many2one_reference', 0, null],
    ['binary', 'AAEC', 'AAEC'],
    ['binary', false, null],
    ['json', false, null],
    ['json', { a: [1] }, { a: [1] }],
  ])('%s %j → %j', (type, raw, value) => {
    expect(decoderFor(type)(raw)).toStrictEqual(value)
  })
})

describe('encode', () => {
  test.each<[string, Value, Value]>([
    ['char', null, false],
    ['char', 12, '12'],
    ['boolean', null, false],
    ['integer', '42', 42],
    ['integer', null, false],
    ['float', '0.1', 0.1],
    ['float', 3, 3],
    ['monetary', '-12.50', -12.5],
    ['date', '2026-11-21', '2026-11-21'],
    ['datetime', '2026-11-21T08:30:00Z', '2026-11-21 08:30:00'],
    ['datetime', '2026-11-21T08:30:00.999Z', '2026-11-21 08:30:00'],
    ['datetime', null, false],
    ['many2one', 7, 7],
    ['many2one', '7', 7],
    ['many2one', null, false],
    ['many2many', [1, '2'], [[6, 0, [1, 2]]]],
    ['many2many', null, [[6, 0, []]]],
    ['binary', 'AAEC', 'AAEC'],
    ['json', { a: 1 }, { a: 1 }],
  ])('%s %j → %j', (type, value, raw) => {
    expect(encoderFor(type)(value, 'f')).toEqual(raw)
  })

  test.each<[string, Value, string]>([
    ['char', true, 'invalid'],
    ['boolean', 'false', 'invalid'],
    ['integer', 1.5, 'invalid'],
    ['integer', 'x', 'invalid'],
    ['integer', 2_147_483_648, 'unsupported'],
    ['integer', '12345678901234567890', 'unsupported'],
    ['float', 'x', 'invalid'],
    ['float', '12345678901234567.89', 'unsupported'],
    ['date', '21.11.2026', 'invalid'],
    ['datetime', '2026-11-21T08:30:00+01:00', 'invalid'],
    ['many2one', 'foo', 'invalid'],
    ['many2one', 0, 'invalid'],
    ['many2many', 'foo', 'invalid'],
  ])('%s refuses %j as %s', (type, value, code) => {
    expect(() => encoderFor(type)(value, 'f')).toThrow(expect.objectContaining({ code }))
  })
})

describe('find', () => {
  const exactly = { case: false, space: false }
  test('exact values become `in`, a thousand at a time, with null as False', () => {
    const values = [...Array.from({ length: 1001 }, (_, n) => `k${n}`), null]
    const domains = findDomains({ field: 'ref', values, fold: exactly }, 'char')
    expect(domains.length).toBe(2)
    expect(domains[1]).toEqual([['ref', 'in', ['k1000', false]]])
  })

  test('folded values become escaped patterns, joined by "or"', () => {
    expect(
      findDomains({ field: 'ref', values: ['50%_a\\b', 'x'], fold: { case: true, space: false } }, 'char'),
    ).toEqual([['|', ['ref', '=ilike', '50\\%\\_a\\\\b'], ['ref', '=ilike', 'x']]])
    expect(findDomains({ field: 'ref', values: [' a  b '], fold: { case: false, space: true } }, 'char')).toEqual([
      [['ref', '=like', '%a%b%']],
    ])
    expect(findDomains({ field: 'color', values: [1], fold: { case: true, space: true } }, 'integer')).toEqual([
      [['color', 'in', [1]]],
    ])
  })

  test('no values, no search', () => {
    expect(findDomains({ field: 'ref', values: [], fold: exactly }, 'char')).toEqual([])
  })
})
