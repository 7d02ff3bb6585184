import type { RecordId, RecordState } from '../contract/change.ts'
import type { StoredChange } from '../ledger/change.ts'
import type { Link } from '../ledger/link.ts'
import { UNKNOWN_FINGERPRINT } from '../ledger/seen.ts'
import { flows, otherSide, type Side } from '../mapping/mapping.ts'
import { changeOf } from './capture.ts'
import type { Context } from './context.ts'
import { type Draft, resolve } from './draft.ts'
import { idOn } from './job.ts'

/** What became of a record that is gone: it was merged into another one. */
export interface Merger {
  readonly survivor: RecordState
  /** null: the survivor is not linked, so the link of the record that is gone can become its own. */
  readonly link: Link | null
}

/** For those of the missing records that were merged into another one, that one. */
export async function findMergers(
  context: Context,
  side: Side,
  missing: readonly RecordId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<RecordId, Merger>> {
  const { sink } = context.sides[side].collection
  const mergers = new Map<RecordId, Merger>()
  if (missing.length === 0 || !sink?.survivors) return mergers
  const survivors = await sink.survivors(missing, signal)
  const ids = [...new Set(survivors.values())]
  if (ids.length === 0) return mergers
  const states = await sink.read(ids, signal)
  const links = await context.ledger.links(context.mapping.name, side, ids)
  for (const [id, survivorId] of survivors) {
    const survivor = states.get(survivorId)
    const link = links.get(survivorId) ?? null
    if (survivor && (link === null || link.state === 'live')) mergers.set(id, { survivor, link })
  }
  return mergers
}

/** The survivor takes over the link: nothing is gone, and what it says is compared anew. */
export function takeOver(
  context: Context,
  side: Side,
  change: StoredChange,
  link: Link,
  { survivor }: Merger,
  draft: Draft,
): void {
  const unknown = UNKNOWN_FINGERPRINT.repeat(context.mapping.fields.length)
  draft.links.push({
    kind: 'update',
    id: link.id,
    ...(side === 'odoo' ? { odooId: survivor.id } : { externalId: survivor.id }),
    seen: { [side]: unknown },
    version: { [side]: null },
  })
  draft.changes.push(changeOf(side, survivor))
  resolve(draft, change, 'applied')
  tellOfMerger(context, side, link, survivor.id, draft)
}

/**
 * Whether the record that the lost one was linked with is put away as well. It is never deleted, whatever the policy for
 * deletes: nothing was deleted, and other records of its system may refer to it.
 */
export function isArchivedWithIt(context: Context, side: Side, other: RecordState | null): boolean {
  const { archive } = context.sides[otherSide(side)].collection.capabilities
  if (!other || !archive || context.mapping.deletes[side] === 'ignore') return false
  return flows(context.mapping.direction, side) && other.fields[archive.field] !== archive.archived
}

export function tellOfMerger(context: Context, side: Side, link: Link, survivorId: RecordId, draft: Draft): void {
  const { odooId, externalId, key } = link
  const ids = { side, odooId, externalId, key }
  draft.history.push({ atMs: draft.nowMs, event: 'merged', ...ids, detail: { into: survivorId } })
  const message = `${side} ${idOn(link, side)} was merged into ${survivorId}`
  draft.events.push({ mapping: context.mapping.name, kind: 'merged', ...ids, message })
}
