import type { RecordId } from '../contract/change.ts'
import type { NewChange } from '../ledger/change.ts'
import type { Link } from '../ledger/link.ts'
import type { Side } from '../mapping/mapping.ts'
import { isBroken } from './broken.ts'
import { capture } from './capture.ts'
import type { Context } from './context.ts'
import { EXITED } from './decide-gone.ts'
import { idOn } from './job.ts'
import { parkedNewcomers } from './parked.ts'
import { readRecords } from './pull.ts'

const PAGE = 5000
/** More parked records than these are for the sweeps after. */
const MOST_PARKED = 10_000

export interface SweepReport {
  readonly listed: number
  readonly gone: number
  readonly exited: number
}

/**
 * Compares a whole side with the ledger: finds what no cursor shows. New and changed records are captured page by page; a
 * linked record that a complete listing lacks is looked for without the collection's filter before it counts as gone. What
 * never was linked and is not listed any more is forgotten. An interrupted sweep goes on where it stopped. Nothing is called gone after
 * an empty listing.
 */
export async function sweep(
  context: Context,
  side: Side,
  onStaged: () => Promise<void>,
  isStopping: () => boolean,
  signal: AbortSignal,
): Promise<SweepReport> {
  const { mapping, ledger, sides } = context
  const { feed } = sides[side].collection
  if (!feed?.list) return { listed: 0, gone: 0, exited: 0 }
  let after = await ledger.beginSweep(mapping.name, side, false)
  // Only a listing that is read from its beginning tells which of them it lacks.
  const parked = after === null ? await parkedIds(context, side) : new Set<RecordId>()
  do {
    const listing = await feed.list(after, PAGE, signal)
    signal.throwIfAborted()
    // The page is marked only after its news is staged: a crash between the two reads the page again.
    const unknown = await ledger.sweepPage(mapping.name, side, listing.entries, after)
    await captureIds(context, side, unknown, signal)
    for (const { id } of listing.entries) parked.delete(id)
    after = listing.after
    if (after !== null) await ledger.sweepPage(mapping.name, side, [], after)
    context.crashPoint('sweep-page')
    await onStaged()
    if (isStopping()) return { listed: 0, gone: 0, exited: 0 }
  } while (after !== null)

  const { listed, missing } = await ledger.sweepCounts(mapping.name, side)
  const report = { listed, gone: 0, exited: 0 }
  if (listed === 0 && missing > 0) {
    context.emit({
      mapping: mapping.name,
      kind: 'guard',
      side,
      odooId: null,
      externalId: null,
      key: null,
      message: `${sides[side].schema.name} lists nothing at all, and ${missing} records are linked: nothing is called deleted.`,
    })
  } else if (missing > 0) {
    const departed = await stageMissing(context, side, signal)
    report.gone = departed.gone
    report.exited = departed.exited
  }
  if (listed > 0) await stageGone(context, side, [...parked])
  await ledger.endSweep(mapping.name, side)
  return report
}

/** Records that were never linked and stay until something happens: to those, a delete is the end. No listing has broken places. */
async function parkedIds(context: Context, side: Side): Promise<Set<RecordId>> {
  const parked = await parkedNewcomers(context, side, ['conflict', 'dead', 'waiting'], MOST_PARKED)
  return new Set(parked.flatMap((change) => (isBroken(change) ? [] : [change.id])))
}

async function stageGone({ mapping, ledger, clock }: Context, side: Side, ids: readonly RecordId[]): Promise<void> {
  if (ids.length === 0) return
  const changes = ids.map((id) => goneOf(side, id, null))
  await ledger.stage(mapping.name, { side, changes, touched: [], unchanged: 0, nowMs: clock.nowMs() })
}

async function captureIds(context: Context, side: Side, ids: readonly RecordId[], signal: AbortSignal): Promise<void> {
  if (ids.length === 0) return
  const { mapping, ledger, clock } = context
  const states = [...(await readRecords(context, side, ids, signal)).values()]
  const { changes, touched, unchanged } = capture(mapping, side, states, await ledger.known(mapping.name, side, ids))
  await ledger.stage(mapping.name, { side, changes, touched, unchanged, nowMs: clock.nowMs() })
}

/** Stages every linked record that was not listed as gone, or as out of the filter where it still exists. */
async function stageMissing(
  context: Context,
  side: Side,
  signal: AbortSignal,
): Promise<{ readonly gone: number; readonly exited: number }> {
  const { mapping, ledger, clock } = context
  let after = 0
  let gone = 0
  let exited = 0
  for (;;) {
    const links: readonly Link[] = await ledger.sweepMissing(mapping.name, side, after, PAGE)
    const last = links.at(-1)
    if (!last) return { gone, exited }
    after = last.id
    const ids = links.map((link) => idOn(link, side))
    const present = await readRecords(context, side, ids, signal)
    const changes: NewChange[] = []
    for (const id of ids) {
      const isPresent = present.has(id)
      if (isPresent) exited += 1
      else gone += 1
      if (isPresent && mapping.onExit[side] === 'keep') continue
      changes.push(goneOf(side, id, isPresent ? EXITED : null))
    }
    await ledger.stage(mapping.name, { side, changes, touched: [], unchanged: 0, nowMs: clock.nowMs() })
    context.crashPoint('sweep-staged')
  }
}

export function goneOf(side: Side, id: RecordId, version: typeof EXITED | null): NewChange {
  return { side, id, kind: 'gone', version, changedAtMs: null, byUs: null, fields: {} }
}
