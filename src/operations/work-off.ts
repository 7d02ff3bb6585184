import type { Context } from '../engine/context.ts'
import type { RunMemory } from '../engine/run-memory.ts'
import { workOnce } from '../engine/work.ts'
import type { StoredChange } from '../ledger/change.ts'
import type { Side } from '../mapping/mapping.ts'

/** Carries out what is due, until nothing is. @throws SyncError when the run has to stop; what was done is stored. */
export async function workOff(context: Context, memory: RunMemory, signal: AbortSignal): Promise<void> {
  while (!memory.isStopping() && (await workOnce(context, memory, signal)) > 0);
}

/** What is still to be done about a record after that; null: nothing. */
export async function leftOf(
  { ledger, mapping }: Context,
  ids: Readonly<Record<Side, string | null>>,
): Promise<StoredChange | null> {
  for (const side of ['odoo', 'external'] as const) {
    const id = ids[side]
    if (id === null) continue
    const change = (await ledger.known(mapping.name, side, [id])).get(id)?.change
    if (change) return change
  }
  return null
}
