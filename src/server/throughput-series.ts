import { THROUGHPUT_SLICE_MS, type Throughput } from '../ledger/throughput.ts'
import type { Side } from '../mapping/mapping.ts'

export const DAY_MS = 24 * 60 * 60_000

/** What was applied in equal slices of time, oldest first; empty slices are 0. */
export interface Series {
  readonly sliceMs: number
  /** When each slice begins. */
  readonly atMs: readonly number[]
  readonly odoo: readonly number[]
  readonly external: readonly number[]
}

/** The last day up to now in slices of `sliceMs`, a multiple of what the ledger keeps. */
export function lastDay(notes: readonly Throughput[], nowMs: number, sliceMs: number): Series {
  const last = Math.floor(nowMs / sliceMs)
  const first = Math.floor((nowMs - DAY_MS) / sliceMs) + 1
  const empty = () => Array<number>(last - first + 1).fill(0)
  const sums: Record<Side, number[]> = { odoo: empty(), external: empty() }
  for (const { atMs, side, applied } of notes) {
    const place = Math.floor(atMs / sliceMs) - first
    const sum = sums[side][place]
    if (sum !== undefined) sums[side][place] = sum + applied
  }
  const atMs = sums.odoo.map((_, place) => (first + place) * sliceMs)
  return { sliceMs, atMs, ...sums }
}

/** From when on the ledger is asked for the last day. */
export function dayBefore(nowMs: number): number {
  return nowMs - DAY_MS - THROUGHPUT_SLICE_MS
}

export function totalOf({ odoo, external }: Series): number {
  return [...odoo, ...external].reduce((sum, value) => sum + value, 0)
}
