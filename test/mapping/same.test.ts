import { describe, expect, test } from 'vitest'
import type { Value } from '../../src/contract/value.ts'
import { type FieldTraits, pairOf } from './pair.ts'

const text: FieldTraits = { type: 'text' }
const integer: FieldTraits = { type: 'integer' }
const decimal: FieldTraits = { type: 'decimal' }
const boolean: FieldTraits = { type: 'boolean' }
const date: FieldTraits = { type: 'date' }
const datetime: FieldTraits = { type: 'datetime' }
const json: FieldTraits = { type: 'json' }
const scaled = (scale: number): FieldTraits => ({ type: 'decimal', scale })

describe('the same', () => {
  type Same = readonly [name: string, type: FieldTraits, a: Value, b: Value, same: boolean]
  const relation: FieldTraits = { type: 'json', relation: 'res.partner.category' }
  const CASES: readonly Same[] = [
    ['numbers written differently', integer, '1', 1, true],
    ['numbers', integer, 1, 2, false],
    ['decimals at their scale', scaled(2), 1.001, '1.00', true],
    ['decimals', scaled(2), 1.01, 1.02, false],
    ['noise of a double', scaled(2), 0.30000000000000004, 0.3, true],
    ['moments by their seconds', datetime, '2026-11-21T08:30:00.5Z', '2026-11-21T08:30:00Z', true],
    ['moments', datetime, '2026-11-21T08:30:01Z', '2026-11-21T08:30:00Z', false],
    ['texts exactly', text, 'a', 'a ', false],
    ['texts, with the line end', text, 'a\n', 'a', false],
    ['case', text, 'a', 'A', false],
    ['nothing and an empty text', text, null, '', true],
    ['nothing and a text', text, null, 'a', false],
    ['lists of ids in any order', relation, [3, 1, 20], [20, 3, 1], true],
    ['lists of ids', relation, [3, 1], [3, 2], false],
    ['other lists by their order', json, [1, 2], [2, 1], false],
    ['objects in any order of names', json, { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, true],
    ['zero and minus zero', decimal, 0, -0, true],
  ]
  test.each(CASES)('%s', (_, type, a, b, same) => {
    const rule = pairOf(type, type)
    expect(rule.isSame('external', a, b)).toBe(same)
    expect(rule.isSame('external', b, a)).toBe(same)
  })

  test('Odoo has no empty number', () => {
    expect(pairOf(integer, integer).isSame('odoo', null, 0)).toBe(true)
    expect(pairOf(boolean, boolean).isSame('odoo', null, false)).toBe(true)
  })

  test('what cannot cross does not count', () => {
    const dates = pairOf(date, datetime)
    expect(dates.isSame('external', '2026-11-21T08:30:00Z', '2026-11-21T00:00:00Z')).toBe(true)
    expect(dates.isSame('external', '2026-11-21T08:30:00Z', '2026-11-22T00:00:00Z')).toBe(false)
    expect(pairOf(scaled(2), scaled(4)).isSame('external', 1.2345, 1.23)).toBe(true)
    expect(pairOf(integer, text).isSame('external', '007', '7')).toBe(true)
    expect(pairOf(datetime, integer, ', transform: epoch_ms').isSame('external', 60_999, 60_000)).toBe(true)
    expect(pairOf(integer, integer).isSame('external', null, 0)).toBe(true)
    expect(pairOf(integer, integer, ', direction: from-odoo').isSame('external', null, 0)).toBe(false)
  })
})
