import { expect, test } from 'vitest'
import { spentForMs } from '../../src/http/rate-limit.ts'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
const IN_30_S = NOW / 1000 + 30

test.each([
  ['seconds', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '30' }],
  ['a Unix time', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(IN_30_S) }],
  ['a Unix time in milliseconds', { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': String(IN_30_S * 1000) }],
  ['a date', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': new Date(IN_30_S * 1000).toUTCString() }],
  ['the draft with one header each', { 'ratelimit-remaining': '0', 'ratelimit-reset': '30' }],
  ['the draft with one field', { ratelimit: 'limit=100, remaining=0, reset=30' }],
  ['the draft with named policies', { ratelimit: '"burst";r=0;t=5, "hour";r=0;t=30, "day";r=9;t=9999' }],
  ['a field that comes twice', { ratelimit: ['"burst";r=7;t=5', '"hour";r=0;t=30'] }],
])('nothing is left for 30 s: %s', (_, headers) => {
  expect(spentForMs(headers, NOW)).toBe(30_000)
})

test.each([
  ['calls are left', { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '30' }],
  ['nobody says until when', { 'x-ratelimit-remaining': '0' }],
  ['it is over', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1000 - 1) }],
  ['it is not understood', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'soon' }],
  ['it is not a number', { 'x-ratelimit-remaining': '', 'x-ratelimit-reset': '30' }],
  ['ten are left', { ratelimit: '"hour";r=10;t=30' }],
  ['there is none', {}],
])('nothing is held: %s', (_, headers) => {
  expect(spentForMs(headers, NOW)).toBeNull()
})

test('an absurd time is cut to an hour', () => {
  expect(spentForMs({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '999999999' }, NOW)).toBe(3_600_000)
})
