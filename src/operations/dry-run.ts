import type { Context } from '../engine/context.ts'
import { planSync } from '../engine/dry-run.ts'
import type { PlannedStep } from '../engine/dry-run-newcomers.ts'
import { changeOfMapping, planMappingChange } from '../engine/mapping-change.ts'
import { planResync } from '../engine/plan-resync.ts'
import type { ResyncOptions } from '../engine/resync.ts'
import type { MappingFile } from '../mapping/mapping-file.ts'

/** What would be done if it were not for the dry run. */
export type Rehearsal = { readonly kind: 'sync' } | { readonly kind: 'resync'; readonly options: ResyncOptions }

/**
 * What would change, record by record. Writes nothing, neither in the systems nor in the ledger. `file`: with what a change of it does that was
 * not carried out yet. @throws SyncError
 */
export async function* rehearse(
  context: Context,
  rehearsal: Rehearsal,
  signal: AbortSignal,
  file?: MappingFile,
): AsyncGenerator<PlannedStep> {
  if (rehearsal.kind === 'resync') return yield* planResync(context, rehearsal.options, signal)
  const change = file ? await changeOfMapping(context, file.definition) : null
  const ofChange = new Map<string, PlannedStep>()
  if (change) for await (const step of planMappingChange(context, change, signal)) ofChange.set(nameOf(step), step)
  for await (const step of planSync(context, signal)) {
    const other = ofChange.get(nameOf(step))
    ofChange.delete(nameOf(step))
    // One record is written once.
    if (!other) yield step
    else yield { ...step, before: { ...other.before, ...step.before }, after: { ...other.after, ...step.after } }
  }
  yield* ofChange.values()
}

function nameOf({ action, side, odooId }: PlannedStep): string {
  return `${action} ${side} ${odooId}`
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
  file?: MappingFile,
): Promise<DryRun> {
  const steps: PlannedStep[] = []
  const sums: Partial<Record<PlannedStep['action'], number>> = {}
  let found = 0
  for await (const step of rehearse(context, rehearsal, signal, file)) {
    found += 1
    sums[step.action] = (sums[step.action] ?? 0) + 1
    if (steps.length < limit) steps.push(step)
    onProgress(found)
  }
  return { mapping: context.mapping.name, steps, sums }
}
