import { matters } from '../engine/capture.ts'
import { type FieldRule, fieldOn, flows, type Mapping, otherSide, type Side } from '../mapping/mapping.ts'

/** The rights that a mapping needs on a side, from its direction and its policies for deletes. */
export function checkNeeds(mapping: Mapping, side: Side): { create: boolean; update: boolean; remove: boolean } {
  const source = otherSide(side)
  const isWritten = flows(mapping.direction, source)
  const policies = [mapping.deletes[source], mapping.onExit[source]]
  return {
    create: isWritten,
    update:
      isWritten ||
      mapping.fields.some(
        (rule) => isWritable(mapping, side, rule) && flows(rule.direction, source) && matters(rule, source),
      ),
    remove: isWritten && policies.includes('delete'),
  }
}

/** Fields that are only read together, such as those that steps look at, are written nowhere. */
function isWritable({ bundles }: Mapping, side: Side, rule: FieldRule): boolean {
  return bundles[side].find(({ name }) => name === fieldOn(rule, side))?.writes !== null
}
