import { describe, expect, test } from 'vitest'
import type { Value } from '../../src/contract/value.ts'
import { parseDurationMs } from '../../src/mapping/duration.ts'
import { fold, generateKey, keyText } from '../../src/mapping/key.ts'
import { fieldsToRead } from '../../src/mapping/mapping-file.ts'
import { parseSchedule, scheduleOrNeverSchema } from '../../src/mapping/schedule.ts'
import { didYouMean, nearest } from '../../src/mapping/suggestion.ts'
import { mappingOf } from '../config/files.ts'

test.each<readonly [Value, string | null]>([
  [null, null],
  ['', null],
  ['  ', null],
  [17, '17'],
  ['17', '17'],
  [0, '0'],
  [' a ', ' a '],
  [true, 'true'],
  [[1, 'a'], '[1,"a"]'],
])('the key text of %j is %j', (value, text) => expect(keyText(value)).toBe(text))

test('folding', () => {
  const text = '  Ärger\t und\n Spaß '
  expect(fold(text, { case: false, space: false })).toBe(text)
  expect(fold(text, { case: true, space: false })).toBe('  ärger\t und\n spaß ')
  expect(fold(text, { case: false, space: true })).toBe('Ärger und Spaß')
})

test('generated keys', () => {
  expect(generateKey('C-{id}', 'odoo', '17')).toBe('C-17')
  expect(generateKey('{side}-{id}-{x}', 'external', '$&')).toBe('external-$&-{x}')
})

test('fields to read: mapped, key, match and archive fields, once each', () => {
  const file = mappingOf(`mapping: customers
odoo: { connection: erp }
external: { connection: shop, key: id }
match: [{ odoo: email, external: mail }]
fields: [name, { odoo: ref, external: id }, { odoo: email, external: email2 }]
`)
  expect(fieldsToRead(file, 'odoo', 'active')).toEqual(['ref', 'name', 'email', 'active'])
  expect(fieldsToRead(file, 'external')).toEqual(['id', 'name', 'email2', 'mail'])
})

describe('schedules', () => {
  test.each([
    ['every 5s', { kind: 'every', ms: 5000 }],
    ['every 1.5h', { kind: 'every', ms: 5_400_000 }],
    ['15 3 * * *', { kind: 'cron', expression: '15 3 * * *', timeZone: null }],
    [
      '  */10  6-20 * jan,MAR mon-fri/2 ',
      { kind: 'cron', expression: '*/10 6-20 * jan,MAR mon-fri/2', timeZone: null },
    ],
    ['0 0 12 1 1 0', { kind: 'cron', expression: '0 0 12 1 1 0', timeZone: null }],
  ])('%s', (text, schedule) => expect(parseSchedule(text)).toEqual(schedule))

  test.each([
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    'x * * * *',
    '1-2-3 * * * *',
    '* * * *',
    '* * * * * * *',
    '',
    '@daily',
    'every 30d',
    'every',
  ])('not %j', (text) => expect(parseSchedule(text)).toHaveProperty('error'))

  test('with a time zone, or never', () => {
    expect(scheduleOrNeverSchema.parse({ cron: '0 3 * * *', time_zone: 'Europe/Berlin' })).toEqual({
      kind: 'cron',
      expression: '0 3 * * *',
      timeZone: 'Europe/Berlin',
    })
    expect(scheduleOrNeverSchema.parse('never')).toBeNull()
    expect(scheduleOrNeverSchema.safeParse({ cron: 'every 5s', time_zone: 'UTC' }).success).toBe(false)
  })
})

test.each([
  ['500ms', 500],
  ['5s', 5000],
  ['10m', 600_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['5', null],
  ['5 s', null],
  ['-5s', null],
  ['5S', null],
])('the duration %s', (text, ms) => expect(parseDurationMs(text)).toBe(ms))

test('suggestions', () => {
  expect(nearest('emial', ['email', 'name'])).toEqual(['email'])
  expect(nearest('country', ['country_id', 'city'])).toEqual(['country_id'])
  expect(nearest('PageSize', ['page_size'])).toEqual(['page_size'])
  expect(nearest('zebra', ['ledger', 'log'])).toEqual([])
  expect(didYouMean('nam', ['name', 'namo'])).toBe(' (did you mean "name" or "namo"?)')
})
