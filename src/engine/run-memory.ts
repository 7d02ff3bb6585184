import type { Side } from '../mapping/mapping.ts'
import type { LostMemory } from './lost-memory.ts'
import { newWriteLog, type WriteLog } from './write-log.ts'

/** What a mapping remembers while its process lives, from run to run. */
export interface RunMemory {
  /** Deletes that were carried out: to see a crowd that comes in small groups. */
  readonly removals: { readonly atMs: number; readonly side: Side }[]
  /** Updates of linked records since the run began. */
  updates: number
  readonly writes: WriteLog
  /** Made by the first run. */
  lostMemory: LostMemory | null
  /** Told to end soon: what is under way is finished, and nothing new is begun. */
  readonly isStopping: () => boolean
}

export function newRunMemory(isStopping: () => boolean = () => false): RunMemory {
  return { removals: [], updates: 0, lostMemory: null, writes: newWriteLog(), isStopping }
}
