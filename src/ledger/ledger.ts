/**
 * What Tandem remembers. Every method is one transaction: it happens whole, durably (an fsync before it resolves where
 * it writes), or not at all. Nothing outside `src/ledger/` knows SQL. Times are milliseconds since 1970.
 *
 * Vocabulary: a *change* is a record's captured state that is not applied yet, at most one for each record and side (a
 * newer one supersedes it); an *intent* is an operation that may have been sent; a *link* joins two records; an *arrival*
 * is what a system told us by itself and no run has looked at yet.
 */
import type { Change, RecordId, Version } from '../contract/change.ts'
import type { ErrorCode } from '../contract/error.ts'
import type { Cursor } from '../contract/feed.ts'
import type { Operation } from '../contract/sink.ts'
import type { Fields, Value } from '../contract/value.ts'
import type { RecordRef, Side } from '../mapping/mapping.ts'

/** A string of `FINGERPRINT_LENGTH` characters a field, in the order of the mapping's fields. */
export type Seen = string
export const FINGERPRINT_LENGTH = 8
/** Stands for "never seen" in a Seen. */
export const UNKNOWN_FINGERPRINT = '--------'

export interface Link {
  readonly id: number
  readonly odooId: RecordId
  readonly externalId: RecordId
  readonly key: string | null
  /** `odoo-gone`, `external-gone`: that record was deleted, and the other is left as the policy says: a tombstone. */
  readonly state: 'live' | 'odoo-gone' | 'external-gone'
  readonly seen: Readonly<Record<Side, Seen>>
  readonly version: Readonly<Record<Side, Version>>
}

/** A reason that a person reads. */
export interface Fault {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string | null
}

/** A field that both sides changed, undecided. */
export interface FieldConflict {
  readonly field: string
  readonly odoo: Value
  readonly external: Value
}

/**
 * `dead` is a dead letter, `discarded` one that a person gave up: it stays, so that the same state is not captured again.
 * Everything but `pending` stays until a newer state, a release or a person changes it.
 */
export type ChangeState = 'pending' | 'waiting' | 'conflict' | 'dead' | 'discarded'

export interface NewChange {
  readonly side: Side
  readonly id: RecordId
  readonly kind: 'state' | 'gone'
  readonly version: Version
  readonly changedAtMs: number | null
  readonly byUs: boolean | null
  /** Values by field name of that side. Merged over the fields of a change that is already there. */
  readonly fields: Fields
  /** Stored as a dead letter with this reason; absent or null: to be applied. */
  readonly fault?: Fault | null
}

export interface StoredChange extends NewChange {
  /** Grows with every capture: tells whether a change is still the one that was decided about. */
  readonly seq: number
  readonly state: ChangeState
  readonly attempts: number
  /** Not to be taken before. */
  readonly notBeforeMs: number
  /** When the oldest state that this one superseded was captured: its age is the lag. */
  readonly firstCapturedAtMs: number
  readonly fault: Fault | null
  readonly conflicts: readonly FieldConflict[]
  readonly waitsFor: readonly RecordRef[]
  /** Create it without the references that cannot be resolved: it is part of a cycle. */
  readonly omitsReferences: boolean
}

/** What is to be decided together: the changes of both sides of one link, or of one record without a link. */
export interface Work {
  readonly link: Link | null
  readonly odoo: StoredChange | null
  readonly external: StoredChange | null
}

export interface NewIntent {
  /** The side that is written. */
  readonly side: Side
  readonly operation: Operation
  /** The records that it concerns, as far as they are known: nothing else is done to them while it is open. */
  readonly ids: Readonly<Record<Side, RecordId | null>>
  /** The change that caused it. */
  readonly cause: { readonly side: Side; readonly id: RecordId; readonly seq: number }
  /** The key by which a create in doubt is looked up. */
  readonly key: string | null
  /** Fingerprints of the source values that are being written, unknown for other fields: becomes `seen` of the source. */
  readonly sourceSeen: Seen
}

export interface Intent extends NewIntent {
  readonly id: number
  readonly createdAtMs: number
}

/** The counters that add up (promise 9), for one side of a mapping. */
export interface Counts {
  readonly captured: number
  readonly applied: number
  readonly unchanged: number
  readonly superseded: number
  readonly discarded: number
  /** The rest are the changes that are there, by state. */
  readonly pending: number
  readonly waiting: number
  readonly conflicts: number
  readonly deadLetters: number
}

/** How much was captured and applied within one slice of time, for one side of a mapping. */
export interface Throughput {
  /** The slice begins then, and is `THROUGHPUT_SLICE_MS` long. */
  readonly atMs: number
  readonly side: Side
  readonly captured: number
  readonly applied: number
}
export const THROUGHPUT_SLICE_MS = 5 * 60_000

export interface HistoryEntry {
  readonly atMs: number
  /** "created", "updated", "removed", "archived", "adopted", "conflict", "lost", "failed", "dead", "captured", … */
  readonly event: string
  /** The side that was written or looked at. */
  readonly side: Side
  readonly odooId: RecordId | null
  readonly externalId: RecordId | null
  readonly key: string | null
  /** Values before and after by field, errors, reasons. Never a credential. */
  readonly detail: Readonly<Record<string, unknown>>
}

export interface StoredHistoryEntry extends HistoryEntry {
  /** Names the entry within its mapping; grows with time. */
  readonly id: number
}

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

/** What one page of a feed, a sweep or a comparison adds. */
export interface Staging {
  readonly side: Side
  /** Moves the feed's cursor in the same transaction; undefined: leave it. */
  readonly cursor?: Cursor
  readonly changes: readonly NewChange[]
  /** Linked records that were looked at and had not changed: their version only. */
  readonly touched: readonly { readonly id: RecordId; readonly version: Version }[]
  /** How many states were looked at and had not changed: counted as captured and unchanged. */
  readonly unchanged: number
  /** Arrivals that were looked at. One that came again meanwhile, with another seq, stays. */
  readonly heard?: readonly { readonly id: RecordId; readonly seq: number }[]
  /** Arrivals that showed nothing new yet: looked at again, not before this. */
  readonly lookAgain?: readonly { readonly id: RecordId; readonly seq: number; readonly notBeforeMs: number }[]
  readonly nowMs: number
}

export type LinkWrite =
  | {
      readonly kind: 'insert'
      readonly odooId: RecordId
      readonly externalId: RecordId
      readonly key: string | null
      readonly seen: Readonly<Record<Side, Seen>>
      readonly version: Readonly<Record<Side, Version>>
    }
  | {
      readonly kind: 'update'
      readonly id: number
      /** What is missing stays as it is. */
      readonly odooId?: RecordId
      readonly externalId?: RecordId
      readonly key?: string | null
      readonly state?: Link['state']
      readonly seen?: Partial<Record<Side, Seen>>
      readonly version?: Partial<Record<Side, Version>>
    }
  | { readonly kind: 'delete'; readonly id: number }
  /** The records of link `of` were merged into those of link `id`: whoever refers to them means these. */
  | {
      readonly kind: 'alias'
      readonly id: number
      readonly of: number
      readonly odooId: RecordId
      readonly externalId: RecordId
    }

/** Names a change as it was when it was decided about. A settlement skips what has a newer `seq` by now. */
export interface ChangeRef {
  readonly side: Side
  readonly id: RecordId
  readonly seq: number
}

/** A page that was dealt with at once, so that its changes were never staged. */
export interface DirectPage {
  readonly side: Side
  /** Moves the feed's cursor in the settlement's transaction. */
  readonly cursor: Cursor
  /** What was captured and dealt with. What was not is among the settlement's `changes`, and counted there. */
  readonly applied: number
  readonly unchanged: number
}

/** The outcome of a batch of work. */
export interface Settlement {
  readonly nowMs: number
  readonly direct?: DirectPage
  readonly links: readonly LinkWrite[]
  /** Done with: the change is removed and counted. */
  readonly resolved: readonly (ChangeRef & { readonly as: 'applied' | 'unchanged' })[]
  /**
   * Kept, in a new state. A change that waits for a record which has a live link by now (looked at in this very
   * transaction) becomes pending instead.
   */
  readonly kept: readonly (ChangeRef & {
    readonly state: ChangeState
    readonly attempts: number
    readonly notBeforeMs: number
    readonly fault: Fault | null
    readonly conflicts: readonly FieldConflict[]
    readonly waitsFor: readonly RecordRef[]
    /** Merged into the change's fields: a key that was assigned to it. */
    readonly fields?: Fields
    readonly omitsReferences?: boolean
  })[]
  /** States met on the way (a target that is not what was expected): captured like a feed's. */
  readonly changes: readonly NewChange[]
  /** Intents whose outcome is known. */
  readonly intents: readonly number[]
  /** Records whose steps are due, from their first one on. Ignored where a record has no live link after all. */
  readonly steps?: readonly { readonly side: Side; readonly id: RecordId }[]
  readonly history: readonly HistoryEntry[]
}

/** `idle`: nothing is due, and something is remembered of what was called. `dead`, `discarded`: as with changes. */
export type StepState = 'pending' | 'idle' | 'dead' | 'discarded'

/** Where a linked record stands with the steps of its mapping: at most one for each link. */
export interface StepTask {
  readonly link: Link
  /** Grows whenever the record's steps become due again. */
  readonly seq: number
  readonly state: StepState
  /** The step that was called or that failed; null: none of these. */
  readonly step: string | null
  /** `step` may have been called then, and its outcome is not known. */
  readonly calledAtMs: number | null
  readonly attempts: number
  readonly notBeforeMs: number
  readonly dueSinceMs: number
  readonly fault: Fault | null
  /** By step, a fingerprint of the values with which it was called last. */
  readonly marks: Readonly<Record<string, string>>
}

/** What became of a task. Where its steps have become due again meanwhile (a newer `seq`), it is pending all the same. */
export type StepOutcome = Pick<
  StepTask,
  'seq' | 'state' | 'step' | 'calledAtMs' | 'attempts' | 'notBeforeMs' | 'fault' | 'marks'
> & { readonly linkId: number }

/** A run that did something or failed. */
export interface RunNote {
  readonly startedAtMs: number
  readonly tookMs: number
  /** How the feeds were read, and whether deletes were looked for. */
  readonly depth: 'tail' | 'deep' | 'none'
  readonly swept: boolean
  readonly captured: number
  readonly applied: number
  readonly deadLetters: number
  readonly conflicts: number
  /** Why it failed; null: it did not. */
  readonly fault: Fault | null
}

/** That a person paused a mapping, or in a connection's note `pausedBy` a connection. */
export interface PersonPause {
  readonly by: string
  readonly reason: string | null
  readonly sinceMs: number
}

/** A mapping's condition, beyond its changes. */
export interface MappingState {
  /** Why it does not run; null: it runs. */
  readonly pause: (Fault & { readonly sinceMs: number }) | null
  /** A person does not want it to run; null: nobody minds. Independent of `pause`, and lifted by a person only. */
  readonly pausedBy: PersonPause | null
  /** Failures of whole runs in a row, and when the next may start. */
  readonly failures: number
  readonly notBeforeMs: number
  readonly lastRunAtMs: number | null
  readonly lastSuccessAtMs: number | null
  /** The last runs that did something or failed, newest first. */
  readonly runs: readonly RunNote[]
  /** The guards that tripped, by "deletes:odoo", "deletes:external", "changes:odoo", …. */
  readonly guards: Readonly<Record<string, GuardTrip>>
  /** What else is remembered between runs, by name: "sweep:odoo" and the like. */
  readonly notes: Readonly<Record<string, Value>>
}

export interface GuardTrip {
  readonly sinceMs: number
  readonly count: number
  readonly total: number
  readonly message: string
  /** A person has agreed to changes up to this seq; null: not yet. */
  readonly confirmedSeq: number | null
  readonly confirmedBy?: string | null
}

/** Work that a command hands to the daemon that holds the ledger. */
export interface Request {
  readonly id: number
  readonly kind: string
  readonly args: Readonly<Record<string, Value>>
  readonly state: 'open' | 'running' | 'done' | 'failed'
  /** While running: progress; afterwards: the result or the fault. */
  readonly answer: Readonly<Record<string, Value>> | null
  readonly createdAtMs: number
}

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
