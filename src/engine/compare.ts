import type { NewChange } from '../ledger/change.ts'
import { SIDES } from '../mapping/mapping.ts'
import { capture, matters } from './capture.ts'
import type { Context } from './context.ts'
import { idOn } from './job.ts'
import { readRecords } from './pull.ts'
import { goneOf } from './sweep.ts'

const PAGE = 1000
/** The note that holds the last link that was compared. */
export const POSITION = 'compare:position'

/**
 * The rolling comparison: reads the next `count` linked records in full and captures what is not as it was seen. It goes
 * round and round over all links, and so finds in time what no cursor and no version shows.
 */
export async function compareSome(context: Context, count: number, signal: AbortSignal): Promise<number> {
  const { mapping, ledger, clock } = context
  const stored = (await ledger.state(mapping.name)).notes[POSITION]
  let position = typeof stored === 'number' ? stored : 0
  let compared = 0
  while (compared < count) {
    signal.throwIfAborted()
    const page = await ledger.linksAfter(mapping.name, position, Math.min(PAGE, count - compared))
    const last = page.at(-1)
    const links = page.filter((link) => link.state === 'live')
    for (const side of SIDES) {
      if (links.length === 0 || !mapping.fields.some((rule) => matters(rule, side))) continue
      const ids = links.map((link) => idOn(link, side))
      const states = await readRecords(context, side, ids, signal)
      const known = await ledger.known(mapping.name, side, ids)
      const captured = capture(mapping, side, [...states.values()], known)
      const gone = ids
        .filter((id) => !states.has(id) && known.get(id)?.change?.kind !== 'gone')
        .map((id): NewChange => goneOf(side, id, null))
      await ledger.stage(mapping.name, {
        side,
        changes: [...captured.changes, ...gone],
        touched: captured.touched,
        unchanged: captured.unchanged,
        nowMs: clock.nowMs(),
      })
    }
    compared += page.length
    position = last ? last.id : 0
    const { notes } = await ledger.state(mapping.name)
    await ledger.updateState(mapping.name, { notes: { ...notes, [POSITION]: position } })
    if (!last) break
  }
  return compared
}
