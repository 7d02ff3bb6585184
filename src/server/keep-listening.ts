import type { App } from '../app.ts'
import { asSyncError, type SyncError } from '../contract/error.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { pushTarget } from './hook-address.ts'
import type { HookParser } from './hook-routes.ts'
import { createInbox } from './inbox.ts'
import { type Listening, listen } from './listen.ts'
import { readStatus } from './overview-data.ts'
import type { ServerSite } from './site.ts'
import { createWebApp } from './web-app.ts'

const RETRY_MS = 10_000
/** How long requests that are under way may take when the daemon ends. */
const CLOSE_MS = 5000

export interface ListeningOptions {
  readonly log: (level: 'info' | 'warn' | 'error', message: string, mapping: string | null) => void
  readonly onLedgerFailure: (error: SyncError) => void
  /** The running mapping's context; null: it does not run (yet). */
  readonly contextOf?: ServerSite['contextOf']
  /** Told that something of these mappings may have become due. */
  readonly wake?: (mappings: readonly string[]) => void
  /** Told where the server can be reached. */
  readonly onListening?: ((url: string) => void) | undefined
  /** What is measured; absent: nothing. */
  readonly metrics?: Metrics | undefined
  readonly signal: AbortSignal
}

/**
 * The daemon's HTTP server, until the signal aborts: then it takes nothing new and finishes what is under way. An address
 * that is taken is tried again and keeps no mapping from running: what is told meanwhile is found by the scans.
 * `hear` is called when something that was told of a mapping is on disk.
 */
export async function keepListening(
  app: App,
  hear: (mapping: string) => void,
  options: ListeningOptions,
): Promise<void> {
  const { log, onLedgerFailure, contextOf = () => null, wake = () => {}, onListening, metrics, signal } = options
  const { server, redactor } = app.config
  if (server.listen === null || signal.aborted) return
  const parsers = parsersOf(app)
  for (const { name } of app.files) {
    for (const side of SIDES) redactor.add(pushTarget(server, name, side)?.token ?? '')
  }
  const inbox = createInbox({
    ledger: app.ledger,
    nowMs: app.clock.nowMs,
    onReceived: (mappings) => mappings.forEach(hear),
    onLedgerFailure,
  })
  const onDefect = (message: string): void => log('error', message, null)
  const startedAtMs = app.clock.nowMs()
  const site: ServerSite = { ...siteOf(app), wake, contextOf, startedAtMs, onDefect, signal }
  metrics?.watch({ status: () => readStatus(site), ledgerFile: app.config.ledger.file })
  const web = createWebApp({
    ledger: app.ledger,
    site,
    metrics,
    settings: server,
    parserOf: (mapping, side) => parsers.get(`${mapping}/${side}`) ?? null,
    inbox,
    onDefect,
  })
  const listening = await untilListening(() => listen(web, server.listen ?? { host: '', port: 0 }), app, log, signal)
  if (listening === null) return
  const host = listening.host.includes(':') ? `[${listening.host}]` : listening.host
  const url = `http://${host}:${listening.port}`
  log('info', `listening on ${url}${server.token === null ? '' : ', for those who have the token'}`, null)
  onListening?.(url)
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await listening.close(CLOSE_MS)
}

function siteOf({ config, files, ledger, clock }: App): Pick<App, 'config' | 'files' | 'ledger' | 'clock'> {
  return { config, files, ledger, clock }
}

async function untilListening(
  attempt: () => Promise<Listening>,
  app: App,
  log: ListeningOptions['log'],
  signal: AbortSignal,
): Promise<Listening | null> {
  let told: string | null = null
  while (!signal.aborted) {
    try {
      return await attempt()
    } catch (error) {
      const { advice } = asSyncError(error)
      if (advice !== told) log('error', advice, null)
      told = advice
    }
    await app.clock.sleep(RETRY_MS, signal).catch(() => {})
  }
  return null
}

/** What every mapping's systems may tell. One whose file is wrong is told of when it is started. */
function parsersOf(app: App): ReadonlyMap<string, HookParser> {
  const parsers = new Map<string, HookParser>()
  for (const file of app.files) for (const side of SIDES) addParser(app, file, side, parsers)
  return parsers
}

function addParser(app: App, file: App['files'][number], side: Side, parsers: Map<string, HookParser>): void {
  try {
    const { hooks } = app.collection(file, side)
    if (hooks) parsers.set(`${file.name}/${side}`, (call) => hooks.parse(call))
  } catch {
    // Told with its place in the file when the mapping is connected.
  }
}
