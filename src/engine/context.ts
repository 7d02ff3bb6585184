import type { RecordId } from '../contract/change.ts'
import type { Collection, Schema } from '../contract/connector.ts'
import type { Fields } from '../contract/value.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Mapping, Side } from '../mapping/mapping.ts'
import type { Around } from './activity.ts'
import type { CrashPoint } from './crash-points.ts'
import type { LookupCache } from './lookup-cache.ts'

export interface Clock {
  /** Milliseconds since 1970; may jump. For what people read and what must survive a restart. */
  nowMs(): number
  /** Milliseconds that only move forward; the zero means nothing. For intervals. */
  monotonicMs(): number
  /** Resolves after `ms`, or rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** Something that a person who watches would like to read. */
export interface SyncEvent {
  readonly mapping: string
  readonly kind:
    | 'created'
    | 'updated'
    | 'archived'
    | 'removed'
    | 'adopted'
    /** A step was called. */
    | 'step'
    | 'merged'
    | 'conflict'
    | 'lost'
    | 'dead'
    | 'retry'
    | 'waiting'
    | 'guard'
    | 'lost-memory'
    | 'paused'
    | 'resumed'
    | 'run'
  /** The side that was written. */
  readonly side: Side | null
  readonly odooId: RecordId | null
  readonly externalId: RecordId | null
  readonly key: string | null
  /** When the first of the changes that caused it was captured, where it came of one. */
  readonly capturedAtMs?: number
  readonly fields?: Fields
  readonly before?: Fields
  readonly message?: string
}

/** One side of a mapping, connected. */
export interface ConnectedSide {
  readonly connection: string
  readonly collection: Collection
  /** The same records with the fields that the mapping's steps read; null: it has no steps, or none of them reads here. */
  readonly stepRecords: Collection | null
  readonly schema: Schema
  /** The side's clock minus ours; 0 while it is not known. */
  readonly clockOffsetMs: () => number
}

export interface EngineOptions {
  /** How long an intent in doubt that cannot be found is taken to be still under way. */
  readonly doubtGraceMs: number
  /** The first pause after a failure of one record; doubles up to `backoffMaxMs`. */
  readonly backoffMs: number
  readonly backoffMaxMs: number
  /** A page of at least so many new records is dealt with at once; a smaller one is staged first. */
  readonly directFrom: number
  /** Whether the history keeps values. */
  readonly keepsValues: boolean
}

/** Everything that the functions of the engine need for one mapping. Nothing here changes during a run. */
export interface Context {
  readonly mapping: Mapping
  readonly sides: Readonly<Record<Side, ConnectedSide>>
  readonly ledger: Ledger
  readonly lookups: LookupCache
  readonly clock: Clock
  /** From 0 (included) to 1 (excluded). */
  readonly random: () => number
  readonly options: EngineOptions
  readonly emit: (event: SyncEvent) => void
  /** Watches runs. */
  readonly around: Around
  /** Ends the process there when a test asked for it. */
  readonly crashPoint: (point: CrashPoint) => void
  /** Tells that changes of these mappings may have become due. */
  readonly wake: (mappings: readonly string[]) => void
}
