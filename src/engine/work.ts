import type { StoredChange } from '../ledger/change.ts'
import type { Work } from '../ledger/work.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import { isBroken, lookAtBroken } from './broken.ts'
import type { Context } from './context.ts'
import { keep, newDraft, resolve, settle } from './draft.ts'
import { executeJobs } from './execute.ts'
import { deletesAllowed, weighChanges } from './guard.ts'
import { changesOf, type Job } from './job.ts'
import { planGone } from './plan-gone.ts'
import { planLinked } from './plan-linked.ts'
import { planUnlinked } from './plan-unlinked.ts'
import type { RunMemory } from './run-memory.ts'

/** How many changes are taken from the ledger at once. */
const TAKE = 5000
/** How long an edit waits that meets a delete which a guard holds back. */
const HELD_MS = 60_000

/**
 * Decides about and carries out a batch of what is due. The answer is how many changes were taken: 0 means that nothing
 * is due. @throws SyncError when the run has to stop.
 */
export async function workOnce(context: Context, memory: RunMemory, signal: AbortSignal): Promise<number> {
  const { mapping, ledger, clock } = context
  const allowed = await deletesAllowed(context, memory)
  const works = await ledger.take(mapping.name, clock.nowMs(), TAKE, allowed)
  const held = works.filter((work) => isHeld(work, allowed))
  if (held.length > 0) await putOff(context, held)
  for (const slice of slices(
    context,
    works.filter((work) => !isHeld(work, allowed)),
  )) {
    signal.throwIfAborted()
    if (memory.isStopping()) break
    await workOn(context, slice, memory, signal)
  }
  return works.length
}

/** An edit of a record whose partner is among deletes that are held back. */
function isHeld(work: Work, allowed: Readonly<Record<Side, number>>): boolean {
  return changesOf(work).some((change) => isGone(change) && change.seq > allowed[change.side])
}

async function putOff(context: Context, works: readonly Work[]): Promise<void> {
  const draft = newDraft(context.clock.nowMs())
  for (const change of works.flatMap(changesOf)) {
    if (!isGone(change)) keep(draft, change, { state: 'pending', notBeforeMs: draft.nowMs + HELD_MS })
  }
  await settle(context, draft)
}

/** Small enough that what is read before a write is written soon after, large enough to fill the sink's batches. */
function slices(context: Context, works: readonly Work[]): readonly (readonly Work[])[] {
  const result: Work[][] = []
  const bySource = Map.groupBy(works, (work): Side => (work.odoo ? 'odoo' : 'external'))
  for (const [source, ofSource] of bySource) {
    const isTwoSided = ofSource.some((work) => work.odoo && work.external)
    const targets = SIDES.filter((side) => isTwoSided || side !== source)
    const size = Math.min(...targets.map((side) => context.sides[side].collection.capabilities.maxBatch))
    for (let start = 0; start < ofSource.length; start += size) result.push(ofSource.slice(start, start + size))
  }
  return result
}

async function workOn(context: Context, works: readonly Work[], memory: RunMemory, signal: AbortSignal): Promise<void> {
  const draft = newDraft(context.clock.nowMs())
  const routes = Map.groupBy(works, routeOf)
  for (const work of routes.get('survivor') ?? []) {
    for (const change of changesOf(work)) resolve(draft, change, 'unchanged')
  }
  const jobs: Job[] = [
    ...(await planGone(context, routes.get('gone') ?? [], draft, signal)),
    ...(await planLinked(context, routes.get('linked') ?? [], draft, signal)),
  ]
  for (const side of SIDES) {
    const broken = (routes.get('broken') ?? []).flatMap((work) => work[side] ?? [])
    await lookAtBroken(context, side, broken, draft, signal)
    jobs.push(...(await planUnlinked(context, side, routes.get(`new-${side}`) ?? [], draft, signal)))
  }
  await weighChanges(context, memory, jobs)
  await executeJobs(context, jobs, draft, memory.writes, signal)
}

type Route = 'gone' | 'linked' | 'survivor' | 'broken' | 'new-odoo' | 'new-external'

function routeOf(work: Work): Route {
  const { link, odoo, external } = work
  if (!link && changesOf(work).some(isBroken)) return 'broken'
  if (!link) return odoo ? 'new-odoo' : 'new-external'
  if (isGone(odoo) || isGone(external)) return 'gone'
  if (link.state === 'live') return 'linked'
  // A tombstone: the deleted record is back, or its partner was edited, which concerns nobody any more.
  const isBack = link.state === 'odoo-gone' ? odoo !== null : external !== null
  return isBack ? 'linked' : 'survivor'
}

function isGone(change: StoredChange | null): boolean {
  return change?.kind === 'gone'
}
