import type { Context } from './context.ts'
import { findCycles } from './cycles.ts'

const MAX_WAITS = 100_000

/** Lets records that wait for each other in a circle be created without their references. True: there were some. */
export async function releaseCycles(context: Context): Promise<boolean> {
  const { ledger, mapping } = context
  if ((await ledger.countChanges(mapping.name, { state: 'waiting' })) === 0) return false
  const cycles = findCycles(await ledger.waits(MAX_WAITS))
  const own = cycles.filter((change) => change.mapping === mapping.name)
  if (own.length === 0) return false
  await ledger.releaseCycle(own)
  return true
}
