import type { App } from './app.ts'
import { asSyncError, SyncError } from './contract/error.ts'
import type { Value } from './contract/value.ts'
import { confirmGuards } from './engine/guard.ts'
import { type ResyncOptions, resync } from './engine/resync.ts'
import type { Runner } from './engine/runner.ts'
import type { Request } from './ledger/ledger.ts'
import type { Side } from './mapping/mapping.ts'

/**
 * What a command asks of whoever holds the ledger: the daemon if one runs, otherwise the command itself. One run of a
 * mapping at a time, whoever asked for it.
 */
export type Job =
  | { readonly kind: 'sync'; readonly mapping: string; readonly sweeps: boolean; readonly confirms: boolean }
  | { readonly kind: 'resync'; readonly mapping: string; readonly options: ResyncOptions }

/** Does a job with a runner of its mapping. The answer is what the command prints. */
export async function performJob(
  runner: Runner,
  job: Job,
  onProgress: (progress: Readonly<Record<string, Value>>) => void,
): Promise<Readonly<Record<string, Value>>> {
  const { context } = runner
  if (job.kind === 'resync') {
    const report = await runner.exclusively((memory, signal) =>
      resync(context, job.options, memory, (progress) => onProgress({ ...progress }), signal),
    )
    return { ...report }
  }
  const confirmed = job.confirms ? await confirmGuards(context) : []
  const { pause } = await context.ledger.state(context.mapping.name)
  if (pause) throw new SyncError(pause.code, pause.message, pause.hint === null ? {} : { hint: pause.hint })
  const { sweeps } = await runner.runNow({ depth: 'deep', sweeps: job.sweeps })
  return { confirmed: [...confirmed], sweeps: { ...sweeps } as Value }
}

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
    await app.ledger.answerRequest(request.id, 'done', result)
  } catch (thrown) {
    const { code, message, hint } = asSyncError(thrown)
    await app.ledger.answerRequest(request.id, 'failed', { code, message, hint }).catch(() => {})
  }
}

/** The arguments of a request, as `requestArgs` wrote them. */
function jobOf({ kind, args }: Request): Job {
  const mapping = String(args.mapping)
  if (kind === 'sync') return { kind, mapping, sweeps: args.sweeps === true, confirms: args.confirms === true }
  if (kind !== 'resync') throw new SyncError('unexpected', `The daemon does not know the request "${kind}".`)
  const options = JSON.parse(String(args.options)) as ResyncOptions & { readonly from: Side | null }
  return { kind, mapping, options }
}

export function requestArgs(job: Job): Readonly<Record<string, Value>> {
  if (job.kind === 'resync') return { mapping: job.mapping, options: JSON.stringify(job.options) }
  return { mapping: job.mapping, sweeps: job.sweeps, confirms: job.confirms }
}
