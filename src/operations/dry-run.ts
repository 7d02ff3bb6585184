import type { Context } from '../engine/context.ts'
import { planSync } from '../engine/dry-run.ts'
import type { PlannedStep } from '../engine/dry-run-newcomers.ts'
import { planResync } from '../engine/plan-resync.ts'
import type { ResyncOptions } from '../engine/resync.ts'

/** What would be done if it were not for the dry run. */
export type Rehearsal = { readonly kind: 'sync' } | { readonly kind: 'resync'; readonly options: ResyncOptions }

/** What would change, record by record. Writes nothing, neither in the systems nor in the ledger. @throws SyncError */
export function rehearse(context: Context, rehearsal: Rehearsal, signal: AbortSignal): AsyncGenerator<PlannedStep> {
  return rehearsal.kind === 'sync' ? planSync(context, signal) : planResync(context, rehearsal.options, signal)
}

export interface DryRun {
  readonly mapping: string
  /** The first of them. */
  readonly steps: readonly PlannedStep[]
  /** How many there are in all, by action. */
  readonly sums: Readonly<Partial<Record<PlannedStep['action'], number>>>
}

/** A dry run as one answer, with at most `limit` steps in it. `onProgress` is told how many were found so far. */
export async function dryRun(
  context: Context,
  rehearsal: Rehearsal,
  limit: number,
  onProgress: (found: number) => void,
  signal: AbortSignal,
): Promise<DryRun> {
  const steps: PlannedStep[] = []
  const sums: Partial<Record<PlannedStep['action'], number>> = {}
  let found = 0
  for await (const step of rehearse(context, rehearsal, signal)) {
    found += 1
    sums[step.action] = (sums[step.action] ?? 0) + 1
    if (steps.length < limit) steps.push(step)
    onProgress(found)
  }
  return { mapping: context.mapping.name, steps, sums }
}
