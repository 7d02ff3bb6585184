import type { RecordId } from '../contract/change.ts'
import { SyncError } from '../contract/error.ts'
import type { StoredChange } from '../ledger/change.ts'
import type { NewIntent } from '../ledger/intent.ts'
import { otherSide, SIDES, type Side } from '../mapping/mapping.ts'
import { type CallOutcome, callSink } from './call.ts'
import { changeOf } from './capture.ts'
import type { Context } from './context.ts'
import { type Draft, settle } from './draft.ts'
import { changesOf, type Job, type Write } from './job.ts'
import { readRecords } from './pull.ts'
import { type Overtaken, recordJob } from './record-job.ts'
import { batchesOf, bridgeContents, isOtherContent, sourceId } from './transfer.ts'
import type { WriteLog } from './write-log.ts'

/** A write of a job, under the intent that was stored for it. */
export interface Sent {
  readonly job: Job
  readonly write: Write
  intentId: number
  outcome: CallOutcome | null
}

/**
 * Carries jobs out: stores the intents, makes the calls, stores the outcomes together with what `draft` already holds.
 * Whatever is not stored because the process died is found again as an open intent.
 * `complete` is called when the draft holds everything, before it is stored.
 * @throws SyncError when the run has to stop: the connection failed, or a person is needed. All outcomes are stored.
 */
export async function executeJobs(
  context: Context,
  jobs: readonly Job[],
  draft: Draft,
  log: WriteLog,
  signal: AbortSignal,
  complete: () => void = () => {},
): Promise<void> {
  context.crashPoint('planned')
  const written = writtenIds(jobs)
  await Promise.all(SIDES.map((side) => log.begin(side, written[side])))
  try {
    await sendAndSettle(context, jobs, draft, written, complete, signal)
  } finally {
    for (const side of SIDES) log.end(side, written[side])
  }
}

/** The existing records that jobs write. */
function writtenIds(jobs: readonly Job[]): Readonly<Record<Side, readonly RecordId[]>> {
  const written: Record<Side, RecordId[]> = { odoo: [], external: [] }
  for (const { writes } of jobs) {
    for (const { side, operation } of writes) if (operation.kind !== 'create') written[side].push(operation.id)
  }
  return written
}

async function sendAndSettle(
  context: Context,
  jobs: readonly Job[],
  draft: Draft,
  written: Readonly<Record<Side, readonly RecordId[]>>,
  complete: () => void,
  signal: AbortSignal,
): Promise<void> {
  const sent: Sent[] = []
  for (const job of jobs) for (const write of job.writes) sent.push({ job, write, intentId: -1, outcome: null })
  if (sent.length > 0) await intend(context, sent, draft.nowMs)
  context.crashPoint('intended')
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

  await captureChangedSources(context, sent, draft, signal)
  const overtaken = await overtakenChanges(context, written)
  let at = 0
  for (const job of jobs) {
    const end = at + job.writes.length
    recordJob(context, job, sent.slice(at, end), overtaken, draft)
    at = end
  }
  complete()
  await settle(context, draft)
  const failure = sent.map(stoppingError).find((error) => error !== null)
  if (failure) throw failure
}

/**
 * The changes of records that were written which were staged before that, also since they were decided about: whatever
 * they hold, the reading before the write has seen it.
 */
async function overtakenChanges(
  context: Context,
  written: Readonly<Record<Side, readonly RecordId[]>>,
): Promise<Overtaken> {
  const overtaken: Record<Side, Map<RecordId, StoredChange>> = { odoo: new Map(), external: new Map() }
  for (const side of SIDES) {
    if (written[side].length === 0) continue
    for (const [id, { change }] of await context.ledger.known(context.mapping.name, side, written[side])) {
      if (change?.kind === 'state') overtaken[side].set(id, change)
    }
  }
  return overtaken
}

/**
 * Where a file is not what was announced, its record is read anew, as a change of a file need not show in the record's own
 * version. What is no different now is a fault of the source, and is tried again like any other.
 */
async function captureChangedSources(
  context: Context,
  sent: readonly Sent[],
  draft: Draft,
  signal: AbortSignal,
): Promise<void> {
  const failed = sent.filter(({ outcome }) => outcome?.kind === 'rejected' && outcome.error.code === 'changed')
  for (const side of SIDES) {
    const from = otherSide(side)
    const ofSide = failed.filter(({ write }) => write.side === side)
    if (ofSide.length === 0) continue
    const ids = ofSide.flatMap(({ job }) => sourceId(job, from) ?? [])
    const states = await readRecords(context, from, ids, signal)
    for (const { job, write } of ofSide) {
      const state = states.get(sourceId(job, from) ?? '')
      if (state && isOtherContent(context, write, state.fields)) draft.changes.push(changeOf(from, state))
    }
  }
}

/** Sends the writes of one side, kind by kind, in batches as large as its sink takes. */
async function sendTo(context: Context, sent: readonly Sent[], signal: AbortSignal): Promise<void> {
  const [first] = sent
  if (!first) return
  const { sink, capabilities } = context.sides[first.write.side].collection
  if (!sink) throw new SyncError('config', `${context.sides[first.write.side].schema.name} cannot be written.`)
  let failure: SyncError | null = null
  for (const ofKind of Map.groupBy(sent, ({ write }) => write.operation.kind).values()) {
    const [suspects, others] = [ofKind.filter(isSuspect), ofKind.filter((each) => !isSuspect(each))]
    const batches = batchesOf(context, first.write.side, others, capabilities.maxBatch)
    for (const batch of [...batches, ...suspects.map((each) => [each])]) {
      const named = capabilities.writeOnly ? batch.map(withName) : batch
      const sending = bridgeContents(context, first.write.side, sink, named)
      const outcomes: readonly CallOutcome[] = failure
        ? batch.map(() => ({ kind: 'undone', error: failure as SyncError }))
        : await callSink(sending.sink, sending.operations, signal)
      for (const [index, each] of batch.entries()) {
        each.outcome = outcomes[index] ?? missingOutcome(context, each)
        failure ??= stoppingError(each)
      }
    }
  }
}

/** Under the name of the change that caused it, which stays what it is until the change is dealt with. */
function withName(sent: Sent): Sent {
  const { cause } = intentOf(sent.job, sent.write)
  const name = `${cause.side} ${cause.id} ${cause.seq}`
  return { ...sent, write: { ...sent.write, operation: { ...sent.write.operation, name } } }
}

/** Whether one of its changes was part of a batch that failed without a word about whose fault it was. */
function isSuspect({ job }: Sent): boolean {
  return changesOf(job.work).some(({ fault }) => fault?.code === 'unexpected')
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

async function intend(context: Context, sent: readonly Sent[], nowMs: number): Promise<void> {
  const intents = sent.map(({ job, write }) => intentOf(job, write))
  const ids = await context.ledger.intend(context.mapping.name, intents, nowMs)
  for (const [index, each] of sent.entries()) each.intentId = ids[index] ?? -1
}

function intentOf(job: Job, write: Write): NewIntent {
  const cause = changesOf(job.work)[0]
  if (!cause) throw new SyncError('unexpected', 'A job without a change.')
  const { side, operation, key, sourceSeen } = write
  const { link, odoo, external } = job.work
  return {
    side,
    operation,
    key,
    sourceSeen,
    ids: { odoo: link?.odooId ?? odoo?.id ?? null, external: link?.externalId ?? external?.id ?? null },
    cause: { side: cause.side, id: cause.id, seq: cause.seq },
  }
}
