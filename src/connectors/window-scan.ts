import { SyncError } from '../contract/error.ts'
import type { Cursor } from '../contract/feed.ts'

/**
 * The arithmetic of reading changes by "when it last changed" where rows appear late: a stamp is the time at which a
 * transaction began, and its rows become visible when it commits. A scan pages over every row with `stamp >= low` in
 * the order of ids, and its position is in the cursor, so that a restart goes on in the middle. Nothing here knows the
 * daemon's clock: all times are the database's own.
 *
 * Why nothing is missed: a scan that starts when the database's clock shows at least `floor` sees every row that was
 * committed by then. What it cannot see commits later, and so has a stamp of at least `floor` minus the length of its
 * transaction. The next `tail` scan begins at `floor - marginMs`, the next `deep` one at `floor - overlapMs`.
 */
export interface ScanOptions {
  /** Stamps are whole multiples of this. */
  readonly resolutionMs: number
  /**
   * How far a tail scan reaches back. At least twice the resolution: a row whose version is not yet final must come
   * again when it is.
   */
  readonly marginMs: number
  /** How far a deep scan reaches back: the longest transaction that is surely captured. */
  readonly overlapMs: number
}

export interface Scan {
  /** `first`: every row, in full. The others: rows from `lowMs` on, ids and stamps are enough. */
  readonly kind: 'first' | 'tail' | 'deep'
  /** Read rows with a stamp at or after this; null: all rows. */
  readonly lowMs: number | null
  /** Read ids after this; null: from the smallest. */
  readonly last: string | null
  /** The least that the database's clock showed when this scan began; null: unknown. */
  readonly floorMs: number | null
  /** Where the next tail and deep scans begin when this scan's own floor is unknown. */
  readonly tailLowMs: number | null
  readonly deepLowMs: number | null
}

/** The cursor's text, as JSON. `scan` is there while a scan is under way. */
interface Position {
  readonly v: 1
  readonly tail: number | null
  readonly deep: number | null
  /** The floor of the last scan: still a lower bound for the database's clock after a restart. */
  readonly floor: number | null
  readonly scan?: { kind: Scan['kind']; low: number | null; last: string | null; floor: number | null }
}

/**
 * The scan to go on with, or a new one of the given depth.
 * @param floorMs a time that the database's clock has surely reached; null: nothing is known.
 * @throws SyncError `ledger` for a cursor that is not from here.
 */
export function resumeScan(
  cursor: Cursor | null,
  depth: 'tail' | 'deep',
  floorMs: number | null,
  options: ScanOptions,
): Scan {
  if (cursor === null) {
    return { kind: 'first', lowMs: null, last: null, floorMs, tailLowMs: null, deepLowMs: null }
  }
  const position = parsePosition(cursor)
  const bounds = { tailLowMs: position.tail, deepLowMs: position.deep }
  const { scan } = position
  if (scan !== undefined) {
    return { kind: scan.kind, lowMs: scan.low, last: scan.last, floorMs: scan.floor, ...bounds }
  }
  const low = depth === 'deep' ? position.deep : position.tail
  const lowMs = low === null ? null : Math.floor(low / options.resolutionMs) * options.resolutionMs
  return { kind: depth, lowMs, last: null, floorMs, ...bounds }
}

/** A cursor with nothing before it to read: what counts is what changes from `floorMs` on. null: everything does. */
export function startScan(floorMs: number | null, options: ScanOptions): Cursor {
  const tail = later(null, floorMs, options.marginMs)
  return formatPosition({ v: 1, tail, deep: later(null, floorMs, options.overlapMs), floor: floorMs })
}

/** The cursor of another scan that has to read what the one of `cursor` has still to read. @throws SyncError `ledger`. */
export function restartScan(cursor: Cursor): Cursor {
  const { tail, deep, floor } = parsePosition(cursor)
  return formatPosition({ v: 1, tail, deep, floor })
}

/** The cursor after a page of `scan`. `last`: the page's last id; null: the scan is done. */
export function advanceScan(scan: Scan, last: string | null, options: ScanOptions): Cursor {
  if (last !== null) {
    const { kind, lowMs: low, floorMs: floor } = scan
    return formatPosition({
      v: 1,
      tail: scan.tailLowMs,
      deep: scan.deepLowMs,
      floor,
      scan: { kind, low, last, floor },
    })
  }
  const { floorMs } = scan
  const isDeep = scan.kind !== 'tail'
  return formatPosition({
    v: 1,
    tail: later(scan.tailLowMs, floorMs, options.marginMs),
    deep: isDeep ? later(scan.deepLowMs, floorMs, options.overlapMs) : scan.deepLowMs,
    floor: floorMs,
  })
}

/** A time that the database's clock had passed when this cursor was made, for a reader that knows nothing yet. */
export function cursorFloorMs(cursor: Cursor | null): number | null {
  return cursor === null ? null : parsePosition(cursor).floor
}

/** Bounds only move forward. An unknown floor leaves them where they are: rows are read again, never skipped. */
function later(low: number | null, floorMs: number | null, backMs: number): number | null {
  if (floorMs === null) return low
  return low === null ? floorMs - backMs : Math.max(low, floorMs - backMs)
}

function formatPosition(position: Position): Cursor {
  return JSON.stringify(position)
}

function parsePosition(cursor: Cursor): Position {
  try {
    const position: unknown = JSON.parse(cursor)
    if (isPosition(position)) return position
  } catch (cause) {
    throw unknownCursor(cause)
  }
  throw unknownCursor(undefined)
}

function unknownCursor(cause: unknown): SyncError {
  return new SyncError('ledger', 'The stored reading position is not one that this program understands', {
    cause,
    hint: 'It was stored by another version or connector: run `tandem resync` for the mapping to read from the start.',
  })
}

function isPosition(value: unknown): value is Position {
  if (typeof value !== 'object' || value === null) return false
  const { v, tail, deep, floor, scan } = value as Partial<Record<keyof Position, unknown>>
  return v === 1 && isTime(tail) && isTime(deep) && isTime(floor) && (scan === undefined || isScan(scan))
}

function isScan(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { kind, low, last, floor } = value as Record<string, unknown>
  return /^(first|tail|deep)$/.test(String(kind)) && isTime(low) && isTime(floor) && typeof last === 'string'
}

function isTime(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && Number.isFinite(value))
}
