import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import type { ResyncOptions } from '../engine/resync.ts'
import type { Request } from '../ledger/request.ts'
import type { EditJob } from './edit-dead-letter.ts'
import type { ResolveJob } from './resolve-conflicts.ts'
import type { SyncJob } from './sync-job.ts'
import type { UndoJob } from './undo.ts'

/** Brings records in step again, whatever was synced before. */
export interface ResyncJob {
  readonly kind: 'resync'
  readonly mapping: string
  readonly options: ResyncOptions
}

/**
 * What needs both systems of a mapping, and is therefore done by whoever runs it: the daemon if one holds the ledger, otherwise the
 * command itself. One run or job of a mapping at a time, whoever asked for it.
 */
export type Job = SyncJob | ResyncJob | ResolveJob | EditJob | UndoJob

const KINDS = ['sync', 'resync', 'resolve', 'edit', 'undo'] as const satisfies readonly Job['kind'][]

/** A job as the arguments of a request. */
export function requestArgs(job: Job): Readonly<Record<string, Value>> {
  return { mapping: job.mapping, job: JSON.stringify(job) }
}

/** The job of a request, as `requestArgs` wrote it. @throws SyncError `unexpected` for one of another version of Tandem. */
export function jobOf({ kind, args }: Pick<Request, 'kind' | 'args'>): Job {
  if (KINDS.some((known) => known === kind) && typeof args.job === 'string') return JSON.parse(args.job) as Job
  throw new SyncError('unexpected', `The daemon does not know the request "${kind}".`, {
    hint: 'Is it of another version than the command? Restart the daemon.',
  })
}
