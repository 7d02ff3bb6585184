import { SyncError } from '../../contract/error.ts'
import type { ResyncOptions } from '../../engine/resync.ts'
import type { Request } from '../../ledger/request.ts'
import type { Job } from '../../operations/job.ts'
import { parseSince } from '../../operations/parse-since.ts'
import { startJob } from '../run-job.ts'
import type { ServerSite } from '../site.ts'
import type { AllStudies } from '../studies.ts'
import { type ApiAnswer, type ApiRoute, get, post } from './api-route.ts'
import { recordOf } from './record-calls.ts'
import * as schemas from './schemas/jobs.ts'
import { BY_API } from './status-calls.ts'

/** What takes a while: it is begun, and asked for until it is over. */
export function jobCalls({ dryRuns, verifications }: AllStudies): readonly ApiRoute[] {
  return [
    post({
      path: '/api/mappings/{mapping}/sync',
      name: 'syncMapping',
      summary: 'Brings a mapping in step once.',
      ...{ body: schemas.syncRequest, status: 202, answer: schemas.jobStarted },
      handle: ({ site, path, body }) => started(site, { kind: 'sync', mapping: path.mapping ?? '', ...body }),
    }),
    post({
      path: '/api/mappings/{mapping}/resync',
      name: 'resyncMapping',
      summary: 'Brings records in step again, whatever was synced before.',
      ...{ body: schemas.resyncRequest, status: 202, answer: schemas.jobStarted },
      handle: ({ site, path, body }) =>
        started(site, { kind: 'resync', mapping: path.mapping ?? '', options: optionsOf(site, body) }),
    }),
    post({
      path: '/api/conflicts/{mapping}/resolve',
      name: 'resolveConflicts',
      summary: 'Decides conflicts and carries the decision out.',
      ...{ body: schemas.resolveRequest, status: 202, answer: schemas.jobStarted },
      handle: ({ site, path, body }) =>
        started(site, { kind: 'resolve', mapping: path.mapping ?? '', ...body, by: BY_API } as Job),
    }),
    post({
      path: '/api/dead-letters/{mapping}/{side}/{id}/edit',
      name: 'editDeadLetter',
      summary: 'Corrects values where a record comes from, and tries it again.',
      ...{ body: schemas.editRequest, status: 202, answer: schemas.jobStarted },
      handle: ({ site, path, body }) =>
        started(site, { kind: 'edit', ...recordOf(path), fields: body.fields, by: BY_API } as Job),
    }),
    post({
      path: '/api/records/{mapping}/undo',
      name: 'undoEntry',
      summary: 'Writes back what an entry of the history replaced.',
      ...{ body: schemas.undoRequest, status: 202, answer: schemas.jobStarted },
      handle: ({ site, path, body }) =>
        started(site, { kind: 'undo', mapping: path.mapping ?? '', ...body, by: BY_API }),
    }),
    get({
      path: '/api/jobs/{job}',
      name: 'readJob',
      summary: 'How far a job is, and what came of it. Answered jobs are kept for a day.',
      answer: schemas.job,
      async handle({ site, path }) {
        const found = await site.ledger.findRequest(Number(path.job))
        if (!found) throw new SyncError('config', `There is no job ${path.job} (any more).`)
        return { data: describeJob(found) }
      },
    }),
    post({
      path: '/api/mappings/{mapping}/dry-run',
      name: 'beginDryRun',
      summary: 'Finds out what a sync or a resync would change. Writes nothing.',
      ...{ body: schemas.dryRunRequest, status: 202, answer: schemas.dryRunStarted },
      async handle({ site, path: { mapping = '' }, body }) {
        const rehearsal =
          body.kind === 'sync' ? { kind: 'sync' as const } : { kind: 'resync' as const, options: optionsOf(site, body) }
        return { data: { dryRun: dryRuns.begin(mapping, rehearsal) } }
      },
    }),
    get({
      path: '/api/dry-runs/{dryRun}',
      name: 'readDryRun',
      summary: 'What was found. Kept for half an hour, in memory.',
      answer: schemas.dryRun,
      async handle({ path }) {
        const found = dryRuns.find(path.dryRun ?? '')
        if (!found) throw new SyncError('config', `There is no dry run ${path.dryRun} (any more).`)
        const { id, subject: _, findings, ...told } = found
        return { data: { dryRun: id, ...told, steps: findings } }
      },
    }),
    post({
      path: '/api/mappings/{mapping}/verify',
      name: 'beginVerification',
      summary: 'Reads both sides in full and finds every difference. Writes nothing.',
      ...{ body: schemas.verifyRequest, status: 202, answer: schemas.verificationStarted },
      handle: async ({ path: { mapping = '' }, body }) => ({
        data: { verification: verifications.begin(mapping, body) },
      }),
    }),
    get({
      path: '/api/verifications/{verification}',
      name: 'readVerification',
      summary: 'The differences that were found. Kept for half an hour, in memory.',
      answer: schemas.verification,
      async handle({ path }) {
        const found = verifications.find(path.verification ?? '')
        if (!found) throw new SyncError('config', `There is no verification ${path.verification} (any more).`)
        const { id, subject: _, findings, ...told } = found
        return { data: { verification: id, ...told, differences: findings } }
      },
    }),
  ]
}

async function started(site: ServerSite, job: Job): Promise<ApiAnswer> {
  return { data: { job: await startJob(site, job) } }
}

interface Chosen extends Omit<ResyncOptions, 'sinceMs'> {
  readonly since: string | null
}

function optionsOf(site: ServerSite, { from, since, ids, keys }: Chosen): ResyncOptions {
  if (ids !== null && keys !== null) throw new SyncError('invalid', 'Name records by key or by id, not both.')
  const sinceMs = since === null ? null : parseSince(since, site.clock.nowMs())
  if (since !== null && sinceMs === null) {
    throw new SyncError('invalid', `since: "${since}" is no time: write 2d, 6h or 2026-11-21T08:30:00Z.`)
  }
  return { from, sinceMs, ids, keys }
}

function describeJob({ id, kind, args, state, answer, createdAtMs }: Request): object {
  return {
    ...{ job: id, kind, mapping: String(args.mapping), state, createdAtMs },
    progress: state === 'running' ? answer : null,
    result: state === 'done' ? answer : null,
    error: state === 'failed' ? answer : null,
  }
}
