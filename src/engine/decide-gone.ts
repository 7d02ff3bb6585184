import type { Link } from '../ledger/link.ts'
import { type Mapping, otherSide, type Side } from '../mapping/mapping.ts'

/** Why a record is no longer there for us: its `NewChange` of kind `gone` carries it as the version. */
export const EXITED = 'exited'

export type GonePlan =
  /** Nothing to write: only the link changes. */
  | { readonly kind: 'unlink'; readonly state: Link['state'] | 'deleted' }
  /** Write to the other side; the link becomes this afterwards. */
  | { readonly kind: 'archive' | 'remove'; readonly side: Side; readonly state: Link['state'] | 'deleted' }
  /** The other side was edited meanwhile: an edit is never deleted without a person. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'nothing' }

/**
 * What follows when a record of `side` is gone: deleted, or out of the collection's filter (`EXITED`). Pure.
 * `otherChanged`: the other side has an edit that was not applied yet; `otherGone`: it is gone as well.
 */
export function decideGone(
  mapping: Mapping,
  side: Side,
  link: Link,
  why: 'deleted' | typeof EXITED,
  other: { readonly isChanged: boolean; readonly isGone: boolean },
): GonePlan {
  const target = otherSide(side)
  const tombstone: Link['state'] = side === 'odoo' ? 'odoo-gone' : 'external-gone'
  if (other.isGone || link.state === `${target}-gone`) return { kind: 'unlink', state: 'deleted' }
  if (link.state === tombstone) return { kind: 'nothing' }
  if (why === EXITED && mapping.onExit[side] === 'keep') return { kind: 'nothing' }
  const policy = why === EXITED ? mapping.onExit[side] : mapping.deletes[side]
  const mayWrite = mapping.direction === 'both' || mapping.direction === (side === 'odoo' ? 'from-odoo' : 'to-odoo')
  if (policy === 'ignore' || !mayWrite) return { kind: 'unlink', state: tombstone }
  if (other.isChanged && mapping.conflict !== side) {
    // The other side's own policy says that it wins: it stays, as if the delete were ignored.
    return mapping.conflict === target ? { kind: 'unlink', state: tombstone } : { kind: 'conflict' }
  }
  return policy === 'archive'
    ? { kind: 'archive', side: target, state: tombstone }
    : { kind: 'remove', side: target, state: 'deleted' }
}
