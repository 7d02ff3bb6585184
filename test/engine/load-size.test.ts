import { fc, test as prop } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { grow, type LoadSize, loadOf, shrink, UNLIMITED } from '../../src/engine/load-size.ts'

/** Calls of `wanted` records against a side that takes `most` in one; the sizes that were sent. */
function calls(count: number, wanted: number, most: (call: number) => number, from = UNLIMITED): number[] {
  let size: LoadSize = from
  const sent: number[] = []
  for (let call = 0; call < count; call++) {
    const records = loadOf(size, wanted)
    sent.push(records)
    size = records <= most(call) ? grow(size, records) : shrink(size, records)
  }
  return sent
}

describe('the load of a call', () => {
  test.each<[string, number, number, (call: number) => number, number[]]>([
    ['is what is wanted while that works', 3, 500, () => 500, [500, 500, 500]],
    ['is halved until it works', 4, 500, () => 100, [500, 250, 125, 62]],
    ['a single record stays a single record', 4, 2, () => 0, [2, 1, 1, 1]],
    [
      'grows back after full calls that succeed',
      12,
      100,
      (call) => (call < 1 ? 10 : 1000),
      [100, 50, 50, 50, 50, 75, 75, 75, 75, 100, 100, 100],
    ],
  ])('%s', (_what, count, wanted, most, expected) => {
    expect(calls(count, wanted, most)).toEqual(expected)
  })

  test('small calls say nothing of large ones', () => {
    const small = shrink(UNLIMITED, 100)
    expect(grow(small, 49)).toBe(small)
    expect(grow(small, 50).successes).toBe(1)
  })

  test('a failure of a call that was begun with more says nothing new', () => {
    const small = shrink(UNLIMITED, 100)
    expect(shrink(small, 100)).toBe(small)
  })

  test('a limit that stays is run into ever more rarely', () => {
    const sent = calls(2000, 500, () => 300)
    const tooMuch = sent.flatMap((records, call) => (records > 300 ? [call] : []))
    expect(tooMuch.filter((call) => call >= 1000).length).toBeLessThan(15)
    expect(tooMuch.filter((call) => call < 100).length).toBeLessThan(12)
  })

  prop.prop([fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 5000 })])(
    'always comes to a size that works, and always comes back',
    (wanted, most) => {
      const during = calls(400, wanted, () => most)
      expect(during.every((records) => records >= 1 && records <= wanted)).toBe(true)
      expect(during.slice(14).some((records) => records <= most)).toBe(true)
      let size: LoadSize = UNLIMITED
      for (const records of [wanted, Math.ceil(wanted / 2), 1]) size = shrink(size, records)
      expect(calls(200, wanted, () => wanted, size).at(-1)).toBe(wanted)
    },
  )
})
