import type { Request } from '../ledger/request.ts'
import { type Job, requestArgs } from '../operations/job.ts'
import { mappingNamed } from '../operations/site.ts'
import type { ServerSite } from './site.ts'

/** How long an answer to a click waits for what it started, before it leads to where that can be watched. */
const PATIENCE_MS = 8000
const POLL_MS = 100

/** Starts a job, as a command does: the daemon takes it in its turn. The answer is its id. @throws SyncError `config` */
export async function startJob(site: ServerSite, job: Job): Promise<number> {
  mappingNamed(site, job.mapping)
  return site.ledger.request(job.kind, requestArgs(job), site.clock.nowMs())
}

/** Starts a job and waits for it a while. It may still be going on then. @throws SyncError `config` */
export async function runJob(site: ServerSite, job: Job, patienceMs = PATIENCE_MS): Promise<Request> {
  const id = await startJob(site, job)
  const untilMs = site.clock.monotonicMs() + patienceMs
  for (;;) {
    const request = await site.ledger.findRequest(id)
    if (request && (request.state === 'done' || request.state === 'failed')) return request
    if (request && site.clock.monotonicMs() > untilMs) return request
    await site.clock.sleep(POLL_MS, site.signal)
  }
}

/** What came of a job in words, and whether it is good. */
export function outcomeOf(
  { state, answer }: Request,
  done: string,
): { readonly tone: 'good' | 'bad'; readonly text: string } {
  if (state === 'failed') {
    const { message, hint } = answer ?? {}
    return { tone: 'bad', text: [message, hint].filter((part) => typeof part === 'string').join(' ') }
  }
  return state === 'done' ? { tone: 'good', text: done } : { tone: 'good', text: 'It is under way.' }
}
