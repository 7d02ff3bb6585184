import type { RecordId, RecordState } from '../contract/change.ts'
import type { Side } from '../mapping/mapping.ts'
import { changedRules, type Known } from './capture.ts'
import type { Context } from './context.ts'

/** Clocks are compared to about a second, and a batch may commit a little after it was last heard of. */
const MARGIN_MS = 10_000

/**
 * Notices that the ledger is older than what was done with it: a backup of it was put back, or another Tandem works as the
 * same user. Nothing is doubled or lost by that, since what exists is found by key; but a person should know why both
 * sides are compared anew.
 */
export interface LostMemory {
  /** Looks at states that a feed brought. Tells once. */
  look(context: Context, side: Side, states: readonly RecordState[], known: ReadonlyMap<RecordId, Known>): void
}

/** Nothing to compare with: this mapping never ran, or a crash explains what we do not remember. */
const NO_MEMORY: LostMemory = { look: () => {} }

/** Asked at the first run of a process, before anything is settled. */
export async function rememberLastActivity({ ledger, mapping, clock }: Context): Promise<LostMemory> {
  if ((await ledger.openIntents(mapping.name)).length > 0) return NO_MEMORY
  const { lastRunAtMs } = await ledger.state(mapping.name)
  const [newest] = await ledger.history(mapping.name, { limit: 1 })
  const activeUntilMs = Math.max(lastRunAtMs ?? 0, newest?.atMs ?? 0)
  if (activeUntilMs === 0) return NO_MEMORY
  const startedMs = clock.nowMs()
  let isTold = false
  return {
    look(context, side, states, known) {
      if (isTold) return
      const offsetMs = context.sides[side].clockOffsetMs()
      const forgotten = states.find((state) => {
        if (state.byUs !== true || state.changedAtMs === null) return false
        const atMs = state.changedAtMs - offsetMs
        if (atMs <= activeUntilMs + MARGIN_MS || atMs >= startedMs) return false
        const link = known.get(state.id)?.link ?? null
        return link === null || changedRules(context.mapping.fields, side, state, link).length > 0
      })
      if (!forgotten) return
      isTold = true
      const time = (ms: number): string => new Date(ms).toISOString()
      const [odooId, externalId] = side === 'odoo' ? [forgotten.id, null] : [null, forgotten.id]
      const message =
        `our own user wrote this on ${time((forgotten.changedAtMs ?? 0) - offsetMs)}, and the ledger ends on ` +
        `${time(activeUntilMs)}: it is an old backup, or another Tandem works as the same user. What exists is found by ` +
        `its key, and nothing is made twice; compare both sides with: tandem verify ${context.mapping.name}`
      context.emit({ mapping: context.mapping.name, kind: 'lost-memory', side, odooId, externalId, key: null, message })
    },
  }
}
