/**
 * How many records one call may carry, as plain data: halved when a call was too much for the other side (it took too
 * long, or was refused for its size), and grown back when full calls of the smaller size succeed.
 */
export interface LoadSize {
  /** null: as many as are asked for. */
  readonly limit: number | null
  /** Full calls that succeeded since the limit last changed. */
  readonly successes: number
  /** So many are needed before it grows; doubles each time growing was too much, so that a fixed limit is rarely hit. */
  readonly patience: number
  /** Since the limit last grew, no full call has succeeded. */
  readonly isTrying: boolean
}

const FIRST_PATIENCE = 4
const MOST_PATIENCE = 64
const GROWTH = 1.5

export const UNLIMITED: LoadSize = { limit: null, successes: 0, patience: FIRST_PATIENCE, isTrying: false }

/** How many of `wanted` to send in one call. */
export function loadOf(size: LoadSize, wanted: number): number {
  return size.limit === null ? wanted : Math.min(wanted, size.limit)
}

/** After a call with `sent` records that was too much. A single record cannot be made smaller. */
export function shrink(size: LoadSize, sent: number): LoadSize {
  // A call that was begun before the limit fell says nothing new.
  if (size.limit !== null && sent > size.limit) return size
  const patience = size.isTrying ? Math.min(MOST_PATIENCE, size.patience * 2) : size.patience
  return { limit: Math.max(1, Math.floor(sent / 2)), successes: 0, patience, isTrying: false }
}

/** After a call with `sent` records that succeeded. */
export function grow(size: LoadSize, sent: number): LoadSize {
  if (size.limit === null || sent < size.limit) return size
  const successes = size.successes + 1
  if (successes < size.patience) return { ...size, successes, isTrying: false }
  return { ...size, limit: Math.ceil(size.limit * GROWTH), successes: 0, isTrying: true }
}
