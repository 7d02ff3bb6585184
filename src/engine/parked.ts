import type { ChangeState, StoredChange } from '../ledger/change.ts'
import type { Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'

const PAGE = 500

/**
 * Changes of a side's records that have no link, in states in which nothing happens by itself, newest first. Looks at the `limit`
 * newest of each state, with or without a link: thousands of them cost a frequent run no more.
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
    let looked = 0
    do {
      const last = page.at(-1)
      const after = last === undefined ? {} : { afterSeq: last.change.seq }
      page = await ledger.changes(mapping.name, { state, side, limit: Math.min(PAGE, limit - looked), ...after })
      looked += page.length
      for (const { change, link } of page) if (link === null) parked.push(change)
    } while (page.length === PAGE && looked < limit)
  }
  return parked
}
