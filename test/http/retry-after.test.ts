import { expect, test } from 'vitest'
import { parseRetryAfterMs } from '../../src/http/retry-after.ts'

const NOW_MS = Date.parse('2026-11-21T08:00:00Z')

test.each([
  [undefined, null],
  ['120', 120_000],
  [' 0 ', 0],
  ['Sat, 21 Nov 2026 08:01:00 GMT', 60_000],
  ['Sat, 21 Nov 2026 07:00:00 GMT', 0],
  ['-5', null],
  ['soon', null],
  ['1.5', null],
])('Retry-After: %s', (header, expected) => {
  expect(parseRetryAfterMs(header, NOW_MS)).toBe(expected)
})
