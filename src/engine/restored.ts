import type { Ledger } from '../ledger/ledger.ts'
import { POSITION } from './compare.ts'
import type { Context } from './context.ts'
import { LAST_SWEEP, type RunOptions } from './run.ts'

/** The note of a mapping whose ledger was put back from a backup: when. Kept until both sides were compared in full. */
const RESTORED = 'ledger:restoredMs'

/** Marks every mapping of a ledger that was put back, before anybody works with it. May be repeated. */
export async function markRestored(ledger: Ledger, nowMs: number): Promise<void> {
  for (const mapping of await ledger.mappings()) {
    const { [LAST_SWEEP]: _, ...notes } = (await ledger.state(mapping)).notes
    await ledger.updateState(mapping, { notes: { ...notes, [POSITION]: 0, [RESTORED]: nowMs }, notBeforeMs: 0 })
  }
}

/**
 * What happened after the backup is in neither cursor nor change log any more: a run with such a ledger reads both listings and
 * compares every pair. What was made since is found by its key before anything is created, as always.
 */
export async function optionsOfRestored(context: Context, options: RunOptions): Promise<RunOptions | null> {
  const { ledger, mapping } = context
  const restoredMs = (await ledger.state(mapping.name)).notes[RESTORED]
  if (typeof restoredMs !== 'number') return null
  const when = new Date(restoredMs).toISOString().slice(0, 19).replace('T', ' ')
  const message =
    `the ledger was put back from a backup on ${when}Z. Both sides are compared in full now; what was made since is found ` +
    `by its key, and nothing is made twice. A record that was deleted since may come back: compare with tandem verify ${mapping.name}`
  const ids = { odooId: null, externalId: null, key: null }
  context.emit({ mapping: mapping.name, kind: 'lost-memory', side: null, ...ids, message })
  return { ...options, depth: 'deep', sweeps: true, compares: Number.POSITIVE_INFINITY }
}

/** After that run. */
export async function forgetRestored({ ledger, mapping }: Context): Promise<void> {
  const { [RESTORED]: _, ...notes } = (await ledger.state(mapping.name)).notes
  await ledger.updateState(mapping.name, { notes })
}
