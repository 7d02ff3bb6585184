import type { Change } from '../contract/change.ts'
import type { Side } from '../mapping/mapping.ts'

/** What a system told by itself: a webhook that was acknowledged, a message of a bus. */
export interface NewArrival {
  readonly mapping: string
  readonly side: Side
  readonly change: Change
  /** The event that told it, as a name of at most some dozen characters; absent: it has none. */
  readonly event?: string
}

/**
 * At most one for each record and side. Where more was told than one state, it is the one that is surely newer, or else a
 * hint: the record is looked at.
 */
export interface Arrival {
  readonly side: Side
  readonly change: Change
  /** Grows with everything that is told: tells whether an arrival is still the one that was looked at. */
  readonly seq: number
  /** How often it was looked at and showed nothing new. */
  readonly attempts: number
  readonly receivedAtMs: number
}

/** How far a side's line was heard: see `Feed.listen`. */
export interface HeardPosition {
  readonly mapping: string
  readonly side: Side
  readonly position: string
}
