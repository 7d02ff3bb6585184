import type { Counts } from '../ledger/counts.ts'
import type { Fault } from '../ledger/fault.ts'
import type { MappingState, RunNote } from '../ledger/mapping-state.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import type { RunOptions } from './run.ts'

/** So many runs are remembered. */
const MAX_RUNS = 15

export interface RunStart {
  readonly atMs: number
  readonly options: RunOptions
  readonly counts: Readonly<Record<Side, Counts>>
}

/** What a run is compared with when it ends. */
export async function noteStart({ ledger, mapping, clock }: Context, options: RunOptions): Promise<RunStart> {
  return { atMs: clock.nowMs(), options, counts: await ledger.counts(mapping.name) }
}

/**
 * The mapping's last runs with this one, to be written with the rest of its outcome. A run in which nothing happened is
 * not among them: every few seconds there is one.
 */
export async function notedRuns(
  { ledger, mapping, clock }: Context,
  { runs }: Pick<MappingState, 'runs'>,
  start: RunStart,
  fault: Fault | null,
): Promise<readonly RunNote[]> {
  const counts = await ledger.counts(mapping.name)
  const more = (name: keyof Counts): number =>
    SIDES.reduce((sum, side) => sum + Math.max(0, counts[side][name] - start.counts[side][name]), 0)
  const note: RunNote = {
    startedAtMs: start.atMs,
    tookMs: Math.max(0, clock.nowMs() - start.atMs),
    depth: start.options.depth,
    swept: start.options.sweeps,
    captured: more('captured') - more('unchanged'),
    applied: more('applied'),
    deadLetters: more('deadLetters'),
    conflicts: more('conflicts'),
    fault,
  }
  const isQuiet = fault === null && note.captured <= 0 && note.applied + note.deadLetters + note.conflicts === 0
  return isQuiet ? runs : [note, ...runs].slice(0, MAX_RUNS)
}
