import { type App, openApp, type Setup } from '../app.ts'
import { SyncError } from '../contract/error.ts'
import type { SyncEvent } from '../engine/context.ts'
import { liftPause } from '../engine/lift-pause.ts'
import { noticeMappingChange } from '../engine/mapping-change.ts'
import { personPauseOf } from '../engine/person-pause.ts'
import { createRunner, type Runner } from '../engine/runner.ts'
import type { Counts } from '../ledger/counts.ts'
import { acquireLedgerLock } from '../ledger/sqlite/lock.ts'
import { createLog } from '../log.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import type { Job } from '../operations/job.ts'
import { type JobData, performJob } from '../operations/perform-job.ts'
import { mappingNamed } from '../operations/site.ts'
import { createEventLog } from './event-log.ts'
import { handOver } from './hand-over.ts'
import type { Invocation } from './invocation.ts'

/** How long a job that is ended by a signal may take to finish a call. */
const GRACE_MS = 3000
/** A mapping whose records were waited for is run again; records that keep waiting for each other end it. */
const MAX_FOLLOWING_RUNS = 100

export interface Outcome {
  readonly job: Job
  readonly result: JobData | null
  /** Why it could not be done; null: it was. */
  readonly error: unknown
}

/** What is told while jobs are done. */
export interface JobWatch {
  /** What a job says of itself. */
  onProgress(job: Job, progress: JobData): void
  /** What a person should know before it begins. */
  onNotice?(mapping: string, message: string): void
  /** The counters of the mappings, now and then. */
  onCounts(mapping: string, counts: Readonly<Record<Side, Counts>>): void
}

/**
 * Does jobs, wherever that has to be: in the daemon that holds the ledger, or, where none does (or it ends meanwhile), in
 * this process, which holds it for that time. One outcome for each job, in order.
 */
export async function performJobs(
  setup: Setup,
  jobs: readonly Job[],
  invocation: Invocation,
  watch: JobWatch,
): Promise<readonly Outcome[]> {
  const outcomes = new Map<Job, Outcome>()
  const remember = (outcome: Outcome): void => void outcomes.set(outcome.job, outcome)
  const lock = acquireLedgerLock(setup.config.ledger.file) ?? (await handOver(setup, jobs, invocation, watch, remember))
  if (lock) {
    try {
      const open = jobs.filter((job) => !outcomes.has(job))
      if (open.length > 0) await performHere(setup, open, invocation, watch, remember)
    } finally {
      lock.release()
    }
  }
  return jobs.flatMap((job) => outcomes.get(job) ?? [])
}

/** Does one job, as `performJobs`. */
export async function doJob(
  setup: Setup,
  job: Job,
  invocation: Invocation,
  onProgress: (progress: JobData) => void = () => {},
): Promise<Outcome> {
  const watch: JobWatch = { onProgress: (_, progress) => onProgress(progress), onCounts: () => {} }
  const [outcome] = await performJobs(setup, [job], invocation, watch)
  return outcome ?? { job, result: null, error: new SyncError('unexpected', 'The job was not done.') }
}

async function performHere(
  setup: Setup,
  jobs: readonly Job[],
  invocation: Invocation,
  watch: JobWatch,
  remember: (outcome: Outcome) => void,
): Promise<void> {
  const { terminal, signal } = invocation
  const log = createLog({
    level: invocation.logLevel ?? 'warn',
    format: invocation.json ? 'json' : 'pretty',
    colors: terminal.colors,
    write: terminal.note,
  })
  const events = createEventLog(log)
  const woken = new Set<string>()
  const wake = (names: readonly string[]): void => {
    for (const name of names) woken.add(name)
  }
  // That a run failed is the command's own result.
  const emit = (event: SyncEvent): void => {
    if (event.kind !== 'run' && event.kind !== 'paused') events.emit(event)
  }
  const runners = new Map<string, Runner>()
  const stop = (): void => {
    for (const runner of runners.values()) void runner.stop(GRACE_MS)
  }
  await using app = await openApp(setup, { emit, wake, crashAt: invocation.env.TANDEM_CRASH_AT })
  signal.addEventListener('abort', stop, { once: true })
  try {
    for (const job of jobs) remember(await performOne(app, job, runners, woken, watch, signal))
    await runWoken(app, runners, woken, watch, signal)
  } finally {
    signal.removeEventListener('abort', stop)
    await Promise.all([...runners.values()].map((runner) => runner.stop(GRACE_MS)))
    events.close()
  }
}

async function performOne(
  app: App,
  job: Job,
  runners: Map<string, Runner>,
  woken: Set<string>,
  watch: JobWatch,
  signal: AbortSignal,
): Promise<Outcome> {
  const { mapping } = job
  try {
    signal.throwIfAborted()
    const file = mappingNamed(app, mapping)
    // Before anything is asked of a system that a person wants to be left alone.
    const connections = SIDES.map((side) => file.definition[side].connection)
    const paused = await personPauseOf(app.ledger, mapping, connections)
    if (paused) throw paused.error
    const { context } = await app.connect(file, signal)
    await liftPause(app.ledger, mapping)
    const noticed = await noticeMappingChange(context, file.definition, signal)
    if (noticed) watch.onNotice?.(mapping, noticed.message)
    const runner = createRunner(context)
    runners.set(mapping, runner)
    const perform = () => performJob(runner, job, (progress) => watch.onProgress(job, progress))
    const result = await watched(app, mapping, perform, watch)
    woken.delete(mapping)
    return { job, result, error: null }
  } catch (error) {
    signal.throwIfAborted()
    return { job, result: null, error }
  }
}

/** Runs mappings again for which others have brought what their records waited for. */
async function runWoken(
  app: App,
  runners: ReadonlyMap<string, Runner>,
  woken: Set<string>,
  watch: JobWatch,
  signal: AbortSignal,
): Promise<void> {
  for (let runs = 0; runs < MAX_FOLLOWING_RUNS; runs++) {
    signal.throwIfAborted()
    const name = [...woken].find((each) => runners.has(each))
    const runner = name === undefined ? undefined : runners.get(name)
    if (name === undefined || !runner) return
    // What stops it is recorded in the ledger, and shows in the summary.
    await watched(app, name, () => runner.runNow({ depth: 'tail' }), watch).catch(() => {})
    woken.delete(name)
  }
}

const COUNTS_MS = 250

/** Waits for `work` and tells the counters meanwhile. */
async function watched<T>(app: App, mapping: string, work: () => Promise<T>, watch: JobWatch): Promise<T> {
  const tell = async (): Promise<void> => watch.onCounts(mapping, await app.ledger.counts(mapping))
  await tell()
  const timer = setInterval(() => void tell().catch(() => {}), COUNTS_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    await tell()
  }
}
