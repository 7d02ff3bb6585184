import type { App } from './app.ts'
import { asSyncError, SyncError } from './contract/error.ts'
import type { Runner } from './engine/runner.ts'
import type { Request } from './ledger/request.ts'
import { jobOf } from './operations/job.ts'
import { type JobData, performJob } from './operations/perform-job.ts'

/** The request that asks for nothing but a look: something of a mapping may have become due. */
export const WAKE = 'wake'

/**
 * Takes what commands have asked of the daemon, and what a daemon before this one left half done. Each is answered,
 * whatever happens. `taken` is the caller's, kept from call to call.
 */
export async function answerRequests(
  app: App,
  runners: ReadonlyMap<string, Runner>,
  taken: Set<number>,
  signal: AbortSignal,
): Promise<void> {
  for (const request of await app.ledger.openRequests()) {
    if (signal.aborted) return
    if (taken.has(request.id)) continue
    taken.add(request.id)
    await app.ledger.answerRequest(request.id, 'running', {})
    void answer(app, runners, request).finally(() => taken.delete(request.id))
  }
}

async function answer(app: App, runners: ReadonlyMap<string, Runner>, request: Request): Promise<void> {
  try {
    await app.ledger.answerRequest(request.id, 'done', await perform(app, runners, request))
  } catch (thrown) {
    const { code, message, hint } = asSyncError(thrown)
    await app.ledger.answerRequest(request.id, 'failed', { code, message, hint }).catch(() => {})
  }
}

async function perform(app: App, runners: ReadonlyMap<string, Runner>, request: Request): Promise<JobData> {
  if (request.kind === WAKE) {
    runners.get(String(request.args.mapping))?.wake()
    return {}
  }
  const job = jobOf(request)
  const runner = runners.get(job.mapping)
  if (!runner) {
    throw new SyncError('config', `The daemon does not run a mapping "${job.mapping}".`, {
      hint: 'Its log says why; a mapping file that was added needs a restart of the daemon.',
    })
  }
  let writing: Promise<unknown> = Promise.resolve()
  let isWriting = false
  const result = await performJob(runner, job, (progress) => {
    if (isWriting) return
    isWriting = true
    writing = app.ledger.answerRequest(request.id, 'running', progress).finally(() => {
      isWriting = false
    })
  })
  await writing
  return result
}
