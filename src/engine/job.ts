import type { RecordId, RecordState } from '../contract/change.ts'
import type { Operation } from '../contract/sink.ts'
import type { Fields } from '../contract/value.ts'
import type { FieldConflict, StoredChange } from '../ledger/change.ts'
import type { Link } from '../ledger/link.ts'
import type { Seen } from '../ledger/seen.ts'
import type { Work } from '../ledger/work.ts'
import type { RecordRef, Side } from '../mapping/mapping.ts'
import type { Lost } from './findings.ts'

/** One operation of a job. */
export interface Write {
  readonly side: Side
  readonly operation: Operation
  readonly event: 'created' | 'updated' | 'archived' | 'removed'
  /** What the written fields held before, for the history. */
  readonly before: Fields
  /** Fingerprints of the source values that are written, unknown for other fields. */
  readonly sourceSeen: Seen
  /** The key by which a create in doubt is found. */
  readonly key: string | null
}

/** A work that was decided about: what to write, and how the ledger looks when that is done. */
export interface Job {
  readonly work: Work
  readonly writes: readonly Write[]
  /** `seen` as it is without the writes; null: it stays. */
  readonly seen: Readonly<Record<Side, Seen>> | null
  /** The link's state when all writes are done. */
  readonly linkState: Link['state'] | 'deleted'
  readonly conflicts: readonly FieldConflict[]
  readonly lost: readonly Lost[]
  readonly waitsFor: readonly RecordRef[]
  /** An existing record on the other side that this one is joined with. */
  readonly adopts: { readonly odooId: RecordId; readonly externalId: RecordId; readonly state: RecordState } | null
  /** The tombstone that becomes the adopted pair's link. */
  readonly revives: Link | null
  /** The record that is gone was merged into the one of this link. */
  readonly mergesInto: Link | null
  /** The key that is being given to a record; the change is kept with it. */
  readonly assigns: Fields | null
}

/** A job in which nothing is written, waited for or disputed, but for `parts`. */
export function jobOf(work: Work, parts: Partial<Omit<Job, 'work'>>): Job {
  return {
    work,
    writes: parts.writes ?? NONE,
    seen: parts.seen ?? null,
    linkState: parts.linkState ?? 'live',
    conflicts: parts.conflicts ?? NONE,
    lost: parts.lost ?? NONE,
    waitsFor: parts.waitsFor ?? NONE,
    adopts: parts.adopts ?? null,
    revives: parts.revives ?? null,
    mergesInto: parts.mergesInto ?? null,
    assigns: parts.assigns ?? null,
  }
}

/** Shared by all jobs: there are as many of them as records. */
const NONE: readonly never[] = []

export function changesOf(work: Work): readonly StoredChange[] {
  return [work.odoo, work.external].filter((change) => change !== null)
}

export function idOn(link: Link, side: Side): RecordId {
  return side === 'odoo' ? link.odooId : link.externalId
}

/** The ids of a work as far as they are known. */
export function idsOfWork(work: Work): { odooId: RecordId | null; externalId: RecordId | null; key: string | null } {
  return {
    odooId: work.link?.odooId ?? work.odoo?.id ?? null,
    externalId: work.link?.externalId ?? work.external?.id ?? null,
    key: work.link?.key ?? null,
  }
}
