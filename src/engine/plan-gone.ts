import type { RecordState } from '../contract/change.ts'
import { SyncError } from '../contract/error.ts'
import type { Operation } from '../contract/sink.ts'
import type { StoredChange } from '../ledger/change.ts'
import type { Link } from '../ledger/link.ts'
import type { Work } from '../ledger/work.ts'
import { otherSide, SIDES, type Side } from '../mapping/mapping.ts'
import { changedRules, changeOf } from './capture.ts'
import type { Context } from './context.ts'
import { decideGone, EXITED, type GonePlan } from './decide-gone.ts'
import { type Draft, keep, resolve } from './draft.ts'
import { changesOf, idOn, type Job, jobOf, type Write } from './job.ts'
import { findMergers, isArchivedWithIt, type Merger, takeOver } from './plan-merged.ts'
import { unknownSeen } from './seen.ts'

interface Departure {
  readonly work: Work
  readonly link: Link
  readonly side: Side
  readonly change: StoredChange
}

/**
 * Decides about linked records that are said to be gone. Each is looked for once more: a tombstone comes only after that.
 */
export async function planGone(
  context: Context,
  works: readonly Work[],
  draft: Draft,
  signal: AbortSignal,
): Promise<readonly Job[]> {
  const departures = works.flatMap((work): Departure[] => {
    const side = SIDES.find((each) => work[each]?.kind === 'gone')
    const change = side && work[side]
    return work.link && change ? [{ work, link: work.link, side, change }] : []
  })
  const jobs: Job[] = []
  for (const side of SIDES) {
    const ofSide = departures.filter((departure) => departure.side === side)
    if (ofSide.length === 0) continue
    const own = await readSide(context, side, ofSide, signal)
    const others = await readSide(context, otherSide(side), ofSide, signal)
    const missing = ofSide.filter(({ change, link }) => !own.has(change.id) && link.state === 'live')
    const mergers = await findMergers(
      context,
      side,
      missing.map(({ change }) => change.id),
      signal,
    )
    for (const departure of ofSide) {
      const state = own.get(departure.change.id)
      const other = others.get(idOn(departure.link, otherSide(side))) ?? null
      const merger = mergers.get(departure.change.id)
      if (state && departure.change.version !== EXITED) draft.changes.push(changeOf(side, state))
      else if (merger) jobs.push(...jobForMerger(context, departure, merger, other, draft))
      else jobs.push(...jobFor(context, departure, other, draft))
    }
  }
  return jobs
}

async function readSide(
  context: Context,
  side: Side,
  departures: readonly Departure[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RecordState>> {
  const { sink } = context.sides[side].collection
  const ids = departures.map(({ link }) => idOn(link, side))
  return sink?.read(ids, signal) ?? new Map()
}

function jobFor(
  context: Context,
  { work, link, side, change }: Departure,
  other: RecordState | null,
  draft: Draft,
): readonly Job[] {
  const target = otherSide(side)
  const isChanged = other !== null && changedRules(context.mapping.fields, target, other, link).length > 0
  const why = change.version === EXITED ? EXITED : 'deleted'
  const plan = decideGone(context.mapping, side, link, why, { isChanged, isGone: other === null })
  switch (plan.kind) {
    case 'nothing':
      resolve(draft, change, 'unchanged')
      return []
    case 'conflict':
      for (const each of changesOf(work)) {
        keep(draft, each, {
          state: 'conflict',
          fault: {
            code: 'key',
            message: `${side} ${change.id} was deleted, and ${target} ${idOn(link, target)} was edited since.`,
            hint: `Delete it there too, or bring it back: tandem resync ${context.mapping.name} --from ${target} --ids ${idOn(link, target)}.`,
          },
        })
      }
      return []
    case 'unlink':
      return [jobOf(work, { linkState: plan.state })]
    case 'archive':
    case 'remove':
      return [jobOf(work, { linkState: plan.state, writes: [writeOf(context, plan, link, other)] })]
  }
}

/** The record was merged into another one. Two mergers into one survivor without a link: the first takes the link. */
function jobForMerger(
  context: Context,
  { work, link, side, change }: Departure,
  merger: Merger,
  other: RecordState | null,
  draft: Draft,
): readonly Job[] {
  const isTaken = draft.changes.some((each) => each.side === side && each.id === merger.survivor.id)
  if (merger.link === null) {
    // The next round finds the survivor linked.
    if (!isTaken) takeOver(context, side, change, link, merger, draft)
    return []
  }
  const target = otherSide(side)
  const state = side === 'odoo' ? 'odoo-gone' : 'external-gone'
  const writes = isArchivedWithIt(context, side, other)
    ? [writeOf(context, { kind: 'archive', side: target, state }, link, other)]
    : []
  return [jobOf(work, { linkState: state, writes, mergesInto: merger.link })]
}

function writeOf(
  context: Context,
  plan: Extract<GonePlan, { kind: 'archive' | 'remove' }>,
  link: Link,
  other: RecordState | null,
): Write {
  const id = idOn(link, plan.side)
  const base = { side: plan.side, sourceSeen: unknownSeen(context.mapping.fields), key: null }
  if (plan.kind === 'remove') {
    return { ...base, operation: { kind: 'remove', id }, event: 'removed', before: other?.fields ?? {} }
  }
  const { archive } = context.sides[plan.side].collection.capabilities
  if (!archive) {
    throw new SyncError(
      'config',
      `${context.sides[plan.side].schema.name} has nothing by which a record is archived.`,
      {
        hint: `Say so in mapping ${context.mapping.name} (archive: { field, value }), or set its deletes to ignore or delete.`,
      },
    )
  }
  const before = { [archive.field]: other?.fields[archive.field] ?? null }
  const operation: Operation = { kind: 'update', id, fields: { [archive.field]: archive.archived }, expected: null }
  return { ...base, operation, event: 'archived', before }
}
