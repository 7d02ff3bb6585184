import { SIDES } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import { settleCreates } from './doubtful-creates.ts'
import { settleUpdates } from './doubtful-updates.ts'
import { newDraft, settle } from './draft.ts'
import type { DoneUpdate } from './look-at-update.ts'
import { soonest } from './soonest.ts'

/**
 * Settles operations of which nobody knows whether they were done: the process died, or the answer was lost. Nothing is
 * sent again before the side was looked at.
 *
 * - A create whose key is there now was done, and the record is linked with its source; unless its system says that somebody
 *   else created it, which is for matching by key to decide.
 * - An update whose values are there now was done; where the old values are there, it was not, and is decided anew.
 *   Anything else is the stored form of what we wrote if the last writer is our user, otherwise someone's edit.
 * - A side that can be asked nothing gets it again, under the same name.
 * - What was not done may still be under way: it is given `doubtGraceMs` before it counts as not done.
 *
 * Resolves with the milliseconds until something still in doubt should be looked at again, null if nothing is.
 */
export async function settleDoubts(context: Context, signal: AbortSignal): Promise<number | null> {
  const intents = await context.ledger.openIntents(context.mapping.name)
  if (intents.length === 0) return null
  const draft = newDraft(context.clock.nowMs())
  let lookAgainMs: number | null = null
  const done = new Map<number, DoneUpdate>()
  for (const side of SIDES) {
    const ofSide = intents.filter((intent) => intent.side === side)
    const creates = ofSide.filter(({ operation }) => operation.kind === 'create')
    const others = ofSide.filter(({ operation }) => operation.kind !== 'create')
    lookAgainMs = soonest(lookAgainMs, await settleCreates(context, side, creates, draft, signal))
    lookAgainMs = soonest(lookAgainMs, await settleUpdates(context, side, others, done, draft, signal))
  }
  context.crashPoint('doubt-looked-up')
  await settle(context, draft)
  return lookAgainMs
}
