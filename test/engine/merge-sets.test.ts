import { fc, test } from '@fast-check/vitest'
import { expect, it } from 'vitest'
import { fingerprint } from '../../src/engine/fingerprint.ts'
import { commonOrigin, setDelta } from '../../src/engine/merge-sets.ts'
import { sortedSet } from '../../src/mapping/set-value.ts'

const set = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 12 }).map(sortedSet)
/** Elements to put in and to take out: at most two of each. */
const edit = fc.record({
  put: fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 2 }),
  take: fc.uniqueArray(fc.nat(11), { maxLength: 2 }),
})

function edited(origin: readonly unknown[], { put, take }: { put: number[]; take: number[] }) {
  const kept = origin.filter((_, index) => !take.includes(index)) as number[]
  return sortedSet([...kept, ...put])
}

test.prop([set, edit, edit])('what two sets were changed from is found by its fingerprint', (origin, a, b) => {
  const [ours, theirs] = [edited(origin, a), edited(origin, b)]
  const found = commonOrigin(ours, theirs, fingerprint(origin))
  const isLostOnBoth = origin.some((id) => !ours.includes(id) && !theirs.includes(id))
  expect(found).toEqual(isLostOnBoth ? null : origin)
})

test.prop([set, set])('a delta takes one set to the other', (from, to) => {
  const { added, removed } = setDelta(from, to)
  expect(sortedSet([...from.filter((id) => !removed.includes(id)), ...added])).toEqual(to)
  expect(added.some((id) => from.includes(id)) || removed.some((id) => to.includes(id))).toBe(false)
})

it('ids are the same as number and as text', () => {
  expect(setDelta([1, '2'], ['1', 2, 3])).toEqual({ added: [3], removed: [] })
})

it('sets that differ in too many are not searched for', () => {
  const many = Array.from({ length: 15 }, (_, index) => index + 1)
  expect(commonOrigin(many, [], fingerprint(many))).toBeNull()
  expect(commonOrigin(many, [1], fingerprint(many))).toEqual(many)
})
