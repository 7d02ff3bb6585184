import { type Schedule, SIDES } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import { COMPARE_EVERY_MS, type Due } from './due.ts'
import { isRead } from './is-read.ts'
import { liftToProbe } from './lift-pause.ts'
import { LAST_SWEEP } from './run.ts'
import { keepTime } from './timetable.ts'
import { listen, watch } from './watch.ts'

/** A paused mapping is looked at again so often, in case the person mended the other system rather than told us. */
const PAUSE_PROBE_MS = 5 * 60_000

export interface Wakers {
  /** Asks for a run soon that reads what is new, and does what is due besides. */
  readonly wake: () => void
  /** Asks for a look at what was told. */
  readonly hear: () => void
  /** Told when the ledger fails beside a run: unheard, it would end the process. */
  readonly onLedgerFailure: (thrown: unknown) => void
}

/** Whatever asks for runs by itself until the signal aborts: the mapping's times, and its systems' own calls. Marks in `due`. */
export function startSchedules(context: Context, due: Due, wakers: Wakers, signal: AbortSignal): void {
  const { mapping, clock } = context
  const { wake, hear, onLedgerFailure } = wakers
  const when = (name: keyof Due) => () => {
    due[name] = true
    wake()
  }
  keepTime(mapping.schedule, clock, wake, signal)
  keepTime(mapping.deep, clock, when('deep'), signal)
  if (mapping.sweep) void startSweeps(context, mapping.sweep, when('sweep'), signal).catch(onLedgerFailure)
  if (mapping.compareWithinMs !== null)
    keepTime({ kind: 'every', ms: COMPARE_EVERY_MS }, clock, when('compare'), signal)
  const probe = async (): Promise<void> => {
    if (await liftToProbe(context, PAUSE_PROBE_MS)) wake()
  }
  keepTime({ kind: 'every', ms: PAUSE_PROBE_MS }, clock, () => void probe().catch(onLedgerFailure), signal)
  for (const side of SIDES) {
    if (!isRead(context, side)) continue
    void watch(context, side, wake, signal)
    void listen(context, side, { wake, hear }, signal)
  }
}

/** An interval of sweeps goes on where the last process left it. */
async function startSweeps(context: Context, schedule: Schedule, tick: () => void, signal: AbortSignal): Promise<void> {
  const { ledger, mapping, clock } = context
  const last = (await ledger.state(mapping.name)).notes[LAST_SWEEP]
  const sinceMs = typeof last === 'number' ? Math.abs(clock.nowMs() - last) : Number.POSITIVE_INFINITY
  const firstMs = schedule.kind === 'every' ? Math.max(0, schedule.ms - sinceMs) : 0
  keepTime(schedule, clock, tick, signal, firstMs)
}
