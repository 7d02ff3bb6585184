import { keepWatch } from './alerts/keep-watch.ts'
import { openRecipient } from './alerts/recipient.ts'
import { type App, type AppOptions, openApp, type Setup, systemClock } from './app.ts'
import { endingKeys } from './cli/connection-status.ts'
import { ConfigError } from './config/config-error.ts'
import { asSyncError, SyncError } from './contract/error.ts'
import { allAround } from './engine/activity.ts'
import { backoffMs } from './engine/backoff.ts'
import type { Condition } from './engine/connection-guard.ts'
import type { SyncEvent } from './engine/context.ts'
import { confirmHint } from './engine/guard.ts'
import { liftPause } from './engine/lift-pause.ts'
import { noticeMappingChange } from './engine/mapping-change.ts'
import { connectionPause, type FoundPause, personPauseOf } from './engine/person-pause.ts'
import { createRunner, type Runner } from './engine/runner.ts'
import { mustExit } from './ledger/sqlite/errors.ts'
import { acquireLedgerLock, type LedgerLock, ledgerLockHolder } from './ledger/sqlite/lock.ts'
import { SIDES } from './mapping/mapping.ts'
import type { MappingFile } from './mapping/mapping-file.ts'
import { formatProblem } from './mapping/problem.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { ReportNote } from './operations/connection-status.ts'
import { summarise } from './operations/status.ts'
import { answerRequests } from './requests.ts'
import { keepListening } from './server/keep-listening.ts'
import { loadTracing } from './tracing/tracing.ts'

const REFRESH_MS = 10 * 60_000
/** Keys that end soon are told of so often. */
const KEYS_TOLD_MS = 24 * 60 * 60_000
const PRUNE_MS = 60 * 60_000
const REQUESTS_POLL_MS = 300
const RESUME_LOOK_MS = 1000
const CONNECT_BACKOFF_MAX_MS = 60_000
const LOCK_ATTEMPTS = 5
const LOCK_PAUSE_MS = 100
const ANSWERED_KEPT_MS = 24 * 60 * 60_000
/** Senders try again for up to three days, and a person may have an event sent again within a week. */
const EVENTS_KEPT_MS = 8 * 24 * 60 * 60_000
const THROUGHPUT_KEPT_MS = 8 * 24 * 60 * 60_000

export interface DaemonOptions {
  readonly setup: Setup
  readonly emit: (event: SyncEvent) => void
  /** Told when a mapping runs, or why it cannot yet. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string, mapping: string | null) => void
  readonly crashAt?: string | undefined
  /** Told under which address the status page and the API can be reached. */
  readonly onListening?: ((url: string) => void) | undefined
  /** Aborts to end: what is under way is finished and stored first. */
  readonly signal: AbortSignal
}

/**
 * Runs all mappings until the signal aborts. @throws SyncError `config` when another daemon holds the ledger (before
 * anything else was touched) or `ledger` (it cannot be trusted any more), ConfigError when no mapping at all can run.
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { setup } = options
  const { file } = setup.config.ledger
  const lock = await patientLock(file, options.signal)
  if (!lock) {
    const holder = ledgerLockHolder(file)
    throw new SyncError(
      'config',
      `Another Tandem${holder ? ` (process ${holder.pid})` : ''} runs on the ledger ${file}.`,
      {
        hint: 'Stop it first, or give this one a ledger of its own.',
      },
    )
  }
  const runners = new Map<string, Runner>()
  const metrics =
    setup.config.server.listen === null ? undefined : (await import('./metrics/metrics.ts')).createMetrics()
  const tracing = await loadTracing()
  const emit = (event: SyncEvent): void => {
    options.emit(event)
    tracing?.emit(event)
  }
  const appOptions = {
    emit,
    around: allAround([metrics?.around, tracing?.around].filter((each) => each !== undefined)),
    crashAt: options.crashAt,
    wake: (names: readonly string[]) => {
      for (const name of names) runners.get(name)?.wake()
    },
    onCondition: (connection: string, condition: Condition) => {
      const { state, reason } = condition
      if (state === 'closed') options.log('info', `connection ${connection} works again`, null)
      else if (state !== 'half-open') options.log('warn', `connection ${connection} is ${state}: ${reason ?? ''}`, null)
    },
  } satisfies AppOptions
  const ending = new AbortController()
  const inner: InnerOptions = {
    ...options,
    emit,
    metrics,
    wake: appOptions.wake,
    signal: AbortSignal.any([options.signal, ending.signal]),
    onLedgerFailure: (error) => {
      options.log('error', describeFailure(error), null)
      // After an fsync error nothing that follows can be trusted: whoever supervises us starts us again.
      if (mustExit(error)) ending.abort(error)
    },
  }
  try {
    await using app = await openApp(setup, appOptions)
    // What a daemon before this one left there says nothing of this one.
    for (const name of setup.config.connections.keys())
      await app.ledger.updateConnectionNotes(name, { condition: null })
    await keepRunning(app, runners, inner)
  } finally {
    lock.release()
  }
  if (ending.signal.aborted) throw ending.signal.reason
}

interface InnerOptions extends DaemonOptions {
  readonly onLedgerFailure: (error: SyncError) => void
  readonly metrics: Metrics | undefined
  readonly wake: (mappings: readonly string[]) => void
}

/** The lock of a ledger. A command that only looks whether it is held holds it itself for a moment. */
async function patientLock(file: string, signal: AbortSignal): Promise<LedgerLock | null> {
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
    const lock = acquireLedgerLock(file)
    if (lock) return lock
    await systemClock.sleep(LOCK_PAUSE_MS, signal).catch(() => {})
  }
  return null
}

async function keepRunning(app: App, runners: Map<string, Runner>, options: InnerOptions): Promise<void> {
  const closing = new AbortController()
  const signal = AbortSignal.any([options.signal, closing.signal])
  // First of all: what is told while the mappings connect is kept for them.
  const contextOf = (name: string) => runners.get(name)?.context ?? null
  const listening = keepListening(app, (name) => runners.get(name)?.hear(), { ...options, contextOf, signal })
  const watching = watchForAlerts(app, { ...options, signal })
  try {
    await runMappings(app, runners, options)
  } finally {
    closing.abort()
    await Promise.all([listening, watching])
  }
}

/** Tells whom the configuration names when something needs a person. What fails there keeps no mapping from running. */
async function watchForAlerts(app: App, { log, signal }: Pick<DaemonOptions, 'log' | 'signal'>): Promise<void> {
  const { alerts: settings } = app.config
  const daemon = { pid: process.pid, sinceMs: app.clock.nowMs() }
  const status = () => summarise(app, { isRunning: true, daemon })
  const recipients = await Promise.all(settings.to.map(openRecipient))
  await keepWatch({ ...app, settings, recipients, status, log, signal })
}

async function runMappings(app: App, runners: Map<string, Runner>, options: InnerOptions): Promise<void> {
  const { signal } = options
  const starts = await Promise.all(app.files.map((file) => startMapping(app, file, runners, options)))
  const problems = starts.flatMap(({ failure }) => (failure instanceof ConfigError ? failure.problems : []))
  const isHopeless = starts.length > 0 && starts.every(({ failure }) => failure instanceof ConfigError)
  if (isHopeless) throw new ConfigError(problems, app.config.redactor.redact)
  const takenRequests = new Set<number>()
  const toldOfKeys = new Map<string, number>()
  const chores = [
    every(REQUESTS_POLL_MS, options, () => answerRequests(app, runners, takenRequests, signal)),
    every(PRUNE_MS, options, () => prune(app)),
    every(REFRESH_MS, options, () => refreshConnections(app, toldOfKeys, options)),
    ...starts.map(({ keepTrying }) => keepTrying()),
  ]
  await aborted(signal)
  await Promise.all([...runners.values()].map((runner) => runner.stop(app.config.limits.shutdownMs)))
  await Promise.all(chores)
}

interface Start {
  /** Why the mapping does not run yet; null: it runs. */
  readonly failure: unknown
  /** Goes on until the mapping runs or the daemon ends. */
  readonly keepTrying: () => Promise<void>
}

/** Connects a mapping and starts its schedule. One that cannot run yet never keeps the others from running. */
async function startMapping(
  app: App,
  file: MappingFile,
  runners: Map<string, Runner>,
  options: InnerOptions,
): Promise<Start> {
  const { signal, log } = options
  const attempt = async (): Promise<unknown> => {
    try {
      const paused = await connectionsPause(app, file)
      if (paused) throw paused.error
      const { context, warnings } = await app.connect(file, signal)
      for (const warning of warnings) log('warn', formatProblem(warning), file.name)
      await liftPause(app.ledger, file.name)
      const noticed = await noticeMappingChange(context, file.definition, signal)
      if (noticed)
        log('warn', noticed.isHeld ? `${noticed.message} ${confirmHint(file.name)}` : noticed.message, file.name)
      const runner = createRunner(context, options.onLedgerFailure)
      runners.set(file.name, runner)
      runner.start()
      log('info', 'running', file.name)
      return null
    } catch (error) {
      const isPaused = error instanceof SyncError && error.code === 'paused'
      if (!signal.aborted && !isPaused) {
        log('error', describeFailure(error), file.name)
        await recordStartFailure(app, file.name, error)
      }
      return error
    }
  }
  const failure = await attempt()
  const keepTrying = async (): Promise<void> => {
    let last = failure
    for (let failures = 0; last !== null && !signal.aborted; failures++) {
      if (last instanceof SyncError && last.code === 'paused') {
        log('warn', describeFailure(last), file.name)
        await untilResumed(app, file, signal)
        failures = 0
      } else {
        const pauseMs =
          last instanceof ConfigError ? REFRESH_MS : backoffMs(failures, 1000, CONNECT_BACKOFF_MAX_MS, Math.random)
        await app.clock.sleep(pauseMs, signal).catch(() => {})
      }
      if (!signal.aborted) last = await attempt()
    }
  }
  return { failure, keepTrying }
}

/** That a person paused a connection of a mapping: its system is not even asked what it is. */
function connectionsPause(app: App, { definition }: MappingFile): Promise<FoundPause | null> {
  return personPauseOf(
    app.ledger,
    '',
    SIDES.map((side) => definition[side].connection),
  )
}

async function untilResumed(app: App, file: MappingFile, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await connectionsPause(app, file))) {
    await app.clock.sleep(RESUME_LOOK_MS, signal).catch(() => {})
  }
}

/** Lets `status` tell why a mapping that was run before does not run now. */
async function recordStartFailure(app: App, mapping: string, failure: unknown): Promise<void> {
  if (!(await app.ledger.mappings()).includes(mapping)) return
  const { code, disposition, hint } = asSyncError(failure)
  const { failures } = await app.ledger.state(mapping)
  const message = failure instanceof ConfigError ? failure.message : asSyncError(failure).message
  const isConfig = failure instanceof ConfigError
  const sinceMs = app.clock.nowMs()
  if (isConfig) await app.ledger.updateState(mapping, { pause: { code: 'config', message, hint: null, sinceMs } })
  else if (disposition === 'halt') await app.ledger.updateState(mapping, { pause: { code, message, hint, sinceMs } })
  else await app.ledger.updateState(mapping, { failures: failures + 1 })
}

async function prune(app: App): Promise<void> {
  const nowMs = app.clock.nowMs()
  await app.ledger.prune({
    historyBeforeMs: nowMs - app.config.history.keepMs,
    requestsBeforeMs: nowMs - ANSWERED_KEPT_MS,
    eventsBeforeMs: nowMs - EVENTS_KEPT_MS,
    throughputBeforeMs: nowMs - THROUGHPUT_KEPT_MS,
  })
}

/** Looks at every system: its clock, its keys, and before the next call whether its database is still the same. */
async function refreshConnections(app: App, toldOfKeys: Map<string, number>, options: InnerOptions): Promise<void> {
  for (const name of app.config.connections.keys()) {
    if (await connectionPause(app.ledger, name)) continue
    // A system that does not answer shows in the runs of its mappings.
    const report = await app.connections.refresh(name, options.signal).catch(() => null)
    app.connections.distrust(name)
    if (report === null) continue
    const keys = report.credentials ?? []
    const note: ReportNote = { server: report.server, keys }
    await app.ledger.updateConnectionNotes(name, { report: { ...note, keys: keys.map((key) => ({ ...key })) } })
    const nowMs = app.clock.nowMs()
    if (app.clock.monotonicMs() - (toldOfKeys.get(name) ?? Number.NEGATIVE_INFINITY) < KEYS_TOLD_MS) continue
    toldOfKeys.set(name, app.clock.monotonicMs())
    for (const line of endingKeys(name, keys, nowMs)) options.log('warn', line, null)
  }
}

/** Does a chore again and again until the signal aborts. One that fails is told of, once for each reason, and goes on. */
async function every(
  ms: number,
  { signal, log }: Pick<DaemonOptions, 'signal' | 'log'>,
  chore: () => Promise<void>,
): Promise<void> {
  let told: string | null = null
  while (!signal.aborted) {
    try {
      await chore()
      told = null
    } catch (error) {
      const reason = describeFailure(error)
      if (reason !== told && !signal.aborted) log('warn', reason, null)
      told = reason
    }
    await systemClock.sleep(ms, signal).catch(() => {})
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

export function describeFailure(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  return asSyncError(error).advice
}
