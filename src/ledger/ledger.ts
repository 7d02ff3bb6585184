/**
 * What Tandem remembers. Every method is one transaction: it happens whole, durably (an fsync before it resolves where
 * it writes), or not at all. Nothing outside `src/ledger/` knows SQL. Times are milliseconds since 1970.
 *
 * Vocabulary: a *change* is a record's captured state that is not applied yet, at most one for each record and side (a
 * newer one supersedes it); an *intent* is an operation that may have been sent; a *link* joins two records; an *arrival*
 * is what a system told us by itself and no run has looked at yet.
 */
import type { RecordId, Version } from '../contract/change.ts'
import type { Cursor } from '../contract/feed.ts'
import type { Value } from '../contract/value.ts'
import type { RecordRef, Side } from '../mapping/mapping.ts'
import type { Arrival, HeardPosition, NewArrival } from './arrival.ts'
import type { ChangeRef, ChangeState, StoredChange } from './change.ts'
import type { Counts } from './counts.ts'
import type { Fault } from './fault.ts'
import type { HistoryEntry, StoredHistoryEntry } from './history.ts'
import type { Intent, NewIntent } from './intent.ts'
import type { Link } from './link.ts'
import type { MappingState } from './mapping-state.ts'
import type { Request } from './request.ts'
import type { Settlement } from './settlement.ts'
import type { Staging } from './staging.ts'
import type { StepOutcome, StepState, StepTask } from './step.ts'
import type { Throughput } from './throughput.ts'
import type { Work } from './work.ts'

export interface Ledger extends AsyncDisposable {
  /** Which program and schema wrote it, and a name of its own that a copy keeps. */
  readonly about: { readonly schema: number; readonly program: string; readonly identity: string }

  /**
   * Makes a mapping known under its fields' names, in their order. Links written with other fields before are read in
   * this order from now on; a field that is new has UNKNOWN_FINGERPRINT. Must precede every other use of that mapping.
   */
  openMapping(mapping: string, fieldNames: readonly string[]): Promise<void>

  cursor(mapping: string, side: Side): Promise<Cursor | null>
  /** Forgets how far a feed was read (null), or sets it back. */
  setCursor(mapping: string, side: Side, cursor: Cursor | null): Promise<void>

  /** What is known of these records. Those of which nothing is are left out. */
  known(
    mapping: string,
    side: Side,
    ids: readonly RecordId[],
  ): Promise<ReadonlyMap<RecordId, { readonly link: Link | null; readonly change: StoredChange | null }>>
  links(mapping: string, side: Side, ids: readonly RecordId[]): Promise<ReadonlyMap<RecordId, Link>>
  /** The live links of the records into which these were merged. */
  survivors(mapping: string, side: Side, ids: readonly RecordId[]): Promise<ReadonlyMap<RecordId, Link>>
  linksByKey(mapping: string, keys: readonly string[]): Promise<ReadonlyMap<string, readonly Link[]>>
  /** Links in the order of their ids, for comparisons. */
  linksAfter(mapping: string, afterLinkId: number, limit: number): Promise<readonly Link[]>
  /**
   * Some of the records with a live link: one half from the links that were made last, the other from all over. It is
   * enough that the mapping was opened once, in any process.
   */
  sampleIds(mapping: string, side: Side, limit: number): Promise<readonly RecordId[]>
  /** Links that are not tombstones. */
  countLinks(mapping: string): Promise<number>

  /**
   * Stores what was told, all of it or nothing, and with `position` how far. Mappings need not be open yet. An arrival
   * for a record that has one already joins it. Of an event that was received before, in any call, nothing is stored.
   */
  receive(arrivals: readonly NewArrival[], nowMs: number, position?: HeardPosition): Promise<void>
  /** Arrivals that are due, oldest first. */
  arrivals(mapping: string, nowMs: number, limit: number): Promise<readonly Arrival[]>
  /** When the next arrival is due, 0 for at once; null: there is none. */
  nextArrivalMs(mapping: string): Promise<number | null>
  countArrivals(mapping: string): Promise<number>
  heardPosition(mapping: string, side: Side): Promise<string | null>

  /** Stores changes and the cursor that moved past them. A change whose record has one already supersedes it. */
  stage(mapping: string, staging: Staging): Promise<void>
  /**
   * Pending changes that are due, oldest first, at most `limit` of them, each with the change of its link's other side
   * (due or not). Never a record that has an open intent. `skipGone`: sides whose deletes are held back by a guard,
   * with the seq up to which a person has agreed.
   */
  take(
    mapping: string,
    nowMs: number,
    limit: number,
    skipGone?: Partial<Record<Side, number>>,
  ): Promise<readonly Work[]>
  /** When the next change that `take` may give is due, 0 for at once; null: there is none. */
  nextDueMs(mapping: string, skipGone?: Partial<Record<Side, number>>): Promise<number | null>
  countChanges(mapping: string, filter: { side?: Side; state?: ChangeState; kind?: 'state' | 'gone' }): Promise<number>
  /** The highest seq given so far. */
  lastSeq(mapping: string): Promise<number>

  /** Writes intents before their calls are made. The ids are in the same order. */
  intend(mapping: string, intents: readonly NewIntent[], nowMs: number): Promise<readonly number[]>
  /** Every open intent, oldest first. */
  openIntents(mapping: string): Promise<readonly Intent[]>
  /**
   * Records the outcome of a batch: kept and resolved changes, links, history and counters. Changes of any mapping that
   * wait for a record which got its link here become pending; their mappings are the answer.
   * @throws SyncError `key` when a link would join a record that is linked already; then nothing was written.
   */
  settle(mapping: string, settlement: Settlement): Promise<readonly string[]>

  /**
   * Records whose steps are due, longest due first, at most `limit`. Never one with a change that is not settled
   * (discarded ones do not count) or with an open intent: its fields come first.
   */
  takeSteps(mapping: string, nowMs: number, limit: number): Promise<readonly StepTask[]>
  /** When `takeSteps` may give one, 0 for at once; null: there is none. */
  nextStepDueMs(mapping: string): Promise<number | null>
  /** Writes that `step` may be called from now on, before the call is made. */
  beginStep(mapping: string, linkId: number, step: string, nowMs: number): Promise<void>
  settleSteps(mapping: string, outcomes: readonly StepOutcome[], history: readonly HistoryEntry[]): Promise<void>
  /** Tasks in a state, newest first. */
  steps(
    mapping: string,
    filter: { state?: StepState; side?: Side; id?: RecordId; afterSeq?: number; limit: number },
  ): Promise<readonly StepTask[]>
  countSteps(mapping: string, state: StepState): Promise<number>

  /** All waiting changes with what they wait for, over all mappings: to find cycles. At most `limit`. */
  waits(limit: number): Promise<readonly { readonly change: RecordRef; readonly waitsFor: readonly RecordRef[] }[]>
  /** Makes waiting changes pending although what they wait for has no link, to be created without those references. */
  releaseCycle(changes: readonly RecordRef[]): Promise<void>
  /** Waiting changes captured before `capturedBeforeMs` become dead letters. The answer is how many. */
  expireWaiting(mapping: string, capturedBeforeMs: number, fault: Fault, nowMs: number): Promise<number>

  /** Begins a sweep of a side, or goes on with the one that was interrupted: the answer is where to go on (null: start). */
  beginSweep(mapping: string, side: Side, fresh: boolean): Promise<string | null>
  /** Marks a page as listed and says which of its records are unknown or have another version. */
  sweepPage(
    mapping: string,
    side: Side,
    entries: readonly { readonly id: RecordId; readonly version: Version }[],
    after: string | null,
  ): Promise<readonly RecordId[]>
  /** Linked (live) records that were not listed, in a stable order after `after`. Only those linked when it began. */
  sweepMissing(mapping: string, side: Side, after: number, limit: number): Promise<readonly Link[]>
  /** Counts: listed, and linked records that were not listed. */
  sweepCounts(mapping: string, side: Side): Promise<{ readonly listed: number; readonly missing: number }>
  endSweep(mapping: string, side: Side): Promise<void>

  state(mapping: string): Promise<MappingState>
  updateState(mapping: string, update: Partial<MappingState>): Promise<void>
  /** A connection's notes: identity, condition, `pausedBy`. */
  connectionNotes(connection: string): Promise<Readonly<Record<string, Value>>>
  updateConnectionNotes(connection: string, notes: Readonly<Record<string, Value>>): Promise<void>

  counts(mapping: string): Promise<Readonly<Record<Side, Counts>>>
  /** When the oldest change that is pending or waiting was first captured; null: everything is in step. */
  oldestChangeMs(mapping: string): Promise<number | null>
  /** The slices of time since then in which anything was captured or applied, oldest first. */
  throughput(mapping: string, sinceMs: number): Promise<readonly Throughput[]>
  /** Changes in a state, newest first, with the mapping's links. */
  changes(
    mapping: string | null,
    filter: { state?: ChangeState; side?: Side; id?: RecordId; afterSeq?: number; limit: number },
  ): Promise<readonly { readonly mapping: string; readonly change: StoredChange; readonly link: Link | null }[]>
  /** Makes dead letters, conflicts or waiting changes pending again, with no attempts spent. The answer is how many. */
  retry(mapping: string, changes: readonly ChangeRef[], nowMs: number): Promise<number>
  /** A record's history, oldest first: by link ids or by key. */
  history(
    mapping: string,
    filter: { odooId?: RecordId; externalId?: RecordId; key?: string; sinceMs?: number; limit: number },
  ): Promise<readonly StoredHistoryEntry[]>
  /** One entry that says more than that a record was created; null: it is not kept (any more). */
  historyEntry(mapping: string, id: number): Promise<StoredHistoryEntry | null>
  addHistory(mapping: string, entries: readonly HistoryEntry[]): Promise<void>
  mappings(): Promise<readonly string[]>

  /** Hands work to the daemon. */
  request(kind: string, args: Readonly<Record<string, Value>>, nowMs: number): Promise<number>
  openRequests(): Promise<readonly Request[]>
  answerRequest(id: number, state: Request['state'], answer: Readonly<Record<string, Value>>): Promise<void>
  findRequest(id: number): Promise<Request | null>

  /** Removes history, answered requests, throughput and the names of events older than these; of what is not named, nothing. */
  prune(limits: {
    historyBeforeMs: number
    requestsBeforeMs: number
    throughputBeforeMs?: number
    eventsBeforeMs?: number
  }): Promise<void>
  /** Writes something small, as durably as everything else. @throws SyncError `ledger` when nothing can be written. */
  proveWritable(nowMs: number): Promise<void>
  /** Bytes on disk. */
  sizeBytes(): Promise<number>
}
