import { type App, systemClock } from '../app.ts'
import { SyncError } from '../contract/error.ts'
import { connectionPause } from '../engine/person-pause.ts'
import type { ReportNote } from '../operations/connection-status.ts'
import { endingKeys } from '../operations/ending-keys.ts'
import type { DaemonLog } from './daemon-log.ts'
import { describeFailure } from './describe-failure.ts'

/** How often each system is looked at anew. */
export const REFRESH_MS = 10 * 60_000
/** Keys that end soon are told of so often. */
const KEYS_TOLD_MS = 24 * 60 * 60_000
const ANSWERED_KEPT_MS = 24 * 60 * 60_000
/** Senders try again for up to three days, and a person may have an event sent again within a week. */
const EVENTS_KEPT_MS = 8 * 24 * 60 * 60_000
const THROUGHPUT_KEPT_MS = 8 * 24 * 60 * 60_000

export interface ChoreOptions {
  readonly log: DaemonLog
  readonly signal: AbortSignal
  /** Told where the ledger failed, which every chore meets: it is told of in one place. */
  readonly onLedgerFailure?: (error: SyncError) => void
}

/** Does a chore again and again until the signal aborts. One that fails is told of, once for each reason, and goes on. */
export async function every(ms: number, options: ChoreOptions, chore: () => Promise<void>): Promise<void> {
  const { signal, log, onLedgerFailure } = options
  let told: string | null = null
  while (!signal.aborted) {
    try {
      await chore()
      told = null
    } catch (error) {
      const reason = describeFailure(error)
      const isLedger = error instanceof SyncError && error.code === 'ledger'
      if (isLedger && onLedgerFailure) onLedgerFailure(error)
      else if (reason !== told && !signal.aborted) log('warn', reason, null)
      told = reason
    }
    await systemClock.sleep(ms, signal).catch(() => {})
  }
}

/** Forgets what the ledger has kept for as long as it is kept. */
export async function prune(app: App): Promise<void> {
  const nowMs = app.clock.nowMs()
  await app.ledger.prune({
    historyBeforeMs: nowMs - app.config.history.keepMs,
    requestsBeforeMs: nowMs - ANSWERED_KEPT_MS,
    eventsBeforeMs: nowMs - EVENTS_KEPT_MS,
    throughputBeforeMs: nowMs - THROUGHPUT_KEPT_MS,
  })
}

/** Looks at every system: its clock, its keys, and before the next call whether its database is still the same. */
export async function refreshConnections(
  app: App,
  toldOfKeys: Map<string, number>,
  { log, signal }: ChoreOptions,
): Promise<void> {
  for (const name of app.config.connections.keys()) {
    if (await connectionPause(app.ledger, name)) continue
    // A system that does not answer shows in the runs of its mappings.
    const report = await app.connections.refresh(name, signal).catch(() => null)
    app.connections.distrust(name)
    if (report === null) continue
    const keys = report.credentials ?? []
    const note: ReportNote = { server: report.server, keys }
    await app.ledger.updateConnectionNotes(name, { report: { ...note, keys: keys.map((key) => ({ ...key })) } })
    const nowMs = app.clock.nowMs()
    if (app.clock.monotonicMs() - (toldOfKeys.get(name) ?? Number.NEGATIVE_INFINITY) < KEYS_TOLD_MS) continue
    toldOfKeys.set(name, app.clock.monotonicMs())
    for (const line of endingKeys(name, keys, nowMs)) log('warn', line, null)
  }
}
