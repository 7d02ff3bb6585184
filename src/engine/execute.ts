import { SyncError } from '../contract/error.ts'
import type { NewIntent } from '../ledger/ledger.ts'
import { SIDES } from '../mapping/mapping.ts'
import { type CallOutcome, callSink } from './call.ts'
import type { Context } from './context.ts'
import { type Draft, settle } from './draft.ts'
import { changesOf, type Job, type Write } from './job.ts'
import { recordJob } from './record-job.ts'

/** A write of a job, under the intent that was stored for it. */
export interface Sent {
  readonly job: Job
  readonly write: Write
  readonly intentId: number
  outcome: CallOutcome | null
}

/**
 * Carries jobs out: stores the intents, makes the calls, stores the outcomes together with what `draft` already holds.
 * Whatever is not stored because the process died is found again as an open intent.
 * @throws SyncError when the run has to stop: the connection failed, or a person is needed. All outcomes are stored.
 */
export async function executeJobs(
  context: Context,
  jobs: readonly Job[],
  draft: Draft,
  signal: AbortSignal,
): Promise<void> {
  context.crashPoint('planned')
  const writes = jobs.flatMap((job) => job.writes.map((write) => ({ job, write })))
  const intents = writes.map(({ job, write }) => intentOf(job, write))
  const ids = intents.length > 0 ? await context.ledger.intend(context.mapping.name, intents, draft.nowMs) : []
  context.crashPoint('intended')
  const sent: Sent[] = writes.map(({ job, write }, index) => ({
    job,
    write,
    intentId: ids[index] ?? -1,
    outcome: null,
  }))
  await Promise.all(
    SIDES.map((side) =>
      sendTo(
        context,
        sent.filter(({ write }) => write.side === side),
        signal,
      ),
    ),
  )
  if (sent.length > 0) context.crashPoint('applied')

  const byJob = Map.groupBy(sent, ({ job }) => job)
  for (const job of jobs) recordJob(context, job, byJob.get(job) ?? [], draft)
  await settle(context, draft)
  const failure = sent.map(stoppingError).find((error) => error !== null)
  if (failure) throw failure
}

/** Sends the writes of one side, kind by kind, in batches as large as its sink takes. */
async function sendTo(context: Context, sent: readonly Sent[], signal: AbortSignal): Promise<void> {
  const [first] = sent
  if (!first) return
  const { sink, capabilities } = context.sides[first.write.side].collection
  if (!sink) throw new SyncError('config', `${context.sides[first.write.side].schema.name} cannot be written.`)
  let failure: SyncError | null = null
  for (const ofKind of Map.groupBy(sent, ({ write }) => write.operation.kind).values()) {
    for (let start = 0; start < ofKind.length; start += capabilities.maxBatch) {
      const batch = ofKind.slice(start, start + capabilities.maxBatch)
      const outcomes: readonly CallOutcome[] = failure
        ? batch.map(() => ({ kind: 'undone', error: failure as SyncError }))
        : await callSink(
            sink,
            batch.map(({ write }) => write.operation),
            signal,
          )
      for (const [index, each] of batch.entries()) {
        each.outcome = outcomes[index] ?? missingOutcome(context, each)
        failure ??= stoppingError(each)
      }
    }
  }
}

/** The error that stops the run; null: it goes on. An operation in doubt stops it too: the side does not answer. */
function stoppingError({ outcome }: Sent): SyncError | null {
  if (outcome?.kind === 'undone' || outcome?.kind === 'doubt') return outcome.error
  if (outcome?.kind === 'rejected' && outcome.error.disposition === 'halt') return outcome.error
  return null
}

function missingOutcome(context: Context, { write }: Sent): CallOutcome {
  const message = `${context.sides[write.side].schema.name} gave no outcome for an operation.`
  return { kind: 'doubt', error: new SyncError('unexpected', message, { inDoubt: true }) }
}

function intentOf(job: Job, write: Write): NewIntent {
  const cause = changesOf(job.work)[0]
  if (!cause) throw new SyncError('unexpected', 'A job without a change.')
  const { side, operation, key, sourceSeen } = write
  return {
    side,
    operation,
    key,
    sourceSeen,
    linkId: job.work.link?.id ?? null,
    cause: { side: cause.side, id: cause.id, seq: cause.seq },
  }
}
