import type { Value } from '../contract/value.ts'
import { sortedSet } from '../mapping/set-value.ts'
import { fingerprint } from './fingerprint.ts'

/** So many elements may differ between two sets for their common origin to be looked for: 2^12 fingerprints at most. */
const MAX_DIFFERING = 12

/** What takes one set to another. */
export interface SetDelta {
  readonly added: readonly Value[]
  readonly removed: readonly Value[]
}

/** Elements are compared by their text: the id 7 and "7" are the same. */
export function setDelta(from: readonly Value[], to: readonly Value[]): SetDelta {
  return { added: without(to, from), removed: without(from, to) }
}

/**
 * The set from which both `ours` and `theirs` were changed, of which only the fingerprint is known. It holds what both
 * still hold, and of what only one of them holds it holds some: the fingerprint tells which. null: it cannot be found,
 * because both sides took out the same element, or because they differ in too many.
 */
export function commonOrigin(
  ours: readonly Value[],
  theirs: readonly Value[],
  origin: string,
): readonly Value[] | null {
  const differing = [...without(ours, theirs), ...without(theirs, ours)]
  if (differing.length > MAX_DIFFERING) return null
  const shared = without(ours, without(ours, theirs))
  for (let chosen = 0; chosen < 1 << differing.length; chosen++) {
    const set = sortedSet([...shared, ...differing.filter((_, index) => (chosen >> index) & 1)])
    if (fingerprint(set) === origin) return set
  }
  return null
}

function without(set: readonly Value[], other: readonly Value[]): readonly Value[] {
  const names = new Set(other.map(String))
  return set.filter((element) => !names.has(String(element)))
}
