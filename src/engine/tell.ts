import type { RecordState } from '../contract/change.ts'
import type { Fields } from '../contract/value.ts'
import { SIDES } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import type { Draft } from './draft.ts'
import { idsOfWork, type Job, type Write } from './job.ts'
import { tellLines } from './tell-lines.ts'

/** Adds a write that was done to the history and to what is told. */
export function tellOfWrite(context: Context, job: Job, write: Write, record: RecordState | null, draft: Draft): void {
  const { operation, side, event } = write
  const ids = idsOfWork(job.work)
  if (operation.kind === 'create' && record) {
    if (side === 'odoo') ids.odooId = record.id
    else ids.externalId = record.id
    ids.key = write.key
  }
  const { odooId, externalId, key } = ids
  const written = operation.kind === 'remove' ? {} : operation.fields
  const told = tellLines(context.mapping.fields, side, { before: write.before, after: written })
  const { before, after: fields } = told
  const capturedAtMs = capturedAtMsOf(job)
  const mapping = context.mapping.name
  draft.events.push({ mapping, kind: event, side, odooId, externalId, key, capturedAtMs, fields, before })
  const detail = valuesOf(context, event, before, fields)
  draft.history.push({ atMs: draft.nowMs, event, side, odooId, externalId, key, detail })
}

/** A new record that is dealt with at once was captured just now. */
function capturedAtMsOf({ work }: Job): number {
  return Math.min(work.odoo?.firstCapturedAtMs ?? Infinity, work.external?.firstCapturedAtMs ?? Infinity)
}

const NO_VALUES: Record<string, unknown> = {}

/** A created record is there to be looked at; of anything else the history keeps what it was. */
function valuesOf(context: Context, event: Write['event'], before: Fields, after: Fields): Record<string, unknown> {
  if (!context.options.keepsValues || event === 'created') return NO_VALUES
  return event === 'removed' ? { before } : { before, after }
}

/** Adds what a job did besides its writes: adoptions, conflicts, values that lost. */
export function tellOfJob(context: Context, job: Job, draft: Draft): void {
  const { mapping, options } = context
  const ids = job.adopts
    ? { ...idsOfWork(job.work), odooId: job.adopts.odooId, externalId: job.adopts.externalId }
    : idsOfWork(job.work)
  const side = SIDES.find((each) => job.work[each]) ?? 'odoo'
  const tell = (
    kind: 'adopted' | 'conflict' | 'lost',
    at: typeof side,
    detail: Record<string, unknown>,
    message?: string,
  ): void => {
    draft.history.push({ atMs: draft.nowMs, event: kind, side: at, ...ids, detail: options.keepsValues ? detail : {} })
    draft.events.push({ mapping: mapping.name, kind, side: at, ...ids, ...(message === undefined ? {} : { message }) })
  }
  if (job.adopts) tell('adopted', side, {})
  for (const { field, odoo, external } of job.conflicts) {
    tell('conflict', side, { field, odoo, external }, `${field}: both sides changed it; a person must decide.`)
  }
  for (const { field, side: loser, value, winner } of job.lost) {
    tell('lost', loser, { field, value, winner }, `${field}: both sides changed it; the value of ${loser} lost.`)
  }
}
