import type { RecordId } from '../contract/change.ts'
import type { Fields } from '../contract/value.ts'
import type { StoredChange } from '../ledger/change.ts'
import type { LinkWrite } from '../ledger/link.ts'
import { hasUnseen } from '../ledger/seen.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import { isUnexplained } from './call.ts'
import type { Context } from './context.ts'
import { type Done, doneOf, fieldsOf } from './done.ts'
import { type Draft, keep, keepFailed, resolve } from './draft.ts'
import type { Sent } from './execute.ts'
import { changesOf, idOn, type Job } from './job.ts'
import { keyUpdate, seenAfter, versionAfter } from './link-after-write.ts'
import { linkOfAdoption } from './link-of-adoption.ts'
import { isHalfCreated, linkOfCreate } from './link-of-create.ts'
import { tellOfMerger } from './plan-merged.ts'
import { goneOf } from './sweep.ts'
import { tellOfJob, tellOfWrite } from './tell.ts'

/** The latest changes of the records that were written, all of them staged before the write. */
export type Overtaken = Readonly<Record<Side, ReadonlyMap<RecordId, StoredChange>>>

/** A change of a job as it is now, with what we wrote over it. */
interface Current {
  readonly change: StoredChange
  /** Stored with the change when it is kept: otherwise the older values in it would look like an edit of ours. */
  readonly written: Fields
}

/** Turns the outcomes of a job into what the ledger has to store. */
export function recordJob(context: Context, job: Job, sent: readonly Sent[], overtaken: Overtaken, draft: Draft): void {
  if (recordCreated(context, job, sent, draft)) return
  const done = sent.flatMap(doneOf)
  const failed = sent.filter((each) => doneOf(each).length === 0)
  for (const { outcome, intentId } of sent) if (outcome?.kind !== 'doubt') draft.intents.push(intentId)
  for (const each of done) tellOfWrite(context, job, each.write, each.record, draft)
  const isWhole = failed.length === 0
  if (done.length > 0 || isWhole) recordLink(context, job, done, isWhole, draft)
  const changes = currentChanges(job, done, overtaken)
  if (isWhole) finishChanges(context, job, changes, done, draft)
  else recordFailure(context, changes, failed, draft)
}

/**
 * The short way for what a first sync is made of: a new record that was created, with nothing left to do. False: it is
 * something else, and nothing was recorded.
 */
function recordCreated(context: Context, job: Job, sent: readonly Sent[], draft: Draft): boolean {
  const [only] = sent
  const { work, conflicts, lost, waitsFor, adopts, assigns } = job
  if (!only || sent.length > 1 || only.outcome?.kind !== 'done' || only.write.operation.kind !== 'create') return false
  if (work.link || adopts || assigns || conflicts.length + lost.length + waitsFor.length > 0) return false
  if (isHalfCreated(context, job)) return false
  const { write, outcome } = only
  const { record, isOurs } = outcome
  draft.intents.push(only.intentId)
  tellOfWrite(context, job, write, record, draft)
  const link = linkOfCreate(context, job, { write, record, isOurs }, draft)
  if (link) draft.links.push(link)
  for (const side of SIDES) {
    const change = work[side]
    if (change) settleChange(context, change, 'applied', draft)
  }
  return true
}

/** A change that is dealt with makes its record's steps due. */
function settleChange(context: Context, change: StoredChange, as: 'applied' | 'unchanged', draft: Draft): void {
  resolve(draft, change, as)
  if (context.mapping.steps.length > 0) draft.steps.push({ side: change.side, id: change.id })
}

/** The changes of a job; of a side that was written, the latest one, whatever was staged since the job was decided. */
function currentChanges(job: Job, done: readonly Done[], overtaken: Overtaken): readonly Current[] {
  const changes = new Map(changesOf(job.work).map((change) => [change.side, change]))
  for (const { side, operation } of job.writes) {
    const latest = operation.kind === 'update' ? overtaken[side].get(operation.id) : undefined
    if (latest) changes.set(side, latest)
  }
  return [...changes.values()].map((change) => {
    const own = done.find(({ write }) => write.side === change.side && write.operation.kind === 'update')
    return { change, written: own ? storedFields(own) : {} }
  })
}

/** The fields that were written, as they are stored now. */
function storedFields({ write, record, isOurs }: Done): Fields {
  const sent = fieldsOf(write)
  if (!isOurs || !record) return sent
  return Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [
      name,
      record.fields[name] === undefined ? value : record.fields[name],
    ]),
  )
}

/** Some of a job was not done. What was is recorded with the link; the changes stay, to be decided about again. */
function recordFailure(context: Context, changes: readonly Current[], failed: readonly Sent[], draft: Draft): void {
  for (const { write, outcome } of failed) {
    if (outcome?.kind === 'gone' && write.operation.kind === 'update') {
      draft.changes.push(goneOf(write.side, write.operation.id, null))
    }
  }
  const outcomes = failed.map((each) => each.outcome)
  const unexplained = outcomes.find((each) => each?.kind === 'doubt' && isUnexplained(each.error))
  const outcome = unexplained ?? outcomes.find((each) => each?.kind === 'rejected' || isAgain(each))
  for (const { change, written } of changes) {
    const fields = { fields: written }
    if (outcome?.kind === 'doubt' || (outcome?.kind === 'rejected' && outcome.error.disposition !== 'halt')) {
      keepFailed(context, draft, change, outcome.error, written)
    } else if (isAgain(outcome)) {
      // Decided again at once, with what is there now. A pause that grows keeps two fast writers from spinning.
      const attempts = change.attempts + 1
      const notBeforeMs = draft.nowMs + Math.min(attempts - 1, 50) * 100
      keep(draft, change, { state: 'pending', attempts, notBeforeMs, ...fields })
    } else if (Object.keys(written).length > 0) {
      const { state, notBeforeMs, fault, conflicts, waitsFor } = change
      keep(draft, change, { state, notBeforeMs, fault, conflicts, waitsFor, ...fields })
    }
  }
}

function isAgain(outcome: Sent['outcome'] | undefined): boolean {
  return outcome?.kind === 'exists' || outcome?.kind === 'stale'
}

function recordLink(context: Context, job: Job, done: readonly Done[], isWhole: boolean, draft: Draft): void {
  const write = linkWrite(context, job, done, isWhole, draft)
  if (write) draft.links.push(write)
  const { link } = job.work
  if (!isWhole || !link || !job.mergesInto) return
  const side = job.linkState === 'odoo-gone' ? 'odoo' : 'external'
  const { id } = job.mergesInto
  draft.links.push({ kind: 'alias', id, of: link.id, odooId: link.odooId, externalId: link.externalId })
  tellOfMerger(context, side, link, idOn(job.mergesInto, side), draft)
}

function linkWrite(
  context: Context,
  job: Job,
  done: readonly Done[],
  isWhole: boolean,
  draft: Draft,
): LinkWrite | null {
  const created = done.find(({ write }) => write.operation.kind === 'create')
  if (created) return linkOfCreate(context, job, created, draft)
  if (job.adopts) return linkOfAdoption(context, job, job.adopts)
  const { link } = job.work
  if (!link) return null
  if (isWhole && job.linkState === 'deleted') return { kind: 'delete', id: link.id }
  const after = seenAfter(context, job.seen ?? link.seen, done)
  const isSettled = isWhole && job.conflicts.length === 0 && job.waitsFor.length === 0
  return {
    kind: 'update',
    id: link.id,
    ...(isWhole && job.linkState !== 'deleted' ? { state: job.linkState } : {}),
    ...keyUpdate(context, job, done),
    seen: after.seen,
    version: versionAfter(context, job, link, done, { isSettled, uncovered: after.uncovered }, draft),
  }
}

/** A job of which everything was done: its changes are applied, or stay for what is still open. */
function finishChanges(
  context: Context,
  job: Job,
  changes: readonly Current[],
  done: readonly Done[],
  draft: Draft,
): void {
  tellOfJob(context, job, draft)
  const isUndecided =
    (job.adopts !== null && (job.revives !== null || !isFullySeen(job))) || isHalfCreated(context, job)
  for (const { change, written } of changes) {
    const fields = { ...written, ...job.assigns }
    if (job.assigns || isUndecided) keep(draft, change, { state: 'pending', fields })
    else if (job.waitsFor.length > 0) keep(draft, change, { state: 'waiting', waitsFor: job.waitsFor, fields })
    else if (job.conflicts.length > 0) keep(draft, change, { state: 'conflict', conflicts: job.conflicts, fields })
    else {
      const isApplied = done.length > 0 || job.adopts !== null || job.linkState !== 'live'
      settleChange(context, change, isApplied ? 'applied' : 'unchanged', draft)
    }
  }
}

/** Whether an adopted pair turned out to be in step, so that nothing is left to decide. */
function isFullySeen(job: Job): boolean {
  const { seen } = job
  return seen !== null && !SIDES.some((side) => hasUnseen(seen[side]))
}
