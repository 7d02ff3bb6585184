import type { App } from '../../app.ts'
import { requestArgs } from '../../requests.ts'

const POLL_MS = 100

/**
 * Resolves when both sides are quiet: the running daemon has read and swept everything once more and found nothing new,
 * and nothing is left to do. @throws Error when a run fails or the signal aborts first.
 */
export async function settle(app: App, signal: AbortSignal): Promise<void> {
  const names = app.files.map(({ name }) => name)
  for (;;) {
    const before = await progress(app, names)
    await Promise.all(names.map((name) => syncNow(app, name, signal)))
    const after = await progress(app, names)
    if (after.pending === 0 && after.seqs === before.seqs) return
  }
}

async function progress(app: App, names: readonly string[]): Promise<{ seqs: string; pending: number }> {
  const seqs = await Promise.all(names.map((name) => app.ledger.lastSeq(name)))
  const pending = await Promise.all(names.map((name) => app.ledger.countChanges(name, { state: 'pending' })))
  return { seqs: seqs.join(' '), pending: pending.reduce((sum, count) => sum + count, 0) }
}

/** Asks the daemon for a run, as `tandem sync` does beside a daemon. */
async function syncNow(app: App, mapping: string, signal: AbortSignal): Promise<void> {
  const { ledger, clock } = app
  const args = requestArgs({ kind: 'sync', mapping, sweeps: true, confirms: false })
  const id = await ledger.request('sync', args, clock.nowMs())
  for (;;) {
    await clock.sleep(POLL_MS, signal)
    const request = await ledger.findRequest(id)
    if (request?.state === 'done') return
    if (request?.state === 'failed') throw new Error(`${mapping}: ${String(request.answer?.message)}`)
  }
}
