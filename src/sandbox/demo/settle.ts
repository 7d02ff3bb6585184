import type { App } from '../../app.ts'
import { requestArgs } from '../../operations/job.ts'

const POLL_MS = 100
/** How long to wait after a run that failed: what made it fail may pass. */
const RETRY_MS = 1000

/**
 * Resolves when both sides are quiet: the running daemon has read and swept everything once more and found nothing new,
 * and nothing is left to do. @throws Error when the signal aborts first, with what kept a run from its end if one failed.
 */
export async function settle(app: App, signal: AbortSignal): Promise<void> {
  const names = app.files.map(({ name }) => name)
  for (;;) {
    const before = await progress(app, names)
    const failures = await Promise.all(names.map((name) => syncNow(app, name, signal)))
    const failure = failures.find((message) => message !== null)
    if (failure !== undefined) {
      await app.clock.sleep(RETRY_MS, signal).catch((cause: unknown) => {
        throw new Error(failure ?? '', { cause })
      })
      continue
    }
    const after = await progress(app, names)
    if (after.pending === 0 && after.seqs === before.seqs) return
  }
}

async function progress(app: App, names: readonly string[]): Promise<{ seqs: string; pending: number }> {
  const seqs = await Promise.all(names.map((name) => app.ledger.lastSeq(name)))
  const pending = await Promise.all(names.map((name) => app.ledger.countChanges(name, { state: 'pending' })))
  return { seqs: seqs.join(' '), pending: pending.reduce((sum, count) => sum + count, 0) }
}

/** Asks the daemon for a run, as `tandem sync` does beside a daemon. The answer is why it failed; null: it did not. */
async function syncNow(app: App, mapping: string, signal: AbortSignal): Promise<string | null> {
  const { ledger, clock } = app
  const args = requestArgs({ kind: 'sync', mapping, sweeps: true, confirms: false })
  const id = await ledger.request('sync', args, clock.nowMs())
  for (;;) {
    await clock.sleep(POLL_MS, signal)
    const request = await ledger.findRequest(id)
    if (request?.state === 'done') return null
    if (request?.state === 'failed') return `${mapping}: ${String(request.answer?.message)}`
  }
}
