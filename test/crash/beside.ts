import { setTimeout as sleep } from 'node:timers/promises'
import { type App, openApp, readSetup } from '../../src/app.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Context } from '../../src/engine/context.ts'
import { createRunner, type Runner } from '../../src/engine/runner.ts'
import { type Difference, verify } from '../../src/engine/verify.ts'
import { SIDES } from '../../src/mapping/mapping.ts'
import { requestArgs } from '../../src/operations/job.ts'
import { adds } from '../engine/world.ts'
import type { Daemon } from './daemon.ts'

const POLL_MS = 50
/** How long a daemon may take for one run that was asked of it. */
const RUN_LIMIT_MS = 30_000

/**
 * What a test sees beside a running daemon: the ledger, and both systems. Where it is given null in place of a daemon, and
 * none runs, the runs are made in this process.
 */
export interface Beside extends AsyncDisposable {
  readonly app: App
  /** Resolves when the daemon has read and swept both sides, found nothing new, and nothing is left to do. */
  settle(daemon: Daemon | null, limitMs?: number): Promise<void>
  /** One run with a sweep. The answer is why it failed; null: it did not. */
  sync(daemon: Daemon | null): Promise<string | null>
  /** What `tandem verify` would list, but for what both sides have as it was left. */
  differences(): Promise<readonly Difference[]>
  /** What must hold at every rest: the sums of promise 9, and nothing in doubt. */
  faults(): Promise<readonly string[]>
}

export async function openBeside(configFile: string, mapping = 'customers'): Promise<Beside> {
  const app = await openApp(readSetup(configFile, {}), { emit: () => {} })
  const { ledger } = app

  let connected: Promise<Context> | null = null
  const context = (): Promise<Context> => {
    const file = app.files.find(({ name }) => name === mapping)
    if (!file) throw new Error(`no mapping ${mapping}`)
    connected ??= app.connect(file, AbortSignal.timeout(60_000)).then((it) => it.context)
    return connected
  }
  let runner: Runner | null = null
  const syncHere = async (): Promise<string | null> => {
    runner ??= createRunner(await context())
    try {
      await runner.runNow({ depth: 'deep', sweeps: true })
      return null
    } catch (error) {
      if (error instanceof SyncError) return error.message
      throw error
    }
  }
  const sync = async (daemon: Daemon | null): Promise<string | null> => {
    if (daemon === null) return syncHere()
    const args = requestArgs({ kind: 'sync', mapping, sweeps: true, confirms: false })
    const id = await ledger.request('sync', args, Date.now())
    const givenUpAtMs = performance.now() + RUN_LIMIT_MS
    for (;;) {
      await sleep(POLL_MS)
      const request = await ledger.findRequest(id)
      if (request?.state === 'done') return null
      if (request?.state === 'failed') return String(request.answer?.message)
      if (!daemon.isRunning()) throw new Error(`The daemon ended by itself: ${daemon.output()}`)
      if (performance.now() > givenUpAtMs) throw new Error(`No answer to a request: ${daemon.output().slice(-3000)}`)
    }
  }
  const isDone = async (): Promise<boolean> =>
    (await ledger.countChanges(mapping, { state: 'pending' })) === 0 &&
    (await ledger.openIntents(mapping)).length === 0 &&
    (await ledger.nextStepDueMs(mapping)) === null

  return {
    app,
    sync,
    async settle(daemon, limitMs = 60_000) {
      await daemon?.said('info running')
      await context()
      const givenUpAtMs = performance.now() + limitMs
      let failure: string | null = null
      while (performance.now() < givenUpAtMs) {
        const seq = await ledger.lastSeq(mapping)
        failure = await sync(daemon)
        if (failure === null && (await ledger.lastSeq(mapping)) === seq && (await isDone())) return
        if (failure !== null || daemon === null) await sleep(300)
      }
      const open = await ledger.changes(mapping, { state: 'pending', limit: 5 })
      throw new Error(`It does not settle: ${failure ?? JSON.stringify(open)} ${daemon?.output().slice(-3000)}`)
    },
    async differences() {
      const signal = AbortSignal.timeout(60_000)
      const found: Difference[] = []
      for await (const difference of verify(await context(), () => {}, signal)) found.push(difference)
      return found.filter((difference) => difference.kind !== 'field' || !difference.isAsSeen)
    },
    async faults() {
      await context()
      const counts = await ledger.counts(mapping)
      const intents = await ledger.openIntents(mapping)
      return [
        ...SIDES.filter((side) => !adds(counts[side])).map(
          (side) => `${side} does not add up: ${JSON.stringify(counts[side])}`,
        ),
        ...intents.map((intent) => `open intent: ${JSON.stringify(intent)}`),
      ]
    },
    async [Symbol.asyncDispose]() {
      await runner?.stop(1000)
      await app[Symbol.asyncDispose]()
    },
  }
}
