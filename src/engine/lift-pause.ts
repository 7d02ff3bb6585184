import type { Ledger } from '../ledger/ledger.ts'

/** Pauses that a start lifts: what caused them was looked at again when the mapping was connected. */
const LIFTED_AT_START = ['unauthorized', 'forbidden', 'schema', 'config', 'ledger', 'identity']

/** Lets a mapping run again whose pause had a cause that was just looked at. May be repeated. */
export async function liftPause(ledger: Ledger, mapping: string): Promise<void> {
  const { pause } = await ledger.state(mapping)
  const isLifted = pause !== null && LIFTED_AT_START.includes(pause.code)
  await ledger.updateState(mapping, { notBeforeMs: 0, ...(isLifted ? { pause: null } : {}) })
}
