import type { RecordState } from '../contract/change.ts'
import type { Intent } from '../ledger/intent.ts'
import type { Link } from '../ledger/link.ts'
import type { Side } from '../mapping/mapping.ts'
import { changeOf, isSameState } from './capture.ts'
import type { Context } from './context.ts'
import type { Draft } from './draft.ts'
import { type DoneUpdate, lookAtUpdate } from './look-at-update.ts'
import { readRecords } from './pull.ts'
import { soonest } from './soonest.ts'

/**
 * Updates and removes that were done, or surely not. One that was not done yet may still be under way, and would then put
 * its older value over whatever we write meanwhile: until its grace is over, nothing else is done to that record.
 */
export async function settleUpdates(
  context: Context,
  side: Side,
  intents: readonly Intent[],
  done: Map<number, DoneUpdate>,
  draft: Draft,
  signal: AbortSignal,
): Promise<number | null> {
  if (intents.length === 0) return null
  const ids = intents.flatMap(({ operation }) => (operation.kind === 'create' ? [] : [operation.id]))
  const isBlind = context.sides[side].collection.capabilities.writeOnly === true
  const states = isBlind ? new Map<string, RecordState>() : await readRecords(context, side, ids, signal)
  const known = await context.ledger.known(context.mapping.name, side, ids)
  let lookAgainMs: number | null = null
  for (const intent of intents) {
    if (intent.operation.kind === 'create') continue
    const state = states.get(intent.operation.id)
    const { link: stored = null, change = null } = known.get(intent.operation.id) ?? {}
    const link = stored && withDrafted(stored, draft)
    const finding = state
      ? lookAtUpdate(context, intent, state, link, (link && done.get(link.id)) ?? null)
      : { isDone: !isBlind, isForeign: false, seen: null }
    const leftMs = context.options.doubtGraceMs - Math.abs(draft.nowMs - intent.createdAtMs)
    if (!finding.isDone && leftMs > 0) {
      lookAgainMs = soonest(lookAgainMs, Math.min(leftMs, 1000))
      continue
    }
    draft.intents.push(intent.id)
    if (link && state && finding.isDone) done.set(link.id, { intent, state })
    if (link && finding.seen) draft.links.push({ kind: 'update', id: link.id, seen: finding.seen })
    if (!state || intent.operation.kind === 'remove') continue
    // A change that was staged before the write holds older values than what is there now.
    const isOvertaken = change?.kind === 'state' && !isSameState(context.mapping.fields, side, state, change)
    if (finding.isForeign || isOvertaken) draft.changes.push(changeOf(side, state))
  }
  return lookAgainMs
}

/** The link with what was found out about the other side's write a moment ago: one record may be in doubt on both sides. */
function withDrafted(link: Link, { links }: Draft): Link {
  const drafted = links.findLast((write) => write.kind === 'update' && write.id === link.id)
  return drafted?.kind === 'update' ? { ...link, seen: { ...link.seen, ...drafted.seen } } : link
}
