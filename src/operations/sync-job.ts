import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import { confirmGuards } from '../engine/guard.ts'
import type { Runner } from '../engine/runner.ts'

/** Brings a mapping in step once. */
export interface SyncJob {
  readonly kind: 'sync'
  readonly mapping: string
  readonly sweeps: boolean
  readonly confirms: boolean
}

/** @throws SyncError why the mapping is paused, or what stopped the run. */
export async function syncOnce({ context, runNow }: Runner, job: SyncJob): Promise<Readonly<Record<string, Value>>> {
  const confirmed = job.confirms ? await confirmGuards(context) : []
  const { pause } = await context.ledger.state(context.mapping.name)
  if (pause) throw new SyncError(pause.code, pause.message, pause.hint === null ? {} : { hint: pause.hint })
  const { sweeps } = await runNow({ depth: 'deep', sweeps: job.sweeps })
  return { confirmed: [...confirmed], sweeps: { ...sweeps } as Value }
}
