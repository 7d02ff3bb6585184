import type { Change, RecordId, Version } from './change.ts'

/** How far a feed has been read. Only the feed that made it understands it; the ledger keeps it as it is. */
export type Cursor = string

export interface ReadRequest {
  /** The cursor of the last page; null: from the start. Unless `readsAhead`, it also says that everything up to it is stored. */
  readonly cursor: Cursor | null
  /** At most this many changes. */
  readonly limit: number
  /**
   * `tail`: what is new, as cheaply as can be; asked every few seconds. `deep`: also what may have appeared behind the
   * cursor (transactions that were open while it moved); asked every minute or so. A feed that cannot miss anything
   * treats both alike. A scan that was begun at one depth is finished at it, whatever is asked meanwhile.
   */
  readonly depth: 'tail' | 'deep'
  /** A clock that only moves forward, in milliseconds; its zero means nothing. */
  readonly nowMs: number
}

export interface Page {
  readonly changes: readonly Change[]
  /** Stored in the same transaction as the changes, and handed to the next read. */
  readonly cursor: Cursor
  /** True: this scan is done. False: there is more, read again at once. */
  readonly caughtUp: boolean
}

export interface Listing {
  readonly entries: readonly { readonly id: RecordId; readonly version: Version }[]
  /** Hand it to the next call; null: that was the last page. */
  readonly after: string | null
}

/** Reads the changes of a collection. Every method may be repeated at any time; re-reading is always safe. */
export interface Feed {
  /**
   * Reading consumes nothing: a page may be asked for before the one before it is stored. Where it is not true, `cursor`
   * is only ever one that was stored.
   */
  readonly readsAhead?: boolean
  /** The next page after `request.cursor`. @throws SyncError; then nothing was consumed. */
  read(request: ReadRequest, signal: AbortSignal): Promise<Page>
  /**
   * Every id in the collection with its version, in a stable order of ids, for the sweep. A record that exists from the
   * first to the last page is listed exactly once, whatever else happens meanwhile. Absent: the system cannot list.
   */
  list?(after: string | null, limit: number, signal: AbortSignal): Promise<Listing>
  /**
   * Calls `wake` soon after something changed, until `signal` aborts. Only a hint to read now: it may come late, often or
   * never. Resolves when the signal aborts; throws when the subscription broke, and the engine subscribes again.
   */
  watch?(wake: () => void, signal: AbortSignal): Promise<void>
  /**
   * Hands over what the system tells by itself, until `signal` aborts, over a line that is opened from our side. `from`:
   * the position that was handed over last; what was told meanwhile comes first, as far as the system still has it.
   * `hear` resolves when it is stored; an equal message may come again. Resolves when the signal aborts; throws when the
   * line broke, and the engine opens it again later and reads the feed, since messages may be missing.
   */
  listen?(from: string | null, hear: Hear, signal: AbortSignal): Promise<void>
  /**
   * What there is to say of these records now: a state for each that is in the collection, `gone` for each that does not
   * exist, nothing for one that is outside of the collection's filter. May be repeated. Absent: the sink is asked.
   * Of a place that was told as `broken`: that again, the states of the records that it turned out to hold, or `gone`.
   */
  look?(ids: readonly RecordId[], signal: AbortSignal): Promise<readonly Change[]>
}

/** Stores what was told, and how far. @throws SyncError `ledger`; then nothing is stored. */
export type Hear = (changes: readonly Change[], position: string) => Promise<void>
