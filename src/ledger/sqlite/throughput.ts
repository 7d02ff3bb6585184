import { THROUGHPUT_SLICE_MS, type Throughput } from '../throughput.ts'
import { nameAt, SIDE_NAMES } from './codes.ts'
import type { Store } from './store.ts'

const NOTE = `INSERT INTO throughput (mapping, side, slot, captured, applied) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET captured = captured + excluded.captured, applied = applied + excluded.applied`

/** Part of the transaction that captures or applies: one row for each slice of time, whatever the number of records. */
export function noteThroughput(
  store: Store,
  mapping: number,
  side: number,
  atMs: number,
  { captured, applied }: Pick<Throughput, 'captured' | 'applied'>,
): void {
  if (captured === 0 && applied === 0) return
  store.run(NOTE, mapping, side, Math.floor(atMs / THROUGHPUT_SLICE_MS), captured, applied)
}

export function readThroughput(store: Store, mapping: number, sinceMs: number): readonly Throughput[] {
  const sql = 'SELECT slot, side, captured, applied FROM throughput WHERE mapping = ? AND slot >= ? ORDER BY slot, side'
  return store
    .all<{ slot: number; side: number; captured: number; applied: number }>(sql, mapping, slotOf(sinceMs))
    .map(({ slot, side, captured, applied }) => ({
      atMs: slot * THROUGHPUT_SLICE_MS,
      side: nameAt(SIDE_NAMES, side),
      captured,
      applied,
    }))
}

export function pruneThroughput(store: Store, beforeMs: number): void {
  store.run('DELETE FROM throughput WHERE slot < ?', slotOf(beforeMs))
}

function slotOf(ms: number): number {
  return Math.floor(ms / THROUGHPUT_SLICE_MS)
}
