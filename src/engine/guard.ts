import { SyncError } from '../contract/error.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { GuardTrip } from '../ledger/mapping-state.ts'
import { hasUnseen } from '../ledger/seen.ts'
import { type Guard, type Mapping, SIDES, type Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import { changesOf, type Job } from './job.ts'
import type { RunMemory } from './run-memory.ts'

/** Deletes that trickle in count together for this long. */
const WINDOW_MS = 60 * 60_000
/** A set of records is a crowd from here on, however small the collection. */
const SMALLEST_CROWD = 5

/** Whether so many of `total` are a crowd: more than the count and the share, or more than half of all. */
export function isCrowd(count: number, total: number, guard: Guard): boolean {
  if (count > guard.count && count > guard.share * total) return true
  return count >= SMALLEST_CROWD && count * 2 > total
}

export function deletesGuard(side: Side): string {
  return `deletes:${side}`
}

export const CHANGES_GUARD = 'changes'

/**
 * For each side, the seq up to which deletes may be taken: of those that are there now, or that a person has agreed to
 * where they are a crowd. Deletes that arrive after this was asked are weighed the next time. A guard trips here, and is
 * lifted when what it held back is gone.
 */
export async function deletesAllowed(context: Context, memory: RunMemory): Promise<Readonly<Record<Side, number>>> {
  const { mapping, ledger } = context
  const lastSeq = await ledger.lastSeq(mapping.name)
  const allowed = { odoo: lastSeq, external: lastSeq }
  for (const side of SIDES) {
    const name = deletesGuard(side)
    const { [name]: trip } = (await ledger.state(mapping.name)).guards
    const crowd = await crowdOf(context, memory, side)
    if (crowd === null) {
      if (trip) await setTrip(context, name, null)
      continue
    }
    if (!trip) await tripGuard(context, name, crowd)
    allowed[side] = trip?.confirmedSeq ?? 0
  }
  return allowed
}

/** The deletes of a side that wait, if together with the latest ones they are a crowd. */
async function crowdOf(
  context: Context,
  memory: RunMemory,
  side: Side,
): Promise<Pick<GuardTrip, 'count' | 'total' | 'message'> | null> {
  const { mapping, ledger, clock } = context
  const waiting = await ledger.countChanges(mapping.name, { side, kind: 'gone', state: 'pending' })
  if (waiting === 0) return null
  const since = clock.monotonicMs() - WINDOW_MS
  const recent = memory.removals.filter((removal) => removal.side === side && removal.atMs > since).length
  const total = await ledger.countLinks(mapping.name)
  if (!isCrowd(waiting + recent, total + recent, mapping.deletes.guard)) return null
  const name = context.sides[side].schema.name
  const message = `${waiting} of ${total} linked records are gone from ${name}; their deletes wait for a person.`
  return { count: waiting, total, message }
}

/**
 * Counts what jobs are about to do. Removals are remembered for the next batches.
 * @throws SyncError `guard` when more linked records would change in one run than the mapping allows.
 */
export async function weighChanges(context: Context, memory: RunMemory, jobs: readonly Job[]): Promise<void> {
  const { mapping, ledger, clock } = context
  for (const job of jobs) {
    if (job.linkState === 'live') continue
    const side = job.linkState === 'odoo-gone' || job.work.odoo?.kind === 'gone' ? 'odoo' : 'external'
    memory.removals.push({ atMs: clock.monotonicMs(), side })
  }
  if (memory.removals.length > 100_000) memory.removals.splice(0, 50_000)

  const trip = (await ledger.state(mapping.name)).guards[CHANGES_GUARD]
  const agreedSeq = trip?.confirmedSeq ?? 0
  memory.updates += jobs.filter((job) => isOrdinaryUpdate(job, agreedSeq)).length
  if (memory.updates <= mapping.changesGuard.count) return
  const total = await ledger.countLinks(mapping.name)
  if (memory.updates <= mapping.changesGuard.share * total) return
  const message = `${memory.updates} of ${total} linked records would change in one run; the rest waits for a person.`
  await tripGuard(context, CHANGES_GUARD, { count: memory.updates, total, message })
  throw new SyncError('guard', message, { hint: confirmHint(mapping.name) })
}

/** Not a first contact, and not agreed to. */
function isOrdinaryUpdate(job: Job, agreedSeq: number): boolean {
  const { link } = job.work
  if (!link || job.writes.length === 0) return false
  if (SIDES.some((side) => hasUnseen(link.seen[side]))) return false
  return changesOf(job.work).some((change) => change.seq > agreedSeq)
}

export function confirmHint(mapping: string): string {
  return `See what it is with: tandem sync ${mapping} --dry-run. Agree with: tandem sync ${mapping} --confirm.`
}

/** A person agrees to everything that guards of this mapping hold back now. The answer is the guards that had tripped. */
export async function confirmGuards(
  { mapping, ledger }: { readonly mapping: Pick<Mapping, 'name'>; readonly ledger: Ledger },
  confirmedBy: string | null = null,
): Promise<readonly string[]> {
  const confirmedSeq = await ledger.lastSeq(mapping.name)
  const { guards, pause } = await ledger.state(mapping.name)
  const confirmed = Object.fromEntries(
    Object.entries(guards).map(([name, trip]) => [name, { ...trip, confirmedSeq, confirmedBy }]),
  )
  await ledger.updateState(mapping.name, { guards: confirmed, ...(pause?.code === 'guard' ? { pause: null } : {}) })
  return Object.keys(confirmed)
}

async function tripGuard(
  context: Context,
  name: string,
  { count, total, message }: Pick<GuardTrip, 'count' | 'total' | 'message'>,
): Promise<void> {
  await setTrip(context, name, { sinceMs: context.clock.nowMs(), count, total, message, confirmedSeq: null })
  context.emit({
    mapping: context.mapping.name,
    kind: 'guard',
    side: null,
    odooId: null,
    externalId: null,
    key: null,
    message: `${message} ${confirmHint(context.mapping.name)}`,
  })
}

async function setTrip(context: Context, name: string, trip: GuardTrip | null): Promise<void> {
  const { [name]: _, ...others } = (await context.ledger.state(context.mapping.name)).guards
  await context.ledger.updateState(context.mapping.name, { guards: trip ? { ...others, [name]: trip } : others })
}
