import { type Change, isNewerVersion, type RecordId, type RecordState } from '../contract/change.ts'
import type { Arrival } from '../ledger/arrival.ts'
import type { NewChange } from '../ledger/change.ts'
import type { Staging } from '../ledger/staging.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import { capture, type Known } from './capture.ts'
import type { Context } from './context.ts'
import { isRead } from './is-read.ts'
import { goneChange, readRecords } from './pull.ts'
import type { RunMemory } from './run-memory.ts'

/** How many arrivals are looked at in one call. */
const AT_ONCE = 500
/**
 * A sender may tell before its transaction is visible (Odoo 17 calls a webhook before it commits). What shows nothing new
 * is looked at again after these pauses; from then on the feed's scans and the sweep have it.
 */
const LOOK_AGAIN_MS = [1000, 5000] as const

/**
 * Takes in what systems told by themselves: looks at the records and stages what is news. An arrival ends in the
 * transaction that stages it, and only if nothing was told of its record meanwhile. Part of a run, before anything is
 * written: what is read here cannot be older than a write of ours.
 */
export async function hear(context: Context, memory: RunMemory, signal: AbortSignal): Promise<void> {
  const { mapping, ledger, clock } = context
  while (!memory.isStopping()) {
    const arrivals = await ledger.arrivals(mapping.name, clock.nowMs(), AT_ONCE)
    if (arrivals.length === 0) return
    context.crashPoint('arrivals-taken')
    for (const side of SIDES) {
      const ofSide = arrivals.filter((arrival) => arrival.side === side)
      if (ofSide.length > 0) await hearSide(context, side, ofSide, signal)
    }
  }
}

async function hearSide(
  context: Context,
  side: Side,
  arrivals: readonly Arrival[],
  signal: AbortSignal,
): Promise<void> {
  const { mapping, ledger, clock } = context
  const nothing = { side, changes: [], touched: [], unchanged: 0 }
  if (!isRead(context, side)) {
    const heard = arrivals.map(({ change, seq }) => ({ id: idOf(change), seq }))
    return ledger.stage(mapping.name, { ...nothing, heard, nowMs: clock.nowMs() })
  }
  const { feed, sink } = context.sides[side].collection
  const told = arrivals.map(({ change }) => change)
  const before = await ledger.known(mapping.name, side, told.map(idOf))
  // What was told in full may be older than a write of ours that is settled by now, or its record may be deleted: where it
  // is not surely news of a record that we know, the system is asked, if it can be.
  const isAsked = (change: Change) => (feed?.look || sink) && !isNews(side, change, before)
  const asked = told.filter(isAsked).map(idOf)
  const answers = asked.length > 0 ? await look(context, side, asked, signal) : []
  const seen = [...told.filter((change) => !isAsked(change)), ...answers]
  signal.throwIfAborted()
  const states = seen.flatMap((change) => (change.kind === 'state' ? [change.state] : []))
  const gone = seen.filter((change) => change.kind === 'gone')
  const known = await ledger.known(mapping.name, side, seen.map(idOf))
  await ledger.stage(mapping.name, stagingOf(context, side, arrivals, states, gone, known))
}

/** Whether a state is later than all that is known of its record. */
function isNews(side: Side, change: Change, known: ReadonlyMap<RecordId, Known>): boolean {
  if (change.kind !== 'state') return false
  const { link, change: stored } = known.get(change.state.id) ?? { link: null, change: null }
  const versions = [
    ...(link === null ? [] : [link.version[side]]),
    ...(stored === null ? [] : [stored.kind === 'gone' ? null : stored.version]),
  ]
  if (link !== null && link.state !== 'live') return false
  return versions.length > 0 && versions.every((version) => isNewerVersion(change.state.version, version))
}

type Gone = Extract<Change, { kind: 'gone' }>

/** What there is to say of these records now: the sink knows too, where the feed cannot be asked. */
async function look(
  context: Context,
  side: Side,
  ids: readonly RecordId[],
  signal: AbortSignal,
): Promise<readonly Change[]> {
  const { feed } = context.sides[side].collection
  if (feed?.look) return feed.look(ids, signal)
  const found = await readRecords(context, side, ids, signal)
  return ids.map((id): Change => {
    const state = found.get(id)
    return state ? { kind: 'state', state } : { kind: 'gone', id, atMs: null }
  })
}

function stagingOf(
  context: Context,
  side: Side,
  arrivals: readonly Arrival[],
  states: readonly RecordState[],
  gone: readonly Gone[],
  known: ReadonlyMap<RecordId, Known>,
): Staging {
  const nowMs = context.clock.nowMs()
  const captured = capture(context.mapping, side, states, known)
  const changes: readonly NewChange[] = [
    ...captured.changes,
    ...gone.flatMap((change) => goneChange(side, change, known)),
  ]
  const news = new Set(changes.map(({ id }) => id))
  const heard: { id: RecordId; seq: number }[] = []
  const lookAgain: { id: RecordId; seq: number; notBeforeMs: number }[] = []
  for (const { change, seq, attempts } of arrivals) {
    const id = idOf(change)
    const pauseMs = change.kind === 'state' || news.has(id) ? undefined : LOOK_AGAIN_MS[attempts]
    if (pauseMs === undefined) heard.push({ id, seq })
    else lookAgain.push({ id, seq, notBeforeMs: nowMs + pauseMs })
  }
  const { touched, unchanged } = captured
  return { side, changes, touched, unchanged, heard, lookAgain, nowMs }
}

function idOf(change: Change): RecordId {
  return change.kind === 'state' ? change.state.id : change.id
}
