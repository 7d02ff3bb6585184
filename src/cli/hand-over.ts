import { setTimeout as delay } from 'node:timers/promises'
import type { Setup } from '../app.ts'
import { type ErrorCode, SyncError } from '../contract/error.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Request } from '../ledger/request.ts'
import { acquireLedgerLock, type LedgerLock, ledgerLockHolder } from '../ledger/sqlite/lock.ts'
import { openSqliteLedger } from '../ledger/sqlite/open.ts'
import { type Job, requestArgs } from '../operations/job.ts'
import { PROGRAM } from '../version.ts'
import type { Invocation } from './invocation.ts'
import type { JobWatch, Outcome } from './perform-jobs.ts'

const POLL_MS = 150
/** Every so many polls, it is looked whether the daemon is still there. */
const POLLS_PER_LOOK = 6
/** A daemon that ended is given so long to come back before its work is taken over. */
const RESTART_MS = 2000
const PATIENCE_MS = 3000

/** Jobs that were handed over and are not answered, by the id of their request. */
type Open = Map<number, Job>

/**
 * Hands jobs to whoever holds the ledger and waits for the answers. Where the holder ends before all are answered, the
 * answer is the ledger's lock: the rest is for the caller to do.
 */
export async function handOver(
  setup: Setup,
  jobs: readonly Job[],
  invocation: Invocation,
  watch: JobWatch,
  remember: (outcome: Outcome) => void,
): Promise<LedgerLock | null> {
  const { file } = setup.config.ledger
  const { signal, terminal } = invocation
  await using ledger = await openSqliteLedger({ file, program: PROGRAM })
  let holder = ledgerLockHolder(file)?.pid ?? null
  const open: Open = new Map()
  await tellCounts(ledger, jobs, watch)
  await request(ledger, jobs, open)
  const startedMs = performance.now()
  let isToldToWait = false
  for (let polls = 1; ; polls++) {
    if (signal.aborted) terminal.note('The daemon goes on with what it was asked for.')
    signal.throwIfAborted()
    const isWaiting = await collect(ledger, open, watch, remember)
    if (open.size === 0) return null
    if (!isToldToWait && performance.now() - startedMs > PATIENCE_MS) {
      isToldToWait = true
      const who = `process ${holder ?? 'unknown'}`
      terminal.note(isWaiting ? `Waiting for ${who}, which holds the ledger.` : `The daemon (${who}) is at it.`)
    }
    if (polls % POLLS_PER_LOOK === 0) {
      const now = ledgerLockHolder(file)?.pid ?? null
      if (now === null) {
        const lock = await takeOver(file, ledger, open, watch, remember, signal)
        if (lock) return lock
      } else if (now !== holder) {
        // Another daemon by now. What the former one had begun, nobody goes on with.
        const begun = await withdraw(ledger, open, 'running')
        await request(ledger, begun, open)
        holder = now
      }
    }
    await delay(POLL_MS, undefined, { signal }).catch(() => {})
  }
}

async function request(ledger: Ledger, jobs: readonly Job[], open: Open): Promise<void> {
  for (const job of jobs) open.set(await ledger.request(job.kind, requestArgs(job), Date.now()), job)
}

/** Takes what was answered out of `open`. The answer is whether a job was not even begun. */
async function collect(
  ledger: Ledger,
  open: Open,
  watch: JobWatch,
  remember: (outcome: Outcome) => void,
): Promise<boolean> {
  let isWaiting = false
  await tellCounts(ledger, [...open.values()], watch)
  for (const [id, job] of open) {
    const found = await ledger.findRequest(id)
    if (found?.state === 'open') isWaiting = true
    if (found?.state === 'running' && found.answer && Object.keys(found.answer).length > 0) {
      watch.onProgress(job, found.answer)
    }
    if (found?.state !== 'done' && found?.state !== 'failed') continue
    open.delete(id)
    if (found.state === 'done') remember({ job, result: found.answer ?? {}, error: null })
    else remember({ job, result: null, error: errorOf(found) })
  }
  return isWaiting
}

async function tellCounts(ledger: Ledger, jobs: readonly Job[], watch: JobWatch): Promise<void> {
  const known = new Set(await ledger.mappings())
  for (const { mapping } of jobs) if (known.has(mapping)) watch.onCounts(mapping, await ledger.counts(mapping))
}

function errorOf({ answer }: Request): SyncError {
  const { code, message, hint } = answer ?? {}
  const options = typeof hint === 'string' ? { hint } : {}
  return new SyncError(String(code ?? 'unexpected') as ErrorCode, String(message ?? 'It failed.'), options)
}

/** Gets the lock of a daemon that ended, unless a new one is faster. Requests that are still open are withdrawn. */
async function takeOver(
  file: string,
  ledger: Ledger,
  open: Open,
  watch: JobWatch,
  remember: (outcome: Outcome) => void,
  signal: AbortSignal,
): Promise<LedgerLock | null> {
  await delay(RESTART_MS, undefined, { signal })
  const lock = acquireLedgerLock(file)
  if (!lock) return null
  await collect(ledger, open, watch, remember)
  await withdraw(ledger, open, null)
  return lock
}

/** Answers requests in this state (null: in any) in the daemon's place, so that nobody does them any more. */
async function withdraw(ledger: Ledger, open: Open, state: Request['state'] | null): Promise<readonly Job[]> {
  const withdrawn: Job[] = []
  for (const [id, job] of open) {
    if (state !== null && (await ledger.findRequest(id))?.state !== state) continue
    const message = 'The daemon ended; the command that asked does it.'
    await ledger.answerRequest(id, 'failed', { code: 'unavailable', message, hint: null })
    open.delete(id)
    withdrawn.push(job)
  }
  return withdrawn
}
