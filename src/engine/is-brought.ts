import type { Fields } from '../contract/value.ts'
import type { Mapping, Side } from '../mapping/mapping.ts'

/** Whether the mapping brings a record of `side` that has no partner yet to the other side: its `when`. @throws SyncError */
export function isBrought(mapping: Mapping, side: Side, fields: Fields): boolean {
  return mapping.when[side]?.evaluate({ [side]: fields }) !== false
}
