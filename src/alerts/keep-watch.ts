import type { AlertSettings } from '../config/alerts-schema.ts'
import type { Clock } from '../engine/context.ts'
import { keepTime } from '../engine/timetable.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Status } from '../operations/status.ts'
import { alertsOf } from './alert.ts'
import { messageOf, summaryOf, type Told, toldOf } from './message.ts'
import type { Recipient } from './recipient.ts'

export interface WatchOptions {
  readonly settings: AlertSettings
  readonly recipients: readonly Recipient[]
  readonly status: () => Promise<Status>
  readonly ledger: Pick<Ledger, 'connectionNotes' | 'updateConnectionNotes' | 'mappings' | 'throughput'>
  readonly clock: Clock
  readonly log: (level: 'info' | 'warn' | 'error', message: string, mapping: string | null) => void
  readonly signal: AbortSignal
}

const LOOK_EVERY_MS = 10_000
const RETRY_MIN_MS = 30_000
const RETRY_MAX_MS = 30 * 60_000
const DAY_MS = 24 * 60 * 60_000
/** Whose notes they are in the ledger. No connection can be called so. */
const NOTES_OF = 'tandem:alerts'

/**
 * Tells every recipient once when something comes to need a person, and once when that is over, until the signal aborts. What each was told
 * is in the ledger, so that a restart tells nothing twice. A message that cannot be sent is sent later, as things are then.
 */
export async function keepWatch(options: WatchOptions): Promise<void> {
  const { settings, recipients, clock, signal } = options
  if (recipients.length === 0) return
  const { summary } = settings
  if (summary) {
    // An interval does not begin with a summary: a restart would be one.
    const firstMs = summary.kind === 'every' ? summary.ms : 0
    const tick = (): void => {
      sendSummary(options).catch((error: unknown) => {
        if (!signal.aborted) options.log('error', `there is no summary: ${reasonOf(error)}`, null)
      })
    }
    keepTime(summary, clock, tick, signal, firstMs)
  }
  await Promise.all(recipients.map((recipient) => keepInformed(options, recipient)))
}

/** One recipient's way: a slow or broken one keeps nobody else from being told. */
async function keepInformed(options: WatchOptions, recipient: Recipient): Promise<void> {
  const { clock, log, signal } = options
  let failures = 0
  while (!signal.aborted) {
    try {
      await inform(options, recipient)
      if (failures > 0) log('info', `${recipient.name} can be told again`, null)
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      if (failures === 0) log('error', `${recipient.name} cannot be told of alerts: ${reasonOf(error)}`, null)
      failures++
    }
    const pauseMs = failures === 0 ? LOOK_EVERY_MS : Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** (failures - 1))
    await clock.sleep(pauseMs, signal).catch(() => {})
  }
}

/** One look, and the message that it takes. What was told is written after it was sent: a crash in between repeats it. */
async function inform(options: WatchOptions, recipient: Recipient): Promise<void> {
  const { settings, status, ledger, clock, signal } = options
  const limits = { behindMs: settings.behind, keyEndsMs: settings.key_ends }
  const current = alertsOf(await status(), limits, clock.nowMs())
  const { [recipient.name]: note } = await ledger.connectionNotes(NOTES_OF)
  const told = typeof note === 'string' ? (JSON.parse(note) as Told) : {}
  const message = messageOf(current, told)
  if (message === null) return
  await recipient.send(message, signal)
  await ledger.updateConnectionNotes(NOTES_OF, { [recipient.name]: JSON.stringify(toldOf(current)) })
}

async function sendSummary(options: WatchOptions): Promise<void> {
  const { settings, recipients, ledger, clock, log, signal } = options
  const nowMs = clock.nowMs()
  const status = await options.status()
  const known = await ledger.mappings()
  const throughput = new Map<string, Awaited<ReturnType<Ledger['throughput']>>>()
  for (const name of known) throughput.set(name, await ledger.throughput(name, nowMs - DAY_MS))
  const limits = { behindMs: settings.behind, keyEndsMs: settings.key_ends }
  const message = summaryOf({ status, throughput, alerts: alertsOf(status, limits, nowMs) })
  for (const recipient of recipients) {
    await recipient.send(message, signal).catch((error: unknown) => {
      if (!signal.aborted) log('error', `${recipient.name} cannot be sent the summary: ${reasonOf(error)}`, null)
    })
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
