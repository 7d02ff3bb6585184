import type { App } from '../app.ts'
import type { Collection } from '../contract/connector.ts'
import { asSyncError, type SyncError } from '../contract/error.ts'
import { collectionName } from '../mapping/collection-name.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import { sideSpec } from '../mapping/mapping-file.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { unmappedCollections } from '../operations/unmapped-collections.ts'
import { pushTarget } from './hook-address.ts'
import type { HookParser } from './hook-routes.ts'
import { createInbox } from './inbox.ts'
import { type Listening, listen } from './listen.ts'
import { readStatus } from './overview-data.ts'
import type { ServerSite } from './site.ts'
import { createWebApp } from './web-app.ts'
import { createReceiver, type Listener, type Receiver } from './webhooks/receiver.ts'

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
  const collections = collectionsOf(app)
  const parsers = parsersOf(collections)
  const receivers = receiversOf(app, collections, log)
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
    webhooks: { receiverOf: (connection) => receivers.get(connection) ?? null, nowMs: app.clock.nowMs },
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

/** A side of a mapping, of which its system may tell. */
interface OpenSide {
  readonly file: App['files'][number]
  readonly side: Side
  readonly collection: Collection
}

/** Every side of every mapping. One whose file is wrong is told of when it is started. */
function collectionsOf(app: App): readonly OpenSide[] {
  return app.files.flatMap((file) =>
    SIDES.flatMap((side): OpenSide[] => {
      try {
        return [{ file, side, collection: app.collection(file, side) }]
      } catch {
        return []
      }
    }),
  )
}

function parsersOf(open: readonly OpenSide[]): ReadonlyMap<string, HookParser> {
  const parsers = new Map<string, HookParser>()
  for (const { file, side, collection } of open) {
    const { hooks } = collection
    if (hooks) parsers.set(`${file.name}/${side}`, (call) => hooks.parse(call))
  }
  return parsers
}

/** What every connection's system may tell, and to which mappings. */
function receiversOf(app: App, open: readonly OpenSide[], log: ListeningOptions['log']): ReadonlyMap<string, Receiver> {
  const receivers = new Map<string, Receiver>()
  for (const { connection, collection } of unmappedCollections(app)) {
    log('warn', `connection ${connection}: no mapping has the collection ${collection} of its webhooks`, null)
  }
  for (const { name, webhooks } of app.config.connections.values()) {
    if (webhooks === null) continue
    const listeners = open
      .filter(({ file, side }) => file.definition[side].connection === name)
      .map(({ file, side, collection }): Listener => {
        const told = collection.told?.bind(collection)
        return { mapping: file.name, side, collection: collectionName(sideSpec(file, side)), told }
      })
    receivers.set(name, createReceiver(name, webhooks, listeners))
  }
  return receivers
}
