import { flows, type Mapping, otherSide, type Side } from '../mapping/mapping.ts'

/**
 * The rights that a mapping needs on a side, from its direction and its policies for deletes. No field of a mapping that
 * flows one way flows the other, so that nothing is written on the side that it only reads.
 */
export function checkNeeds(mapping: Mapping, side: Side): { create: boolean; update: boolean; remove: boolean } {
  const source = otherSide(side)
  const isWritten = flows(mapping.direction, source)
  const policies = [mapping.deletes[source], mapping.onExit[source]]
  return { create: isWritten, update: isWritten, remove: isWritten && policies.includes('delete') }
}
