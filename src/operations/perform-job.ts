import type { Value } from '../contract/value.ts'
import { personPauseOf } from '../engine/person-pause.ts'
import { resync } from '../engine/resync.ts'
import type { Runner } from '../engine/runner.ts'
import { SIDES } from '../mapping/mapping.ts'
import { editDeadLetter } from './edit-dead-letter.ts'
import type { Job } from './job.ts'
import { resolveConflicts } from './resolve-conflicts.ts'
import { syncOnce } from './sync-job.ts'
import { undo } from './undo.ts'

/** What a job answers, or says of itself on the way: plain JSON. */
export type JobData = Readonly<Record<string, Value>>

/**
 * Does a job with a runner of its mapping, after what that is at. The answer is the job's result: `ResyncProgress`,
 * `ResolveResult`, `EditResult`, `UndoResult`, or of a sync `{ confirmed, sweeps }`.
 * @throws SyncError `paused` where a person paused the mapping or one of its connections, and as each job says.
 */
export async function performJob(runner: Runner, job: Job, onProgress: (progress: JobData) => void): Promise<JobData> {
  const { context } = runner
  const { ledger, mapping, sides } = context
  const connections = SIDES.map((side) => sides[side].connection)
  const paused = await personPauseOf(ledger, mapping.name, connections)
  if (paused) throw paused.error
  const tell = (progress: object): void => onProgress({ ...progress } as JobData)
  switch (job.kind) {
    case 'sync':
      return syncOnce(runner, job)
    case 'resync':
      return dataOf(await runner.exclusively((memory, signal) => resync(context, job.options, memory, tell, signal)))
    case 'resolve':
      return dataOf(await runner.exclusively((memory, signal) => resolveConflicts(context, job, memory, tell, signal)))
    case 'edit':
      return dataOf(await runner.exclusively((memory, signal) => editDeadLetter(context, job, memory, signal)))
    case 'undo':
      return dataOf(await runner.exclusively((memory, signal) => undo(context, job, memory, signal)))
  }
}

function dataOf(result: object): JobData {
  return result as JobData
}
