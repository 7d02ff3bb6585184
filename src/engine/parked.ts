import type { ChangeState, StoredChange } from '../ledger/change.ts'
import type { Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'

const PAGE = 500

/**
 * Changes of a side's records that have no link, in one of the states in which nothing happens by itself. Newest first, `limit` of them
 * at most.
 */
export async function parkedNewcomers(
  { ledger, mapping }: Context,
  side: Side,
  states: readonly ChangeState[],
  limit: number,
): Promise<readonly StoredChange[]> {
  const counts = (await ledger.counts(mapping.name))[side]
  if (counts.conflicts + counts.deadLetters + counts.waiting === 0) return []
  const parked: StoredChange[] = []
  for (const state of states) {
    let page: Awaited<ReturnType<typeof ledger.changes>> = []
    do {
      const last = page.at(-1)
      const after = last === undefined ? {} : { afterSeq: last.change.seq }
      page = await ledger.changes(mapping.name, { state, side, limit: PAGE, ...after })
      for (const { change, link } of page) if (link === null) parked.push(change)
    } while (page.length === PAGE && parked.length < limit)
  }
  return parked.slice(0, limit)
}
