import type { RecordState } from '../contract/change.ts'
import type { Cursor } from '../contract/feed.ts'
import type { Work } from '../ledger/work.ts'
import { flows, otherSide, type Side } from '../mapping/mapping.ts'
import { changeOf, type Known } from './capture.ts'
import type { Context } from './context.ts'
import { type Draft, newDraft } from './draft.ts'
import { executeJobs } from './execute.ts'
import type { Job } from './job.ts'
import { planUnlinked } from './plan-unlinked.ts'
import type { RunMemory } from './run-memory.ts'
import { unstoredChange } from './unstored-change.ts'

/** A page of records that nothing is known of: a first sync is made of these. */
export interface NewPage {
  readonly side: Side
  readonly states: readonly RecordState[]
  /** Moved in the transaction that settles the page. */
  readonly cursor: Cursor
}

/** What is told again when a change that could not be dealt with at once is decided about from the ledger. */
const TOLD_AGAIN: ReadonlySet<string> = new Set(['dead', 'failed', 'retry', 'conflict', 'waiting'])

/** Whether a page may be dealt with at once: all of it is new, and the other side takes it in one batch. */
export function isNewPage(
  context: Context,
  side: Side,
  states: readonly RecordState[],
  known: ReadonlyMap<string, Known>,
): boolean {
  if (states.length < context.options.directFrom || !flows(context.mapping.direction, side)) return false
  if (states.length > context.sides[otherSide(side)].collection.capabilities.maxBatch) return false
  if (known.size === 0) return true
  return states.every(({ id }) => {
    const { link = null, change = null } = known.get(id) ?? {}
    return link === null && change === null
  })
}

/** A page that was decided about; nothing of it was sent or stored yet. */
export interface PlannedPage {
  readonly page: NewPage
  readonly jobs: readonly Job[]
  readonly draft: Draft
}

export async function planPage(context: Context, page: NewPage, signal: AbortSignal): Promise<PlannedPage> {
  const { side, states } = page
  const draft = newDraft(context.clock.nowMs())
  const works = states.map((state): Work => {
    const change = unstoredChange(changeOf(side, state))
    return side === 'odoo' ? { link: null, odoo: change, external: null } : { link: null, odoo: null, external: change }
  })
  return { page, draft, jobs: await planUnlinked(context, side, works, draft, signal) }
}

/**
 * Deals with a page of new records without staging it first. The cursor moves only when all of it is settled: until then
 * the page is read again after a crash, and its creates are open intents that are looked up. What cannot be settled at
 * once (it waits, is disputed, refused or in doubt) is staged in the same transaction. Never used while an earlier create
 * may be in doubt: such a record is not known by its link yet.
 */
export async function carryOutPage(
  context: Context,
  { page, jobs, draft }: PlannedPage,
  memory: RunMemory,
  signal: AbortSignal,
): Promise<void> {
  await executeJobs(context, jobs, draft, memory.writes, signal, () => settlePage(draft, page))
}

/** What was resolved is counted, everything else is staged. */
function settlePage(draft: Draft, { side, states, cursor }: NewPage): void {
  const own = draft.resolved.filter((change) => change.side === side)
  const applied = own.filter((change) => change.as === 'applied').length
  draft.direct = { side, cursor, applied, unchanged: own.length - applied }
  if (own.length < states.length) {
    const done = new Set([...own, ...draft.changes.filter((change) => change.side === side)].map(({ id }) => id))
    const kept = new Map(draft.kept.map((change) => [change.id, change.fields]))
    for (const state of states) {
      if (done.has(state.id)) continue
      const change = changeOf(side, state)
      draft.changes.push({ ...change, fields: { ...change.fields, ...kept.get(state.id) } })
    }
  }
  draft.resolved.length = 0
  draft.kept.length = 0
  keepOnly(draft.events, ({ kind }) => !TOLD_AGAIN.has(kind))
  keepOnly(draft.history, ({ event }) => !TOLD_AGAIN.has(event))
}

function keepOnly<T>(list: T[], isKept: (item: T) => boolean): void {
  if (list.every(isKept)) return
  list.splice(0, list.length, ...list.filter(isKept))
}
