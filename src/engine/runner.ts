import PQueue from 'p-queue'
import { asSyncError, type SyncError, sentences } from '../contract/error.ts'
import { type Schedule, SIDES } from '../mapping/mapping.ts'
import { backoffMs } from './backoff.ts'
import type { Context } from './context.ts'
import { faultOf } from './draft.ts'
import { confirmHint, deletesAllowed } from './guard.ts'
import { isRead } from './is-read.ts'
import { type FoundPause, personPauseOf } from './person-pause.ts'
import { LAST_SWEEP, type RunOptions, type RunReport, runMapping } from './run.ts'
import { newRunMemory, type RunMemory } from './run-memory.ts'
import { notedRuns, noteStart, type RunStart } from './run-notes.ts'
import { keepTime } from './timetable.ts'
import { listen, watch } from './watch.ts'

/** How often the rolling comparison takes its slice. */
const COMPARE_EVERY_MS = 60 * 60_000
/** A paused mapping is looked at again so often, in case the person mended the other system rather than told us. */
const PAUSE_PROBE_MS = 5 * 60_000
/** How often a run looks whether a person has paused it. */
const PAUSE_LOOK_MS = 1000
const MAX_RUN_BACKOFF_MS = 5 * 60_000

/** Runs one mapping for as long as the process lives. */
export interface Runner {
  readonly context: Context
  /** Asks for a run soon. Many calls make one run. */
  wake(): void
  /** Asks for a look at what was told, soon. Reads no feed unless that is due as well. */
  hear(): void
  /** Does something alone: no run of this mapping at the same time. */
  exclusively<T>(task: (memory: RunMemory, signal: AbortSignal) => Promise<T>): Promise<T>
  /** A run now, with what the schedule has due or `options`. @throws SyncError as `runMapping`, after it was recorded. */
  runNow(options?: Partial<RunOptions>): Promise<RunReport>
  /** Starts the schedule. */
  start(): void
  /** Takes no new work and waits for what is under way. After `deadlineMs` that is aborted, too. */
  stop(deadlineMs: number): Promise<void>
}

/**
 * @param onLedgerFailure told when the ledger cannot be read or written: nothing can be recorded then, cursors stay, and
 * the run is tried again.
 */
export function createRunner(context: Context, onLedgerFailure: (error: SyncError) => void = () => {}): Runner {
  const { mapping, clock } = context
  const queue = new PQueue({ concurrency: 1 })
  const stopping = new AbortController()
  let isPaused = false
  const memory = newRunMemory(() => stopping.signal.aborted || isPaused)
  const aborting = new AbortController()
  const due = { tail: false, deep: false, sweep: false, compare: false }
  let isQueued = false
  let wakeTimer: AbortController | null = null

  /** For what runs beside the runs, where only the ledger can fail: unheard, it would end the process. */
  const tellLedgerFailure = (thrown: unknown): void => onLedgerFailure(asSyncError(thrown))

  /** A person may pause the mapping while it runs: what is in flight is finished, and the rest is left. */
  const heedPauses = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(PAUSE_LOOK_MS, signal).catch(() => {})
      if (!signal.aborted) isPaused = (await pauseOf(context)) !== null
    }
  }

  const recordedRun = async (options: RunOptions): Promise<RunReport> => {
    const start = await noteStart(context, options)
    const ended = new AbortController()
    void heedPauses(ended.signal).catch(tellLedgerFailure)
    try {
      const report = await context.around({ kind: 'run', mapping: mapping.name, depth: options.depth }, () =>
        runMapping(context, options, memory, aborting.signal),
      )
      await recordSuccess(context, start)
      await sleepUntilDue(report.lookAgainMs)
      return report
    } catch (thrown) {
      if (aborting.signal.aborted) throw thrown
      const error = asSyncError(thrown)
      if (error.code === 'ledger') onLedgerFailure(error)
      else {
        await recordFailure(context, start, error)
        await sleepUntilDue(null)
      }
      throw error
    } finally {
      ended.abort()
      isPaused = false
    }
  }

  /** Wakes the mapping when a retry, the end of a back-off or something in doubt is due. */
  const sleepUntilDue = async (lookAgainMs: number | null): Promise<void> => {
    wakeTimer?.abort()
    const nowMs = clock.nowMs()
    const nextMs = await context.ledger.nextDueMs(mapping.name, await deletesAllowed(context, memory))
    const stepMs = mapping.steps.length > 0 ? await context.ledger.nextStepDueMs(mapping.name) : null
    const { notBeforeMs, pause } = await context.ledger.state(mapping.name)
    if (pause || (await pauseOf(context))) return
    const arrivalMs = await context.ledger.nextArrivalMs(mapping.name)
    const waits = [
      lookAgainMs,
      arrivalMs === null ? null : arrivalMs - nowMs,
      nextMs === null ? null : nextMs - nowMs,
      stepMs === null ? null : stepMs - nowMs,
      notBeforeMs > nowMs ? notBeforeMs - nowMs : null,
    ]
    const inMs = waits.filter((wait) => wait !== null)
    if (inMs.length === 0 || stopping.signal.aborted) return
    const timer = new AbortController()
    wakeTimer = timer
    const soonestMs = Math.max(20, notBeforeMs > nowMs ? notBeforeMs - nowMs : Math.min(...inMs))
    void clock.sleep(soonestMs, AbortSignal.any([timer.signal, stopping.signal])).then(wake, () => {})
  }

  const scheduledRun = async (): Promise<void> => {
    isQueued = false
    try {
      if (stopping.signal.aborted || !(await mayRun(context))) return
      await runWhatIsDue()
    } catch (thrown) {
      // A run's own failure is recorded already; only the ledger can fail here.
      const error = asSyncError(thrown)
      if (error.code === 'ledger') onLedgerFailure(error)
    }
  }

  const runWhatIsDue = async (): Promise<void> => {
    const options: RunOptions = {
      depth: due.deep ? 'deep' : due.tail ? 'tail' : 'none',
      sweeps: due.sweep,
      compares: due.compare ? await sliceOf(context) : 0,
    }
    const taken = { ...due }
    Object.assign(due, { tail: false, deep: false, sweep: false, compare: false })
    try {
      await recordedRun(options)
    } catch (error) {
      for (const name of ['tail', 'deep', 'sweep', 'compare'] as const) due[name] ||= taken[name]
      throw error
    }
  }

  const hear = (): void => {
    if (isQueued || stopping.signal.aborted) return
    isQueued = true
    void queue.add(scheduledRun)
  }

  const wake = (): void => {
    due.tail = true
    hear()
  }

  return {
    context,
    wake,
    hear,
    exclusively: (task) => queue.add(() => task(memory, aborting.signal)),
    runNow: (options) => queue.add(() => recordedRun({ depth: 'deep', sweeps: false, compares: 0, ...options })),
    start() {
      const when = (mark: () => void) => () => {
        mark()
        wake()
      }
      const { signal } = stopping
      // What the last process left: a schedule may be hours away.
      hear()
      keepTime(mapping.schedule, clock, wake, signal)
      keepTime(
        mapping.deep,
        clock,
        when(() => {
          due.deep = true
        }),
        signal,
      )
      if (mapping.sweep)
        void startSweeps(
          context,
          mapping.sweep,
          when(() => {
            due.sweep = true
          }),
          signal,
        ).catch(tellLedgerFailure)
      if (mapping.compareWithinMs !== null) {
        keepTime(
          { kind: 'every', ms: COMPARE_EVERY_MS },
          clock,
          when(() => {
            due.compare = true
          }),
          signal,
        )
      }
      keepTime(
        { kind: 'every', ms: PAUSE_PROBE_MS },
        clock,
        () => void probePause(context, wake).catch(tellLedgerFailure),
        signal,
      )
      for (const side of SIDES) {
        if (!isRead(context, side)) continue
        void watch(context, side, wake, signal)
        void listen(context, side, { wake, hear }, signal)
      }
    },
    async stop(deadlineMs) {
      stopping.abort()
      const deadline = new AbortController()
      void clock.sleep(deadlineMs, deadline.signal).then(
        () => aborting.abort(),
        () => {},
      )
      await queue.onIdle()
      deadline.abort()
    },
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

/** That a person does not want the mapping to run. */
async function pauseOf({ ledger, mapping, sides }: Context): Promise<FoundPause | null> {
  return personPauseOf(
    ledger,
    mapping.name,
    SIDES.map((side) => sides[side].connection),
  )
}

async function mayRun(context: Context): Promise<boolean> {
  if (await pauseOf(context)) return false
  const { pause, notBeforeMs } = await context.ledger.state(context.mapping.name)
  const nowMs = context.clock.nowMs()
  // A clock that was set back must not keep a mapping waiting for days.
  return pause === null && (notBeforeMs <= nowMs || notBeforeMs > nowMs + MAX_RUN_BACKOFF_MS)
}

async function recordSuccess(context: Context, start: RunStart): Promise<void> {
  const { ledger, mapping, clock } = context
  const state = await ledger.state(mapping.name)
  const runs = await notedRuns(context, state, start, null)
  const nowMs = clock.nowMs()
  const times = { lastRunAtMs: nowMs, lastSuccessAtMs: nowMs }
  await ledger.updateState(mapping.name, { failures: 0, notBeforeMs: 0, ...times, runs })
  if (state.failures > 0) tell(context, 'resumed', `Mapping ${mapping.name} runs again.`)
}

/** A person is needed: the mapping pauses. Otherwise it is tried again, later each time. */
async function recordFailure(context: Context, start: RunStart, error: SyncError): Promise<void> {
  const { ledger, mapping, clock, random, options } = context
  const nowMs = clock.nowMs()
  const state = await ledger.state(mapping.name)
  const runs = await notedRuns(context, state, start, faultOf(error))
  if (error.disposition === 'halt') {
    const hint = error.hint ?? (error.code === 'guard' ? confirmHint(mapping.name) : null)
    await ledger.updateState(mapping.name, {
      lastRunAtMs: nowMs,
      runs,
      pause: { ...faultOf(error), hint, sinceMs: nowMs },
    })
    tell(context, 'paused', `Mapping ${mapping.name} is paused: ${sentences(error.message, hint)}`)
    return
  }
  const { failures } = state
  const pauseMs = error.retryAfterMs ?? backoffMs(failures, options.backoffMs, MAX_RUN_BACKOFF_MS, random)
  await ledger.updateState(mapping.name, {
    failures: failures + 1,
    notBeforeMs: nowMs + pauseMs,
    lastRunAtMs: nowMs,
    runs,
  })
  tell(
    context,
    'run',
    `Mapping ${mapping.name} stopped: ${error.message} Tried again in ${Math.ceil(pauseMs / 1000)} s.`,
  )
}

/** Lifts a pause that another system caused, for one run: if the cause is still there, it pauses again. */
async function probePause(context: Context, wake: () => void): Promise<void> {
  const { ledger, mapping, clock } = context
  const { pause } = await ledger.state(mapping.name)
  const isMendedElsewhere = pause && ['unauthorized', 'forbidden', 'schema', 'identity'].includes(pause.code)
  if (!isMendedElsewhere || clock.nowMs() - pause.sinceMs < PAUSE_PROBE_MS) return
  await ledger.updateState(mapping.name, { pause: null })
  wake()
}

/** How many links the hourly slice of the rolling comparison has. */
async function sliceOf(context: Context): Promise<number> {
  const { compareWithinMs, name } = context.mapping
  if (compareWithinMs === null) return 0
  const links = await context.ledger.countLinks(name)
  return Math.ceil((links * COMPARE_EVERY_MS) / compareWithinMs)
}

function tell(context: Context, kind: 'paused' | 'resumed' | 'run', message: string): void {
  context.emit({ mapping: context.mapping.name, kind, side: null, odooId: null, externalId: null, key: null, message })
}
