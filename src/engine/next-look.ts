import type { Context } from './context.ts'
import { deletesAllowed } from './guard.ts'
import { pauseOf } from './may-run.ts'
import type { RunMemory } from './run-memory.ts'

const SOONEST_MS = 20

/**
 * In how many milliseconds a mapping has to be looked at again, whatever its schedule says: a run that failed, a retry, a step,
 * something told or something in doubt (`lookAgainMs`) is due then. null: nothing is, or it is paused.
 */
export async function nextLookInMs(
  context: Context,
  memory: RunMemory,
  lookAgainMs: number | null,
): Promise<number | null> {
  const { ledger, mapping, clock } = context
  const nowMs = clock.nowMs()
  const { notBeforeMs, failures, pause } = await ledger.state(mapping.name)
  if (pause || (await pauseOf(context))) return null
  // A failed run is tried again, also where its wait is over by now.
  if (failures > 0 || notBeforeMs > nowMs) return Math.max(SOONEST_MS, notBeforeMs - nowMs)
  const due = [
    await ledger.nextDueMs(mapping.name, await deletesAllowed(context, memory)),
    mapping.steps.length > 0 ? await ledger.nextStepDueMs(mapping.name) : null,
    await ledger.nextArrivalMs(mapping.name),
    lookAgainMs === null ? null : nowMs + lookAgainMs,
  ].filter((atMs) => atMs !== null)
  return due.length === 0 ? null : Math.max(SOONEST_MS, Math.min(...due) - nowMs)
}
