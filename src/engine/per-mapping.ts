import type { Mapping, Side } from '../mapping/mapping.ts'

/** What follows from a mapping and a side alone, worked out once instead of once a record. */
export function perMapping<T>(work: (mapping: Mapping, side: Side) => T): (mapping: Mapping, side: Side) => T {
  const known = { odoo: new WeakMap<Mapping, T>(), external: new WeakMap<Mapping, T>() }
  return (mapping, side) => {
    let result = known[side].get(mapping)
    if (result === undefined) {
      result = work(mapping, side)
      known[side].set(mapping, result)
    }
    return result
  }
}
