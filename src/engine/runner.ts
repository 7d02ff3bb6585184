import PQueue from 'p-queue'
import { asSyncError, type SyncError } from '../contract/error.ts'
import type { Context } from './context.ts'
import { type Due, nothingDue, runOptions } from './due.ts'
import { mayRun, pauseOf } from './may-run.ts'
import { nextLookInMs } from './next-look.ts'
import { recordFailure, recordSuccess } from './record-run.ts'
import { type RunOptions, type RunReport, runMapping } from './run.ts'
import { newRunMemory, type RunMemory } from './run-memory.ts'
import { noteStart } from './run-notes.ts'
import { startSchedules } from './start-schedules.ts'

/** How often a run looks whether a person has paused it. */
const PAUSE_LOOK_MS = 1000

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
  const due = nothingDue()
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

  const sleepUntilDue = async (lookAgainMs: number | null): Promise<void> => {
    wakeTimer?.abort()
    const inMs = await nextLookInMs(context, memory, lookAgainMs)
    if (inMs === null || stopping.signal.aborted) return
    const timer = new AbortController()
    wakeTimer = timer
    void clock.sleep(inMs, AbortSignal.any([timer.signal, stopping.signal])).then(wake, () => {})
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
    const taken = { ...due }
    Object.assign(due, nothingDue())
    try {
      await recordedRun(await runOptions(taken, context))
    } catch (error) {
      for (const name of Object.keys(taken) as (keyof Due)[]) due[name] ||= taken[name]
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
      // What the last process left: a schedule may be hours away.
      hear()
      startSchedules(context, due, { wake, hear, onLedgerFailure: tellLedgerFailure }, stopping.signal)
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
