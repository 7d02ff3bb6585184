import { flows, SIDES } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import { matchRecords } from './match.ts'
import { parkedNewcomers } from './parked.ts'

/**
 * Matches records again that were left to a person because of their key, and makes those due for which there is an answer by now: who
 * gave each record its own key, or removed one of two, needs no command besides. Says nothing about those that stay as they are.
 * Looks at the `limit` newest of each side. May be repeated.
 * @returns how many are due.
 */
export async function matchAgain(context: Context, limit: number, signal: AbortSignal): Promise<number> {
  const { ledger, mapping, clock } = context
  let due = 0
  for (const side of SIDES) {
    if (!flows(mapping.direction, side)) continue
    const conflicts = await parkedNewcomers(context, side, ['conflict'], limit)
    const undecided = conflicts.filter(({ kind, fault }) => kind === 'state' && fault?.code === 'key')
    if (undecided.length === 0) continue
    const matches = await matchRecords(context, side, undecided, signal)
    const decided = undecided.filter(({ id }) => matches.get(id)?.kind !== 'ambiguous')
    if (decided.length > 0) due += await ledger.retry(mapping.name, decided, clock.nowMs())
  }
  return due
}
