import type { Value } from '../contract/value.ts'
import { sortedSet } from '../mapping/set-value.ts'
import { fingerprint } from './fingerprint.ts'

/** So many sets are tried for the common origin of two others: some milliseconds. */
const MAX_TRIES = 2 ** 14

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
 * The set from which both `ours` and `theirs` were changed, of which only the fingerprint is known. Of what only one of
 * them holds it holds some, and of what both hold all but what both put in: the fingerprint tells which. null: it cannot
 * be found, because both sides took out the same element, or because they differ in too many.
 */
export function commonOrigin(
  ours: readonly Value[],
  theirs: readonly Value[],
  origin: string,
): readonly Value[] | null {
  const differing = [...without(ours, theirs), ...without(theirs, ours)]
  const shared = without(ours, without(ours, theirs))
  if (differing.length > Math.log2(MAX_TRIES)) return null
  let tries = 0
  for (const added of [[], ...shared.map((one) => [one]), ...pairs(shared)]) {
    const kept = without(shared, added)
    for (let chosen = 0; chosen < 1 << differing.length; chosen++) {
      const set = sortedSet([...kept, ...differing.filter((_, index) => (chosen >> index) & 1)])
      if (fingerprint(set) === origin) return set
      tries += 1
      if (tries > MAX_TRIES) return null
    }
  }
  return null
}

function pairs(elements: readonly Value[]): Value[][] {
  return elements.flatMap((one, index) => elements.slice(index + 1).map((other) => [one, other]))
}

function without(set: readonly Value[], other: readonly Value[]): readonly Value[] {
  const names = new Set(other.map(String))
  return set.filter((element) => !names.has(String(element)))
}
