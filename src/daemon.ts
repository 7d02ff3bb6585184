import { keepWatch } from './alerts/keep-watch.ts'
import { openRecipient } from './alerts/recipient.ts'
import { type App, type AppOptions, openApp, type Setup, systemClock } from './app.ts'
import { ConfigError } from './config/config-error.ts'
import { SyncError } from './contract/error.ts'
import { every, prune, REFRESH_MS, refreshConnections } from './daemon/chores.ts'
import type { DaemonLog } from './daemon/daemon-log.ts'
import { createLedgerTrouble, type LedgerTrouble } from './daemon/ledger-trouble.ts'
import { startMapping } from './daemon/start-mapping.ts'
import { allAround } from './engine/activity.ts'
import type { Condition } from './engine/connection-guard.ts'
import type { SyncEvent } from './engine/context.ts'
import type { Runner } from './engine/runner.ts'
import { mustExit } from './ledger/sqlite/errors.ts'
import { acquireLedgerLock, type LedgerLock, ledgerLockHolder } from './ledger/sqlite/lock.ts'
import type { Metrics } from './metrics/metrics.ts'
import { summarise } from './operations/status.ts'
import { answerRequests } from './requests.ts'
import { keepListening } from './server/keep-listening.ts'
import { loadTracing } from './tracing/tracing.ts'

const PRUNE_MS = 60 * 60_000
const TROUBLE_LOOK_MS = 1000
const REQUESTS_POLL_MS = 300
const LOCK_ATTEMPTS = 5
const LOCK_PAUSE_MS = 100

export interface DaemonOptions {
  readonly setup: Setup
  readonly emit: (event: SyncEvent) => void
  /** Told when a mapping runs, or why it cannot yet. */
  readonly log: DaemonLog
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
  const trouble = createLedgerTrouble(options.log, systemClock)
  const inner: InnerOptions = {
    ...options,
    emit,
    metrics,
    trouble,
    wake: appOptions.wake,
    signal: AbortSignal.any([options.signal, ending.signal]),
    onLedgerFailure: (error) => {
      trouble.meet(error)
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
  readonly trouble: LedgerTrouble
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
    every(TROUBLE_LOOK_MS, options, () => options.trouble.look(app.ledger)),
    every(REFRESH_MS, options, () => refreshConnections(app, toldOfKeys, options)),
    ...starts.map(({ keepTrying }) => keepTrying()),
  ]
  await aborted(signal)
  await Promise.all([...runners.values()].map((runner) => runner.stop(app.config.limits.shutdownMs)))
  await Promise.all(chores)
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
