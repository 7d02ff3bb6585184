/**
 * Tandem in a process of its own, so that its time, CPU and memory are nobody else's. It takes orders from `tandem.ts`
 * and loads what `tandem sync` loads, or `tandem run` where it is told to be a daemon.
 */
import { subscribe } from 'node:diagnostics_channel'
import { performance } from 'node:perf_hooks'
import pg from 'pg'
import { type App, openApp, readSetup } from '../src/app.ts'
import type { SyncEvent } from '../src/engine/context.ts'
import { createRunner, type Runner } from '../src/engine/runner.ts'
import { keepHeapSmall } from '../src/heap.ts'
import type { Answer, Counters, Order } from './tandem.ts'

const counters = { requests: 0, receivedBytes: 0, recordsReadById: 0, statements: 0 }
const stopping = new AbortController()
let app: App | null = null
let runner: Runner | null = null
let daemon: Promise<void> | null = null

keepHeapSmall()
countRequests()
countStatements()
process.on('message', (order: Order) => {
  perform(order).then(
    (answer) => process.send?.({ id: order.id, answer }),
    (error: unknown) => process.send?.({ id: order.id, error: error instanceof Error ? error.stack : String(error) }),
  )
})

// Whoever measured was ended: a daemon that stayed would be in the way of the next one.
process.on('disconnect', () => {
  if (!stopping.signal.aborted) process.exit(1)
})

async function perform(order: Order): Promise<Answer> {
  const before = now()
  if (order.kind === 'open') await open(order.configFile)
  if (order.kind === 'run') await run()
  if (order.kind === 'daemon') await startDaemon(order.configFile)
  if (order.kind === 'close') await close()
  const after = now()
  return {
    ms: after.ms - before.ms,
    counters: difference(before.counters, after.counters),
    totals: after.counters,
    links: (await app?.ledger.countLinks('customers')) ?? 0,
    pending: (await app?.ledger.countChanges('customers', { state: 'pending' })) ?? 0,
    dead: (await app?.ledger.countChanges('customers', { state: 'dead' })) ?? 0,
  }
}

async function open(configFile: string): Promise<void> {
  app = await openApp(readSetup(configFile, {}), { emit: tellTrouble })
  const [file] = app.files
  if (!file) throw new Error('no mapping')
  runner = createRunner((await app.connect(file, stopping.signal)).context)
}

async function run(): Promise<void> {
  if (!runner) throw new Error('not open')
  await runner.runNow({ depth: 'tail' })
}

async function startDaemon(configFile: string): Promise<void> {
  const { runDaemon } = await import('../src/daemon.ts')
  await new Promise<void>((resolve, reject) => {
    daemon = runDaemon({
      setup: readSetup(configFile, {}),
      emit: tellTrouble,
      log: (level, message) => {
        if (message === 'running') resolve()
        else if (level === 'error') reject(new Error(message))
      },
      signal: stopping.signal,
    })
    daemon.catch(reject)
  })
}

async function close(): Promise<void> {
  stopping.abort()
  await daemon
  await runner?.stop(10_000)
  await app?.[Symbol.asyncDispose]()
  app = null
  setTimeout(() => process.disconnect(), 0)
}

/** A measurement of failures would be worth nothing. */
function tellTrouble(event: SyncEvent): void {
  if (['dead', 'retry', 'guard', 'paused', 'run', 'conflict'].includes(event.kind)) {
    process.stderr.write(`tandem: ${event.kind}: ${event.message}\n`)
  }
}

function now(): { ms: number; counters: Counters } {
  const { user, system } = process.cpuUsage()
  return { ms: performance.now(), counters: { ...counters, cpuMs: (user + system) / 1000 } }
}

function difference(before: Counters, after: Counters): Counters {
  const names = Object.keys(after) as (keyof Counters)[]
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as unknown as Counters
}

function countRequests(): void {
  subscribe('undici:request:create', (message) => {
    const { body, path } = (message as { request: { body: unknown; path: string } }).request
    counters.requests += 1
    if (Buffer.isBuffer(body) && path.endsWith('/search_read')) counters.recordsReadById += idsIn(body.toString())
  })
  subscribe('undici:request:bodyChunkReceived', (message) => {
    counters.receivedBytes += (message as { chunk: Buffer }).chunk.length
  })
}

/** How many records a `search_read` asks for by id, but for the few whose dates tell that the database is still the same one. */
function idsIn(body: string): number {
  if (body.includes('"fields":["create_date","write_date"]')) return 0
  const list = /^\{"context":\{[^{}]*\},"domain":\[\["id","in",\[([\d,]*)\]\]\]/.exec(body)?.[1]
  return list === undefined || list === '' ? 0 : list.split(',').length
}

/** All that goes to PostgreSQL, BEGIN and COMMIT included. */
function countStatements(): void {
  const { query } = pg.Client.prototype
  const counting = function (this: pg.Client, ...args: never[]): unknown {
    counters.statements += 1
    return (query as (...args: never[]) => unknown).apply(this, args)
  }
  Object.assign(pg.Client.prototype, { query: counting })
}
