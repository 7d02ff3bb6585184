import { describe, expect, test } from 'vitest'
import { captureCursor, capturePosition } from '../../src/connectors/sql/capture-cursor.ts'
import { idOfParts, partsOfId, spelledId } from '../../src/connectors/sql/composite-id.ts'
import { datetimeValue } from '../../src/connectors/sql/datetime.ts'
import { decimalValue } from '../../src/connectors/sql/decimal.ts'
import { parseTableName, quoteTableName } from '../../src/connectors/sql/identifier.ts'
import { parseJsonText } from '../../src/connectors/sql/json-text.ts'
import { decodeRanges, encodeRanges, toRanges } from '../../src/connectors/sql/sequence-ranges.ts'
import { parseTableSpec } from '../../src/connectors/sql/spec.ts'
import { isSameRecord } from '../../src/connectors/sql/unique-conflict.ts'

test.each([
  ['0.10', 0.1],
  ['-0.00', 0],
  ['007', 7],
  ['100', 100],
  ['0.0000001', 1e-7],
  ['9007199254740991', 9007199254740991],
  ['9007199254740993', '9007199254740993'],
  ['1000000000000000000', '1000000000000000000'],
  ['0.1000000000000000055', '0.1000000000000000055'],
  ['NaN', 'NaN'],
])('decimal %s', (digits, value) => {
  expect(decimalValue(digits)).toEqual(value)
})

test.each([
  ['2026-11-21 08:30:00+00', '2026-11-21T08:30:00Z'],
  ['2026-11-21 08:30:00.120000+00', '2026-11-21T08:30:00.12Z'],
  ['2026-11-21T00:30:00.5+05:30', '2026-11-20T19:00:00.5Z'],
  ['2026-11-21 08:30', '2026-11-21T08:30:00Z'],
  ['2026-11-21', '2026-11-21T00:00:00Z'],
  ['infinity', 'infinity'],
])('datetime %s', (text, value) => {
  expect(datetimeValue(text)).toBe(value)
})

test('numbers in JSON keep their digits', () => {
  expect(parseJsonText('{"a":12345678901234567890,"b":[1.5,0.1]}')).toEqual({
    a: '12345678901234567890',
    b: [1.5, 0.1],
  })
})

test('a set of numbers survives the cursor, in whatever order it was read', () => {
  const numbers = [900_000_000_000_001, 5, 3, 4, 100, 900_000_000_000_000]
  const ranges = toRanges(numbers)
  expect(decodeRanges(encodeRanges(ranges))).toEqual(ranges)
  expect(ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_none, n) => first + n))).toEqual(
    [...numbers].sort((a, b) => a - b),
  )
  const cursor = captureCursor({ phase: 'changes', consumer: 3, done: ranges })
  expect(capturePosition(cursor, 3)).toEqual({ phase: 'changes', consumer: 3, done: ranges })
  const start = { phase: 'snapshot', consumer: 4, after: null, done: [] }
  for (const other of [cursor, null, 'not ours', '{"v":1,"tail":5}']) expect(capturePosition(other, 4)).toEqual(start)
})

test('table names', () => {
  expect(parseTableName('shop."My.Table"')).toEqual({ schema: 'shop', table: 'My.Table' })
  expect(quoteTableName(parseTableName('"a""b".Customers'))).toBe('"a""b"."Customers"')
  for (const bad of ['', 'a.b.c', 'a.', '.b', '"a']) expect(() => parseTableName(bad), bad).toThrow('not a table')
})

describe('specs', () => {
  test('a name, an object, and either under collection', () => {
    expect(parseTableSpec('customers')).toMatchObject({
      name: { table: 'customers' },
      capture: 'triggers',
      overlapMs: 600_000,
    })
    expect(parseTableSpec({ collection: 's.t', key: 'ref' })).toMatchObject({
      name: { schema: 's', table: 't' },
      key: ['ref'],
    })
    const full = {
      table: 't',
      capture: 'cursor',
      cursor: 'updated_at',
      overlap: '1h',
      archive: { column: 'off', value: true },
    }
    expect(parseTableSpec({ collection: full })).toMatchObject({
      overlapMs: 3_600_000,
      archive: { field: 'off', archived: true },
    })
  })
  test.each([
    [{ table: 't', wher: 'x' }, 'wher'],
    [{ table: 't', capture: 'cursor' }, 'cursor'],
    [{ collection: { table: 't', overlap: 'long' } }, 'overlap'],
    [{ table: 't', capture: 'magic' }, 'capture'],
  ])('%j is refused with the name of what is wrong', (spec, word) => {
    expect(() => parseTableSpec(spec)).toThrow(word)
  })
})

test('which unique violation means that the record exists', () => {
  const uniques = [['id'], ['code'], ['mail']]
  expect(isSameRecord([['mail']], uniques, ['code'], ['id'])).toBe(false)
  expect(isSameRecord([['mail'], ['code']], uniques, ['code'], ['id'])).toBe(true)
  expect(isSameRecord([['code']], uniques, ['code', 'company'], ['id'])).toBe(false)
  expect(isSameRecord([['company', 'code']], uniques, ['code', 'company'], ['id'])).toBe(true)
  expect(isSameRecord([['id']], uniques, null, ['id'])).toBe(true)
  expect(isSameRecord([['code']], uniques, null, ['id'])).toBe(false)
  expect(isSameRecord([['code']], [['id'], ['code']], null, ['id'])).toBe(true)
  expect(isSameRecord([['region', 'no']], [['region', 'no'], ['mail']], null, ['region', 'no'])).toBe(true)
})

test('an id of several columns has one spelling', () => {
  const parts = ['DE "x"', 'a,b\\', '0', 'ü']
  const id = idOfParts(parts)
  expect(id).toBe('["DE \\"x\\"","a,b\\\\","0","ü"]')
  expect(partsOfId(id, 4)).toEqual(parts)
  expect(idOfParts(['7'])).toBe('7')
  for (const other of ['["a", "b"]', '["a","b","c"]', '["a",1]', '{"a":1}', 'a', ''])
    expect(partsOfId(other, 2)).toBeNull()
  expect(spelledId('["a", "\\u0041"]', 2)).toBe('["a","A"]')
})
