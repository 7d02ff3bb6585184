import type { Ledger } from '../ledger/ledger.ts'
import type { Context } from './context.ts'

/** Pauses that a start lifts: what caused them was looked at again when the mapping was connected. */
const LIFTED_AT_START = ['unauthorized', 'forbidden', 'schema', 'config', 'ledger', 'identity']

/** Lets a mapping run again whose pause had a cause that was just looked at. May be repeated. */
export async function liftPause(ledger: Ledger, mapping: string): Promise<void> {
  const { pause } = await ledger.state(mapping)
  const isLifted = pause !== null && LIFTED_AT_START.includes(pause.code)
  await ledger.updateState(mapping, { notBeforeMs: 0, ...(isLifted ? { pause: null } : {}) })
}

/** Pauses that end when the other system was mended, which nobody tells us of. */
const MENDED_ELSEWHERE = ['unauthorized', 'forbidden', 'schema', 'identity']

/**
 * Lifts a pause of at least `afterMs` that another system caused, for one run: if the cause is still there, it pauses again.
 * @returns whether it was lifted.
 */
export async function liftToProbe({ ledger, mapping, clock }: Context, afterMs: number): Promise<boolean> {
  const { pause } = await ledger.state(mapping.name)
  if (!pause || !MENDED_ELSEWHERE.includes(pause.code) || clock.nowMs() - pause.sinceMs < afterMs) return false
  await ledger.updateState(mapping.name, { pause: null })
  return true
}
