import type { Layouts } from './layout.ts'
import type { Store } from './store.ts'

/** What every part of the ledger works on. */
export interface Tables {
  readonly store: Store
  readonly layouts: Layouts
  readonly floors: Floors
}

/**
 * For each mapping and lane: every change of the queue up to this turn belongs to a record with an open intent. Saves
 * `take` from looking at them again and again. Forgotten when an intent is closed, when a change comes back into the
 * queue at its old turn, and when another process has written.
 */
export interface Floors {
  get(mapping: number, lane: number): number
  set(mapping: number, lane: number, turn: number): void
  clear(): void
}

export function createFloors(store: Store): Floors {
  const turns = new Map<number, number>()
  let version = -1
  const name = (mapping: number, lane: number) => mapping * 4 + lane
  return {
    get(mapping, lane) {
      const now = store.dataVersion()
      if (now !== version) turns.clear()
      version = now
      return turns.get(name(mapping, lane)) ?? 0
    },
    set: (mapping, lane, turn) => void turns.set(name(mapping, lane), turn),
    clear: () => turns.clear(),
  }
}
