import type { RecordId } from '../contract/change.ts'
import type { SyncError } from '../contract/error.ts'
import type { Fields } from '../contract/value.ts'
import type { ChangeState, FieldConflict, NewChange, StoredChange } from '../ledger/change.ts'
import type { Fault } from '../ledger/fault.ts'
import type { HistoryEntry } from '../ledger/history.ts'
import type { LinkWrite } from '../ledger/link.ts'
import type { DirectPage, Settlement } from '../ledger/settlement.ts'
import type { RecordRef, Side } from '../mapping/mapping.ts'
import { backoffMs } from './backoff.ts'
import type { Context, SyncEvent } from './context.ts'

/** A settlement that is being put together, and what is told once it is stored. */
export interface Draft extends Omit<Settlement, 'direct'> {
  direct?: DirectPage
  readonly links: LinkWrite[]
  readonly resolved: Settlement['resolved'][number][]
  readonly kept: Settlement['kept'][number][]
  readonly changes: NewChange[]
  readonly intents: number[]
  readonly steps: { readonly side: Side; readonly id: RecordId }[]
  readonly history: HistoryEntry[]
  readonly events: SyncEvent[]
}

export function newDraft(nowMs: number): Draft {
  return { nowMs, links: [], resolved: [], kept: [], changes: [], intents: [], steps: [], history: [], events: [] }
}

/** Stores the draft in one transaction, then tells about it. Does nothing when there is nothing to store. */
export async function settle(context: Context, draft: Draft): Promise<void> {
  const { links, resolved, kept, changes, intents, history, direct } = draft
  if (!direct && links.length + resolved.length + kept.length + changes.length + intents.length + history.length === 0)
    return
  const released = await context.ledger.settle(context.mapping.name, draft)
  context.crashPoint('settled')
  for (const event of draft.events) context.emit(event)
  context.wake(released)
}

export function resolve(draft: Draft, change: StoredChange, as: 'applied' | 'unchanged'): void {
  draft.resolved.push({ side: change.side, id: change.id, seq: change.seq, as })
}

export interface Keep {
  readonly state: ChangeState
  readonly attempts?: number
  readonly notBeforeMs?: number
  readonly fault?: Fault | null
  readonly conflicts?: readonly FieldConflict[]
  readonly waitsFor?: readonly RecordRef[]
  readonly fields?: Fields
}

export function keep(draft: Draft, change: StoredChange, how: Keep): void {
  draft.kept.push({
    side: change.side,
    id: change.id,
    seq: change.seq,
    attempts: change.attempts,
    notBeforeMs: 0,
    fault: null,
    conflicts: [],
    waitsFor: [],
    ...how,
  })
}

export function faultOf(error: SyncError): Fault {
  return { code: error.code, message: error.message, hint: error.hint }
}

/**
 * Keeps a change whose operation failed, as its error's disposition says: tried again later, or a dead letter. Never
 * called for `halt`, which stops the run. `fields` are merged into the change.
 */
export function keepFailed(
  context: Context,
  draft: Draft,
  change: StoredChange,
  error: SyncError,
  fields: Fields = {},
): void {
  const { mapping, options, random } = context
  const fault = faultOf(error)
  const attempts = error.disposition === 'defer' ? change.attempts : change.attempts + 1
  // What is in doubt is looked up before it is sent again, which may find that it was done.
  const isDead = (error.disposition === 'park' && !error.inDoubt) || attempts >= mapping.maxAttempts
  const pauseMs = error.retryAfterMs ?? backoffMs(attempts, options.backoffMs, options.backoffMaxMs, random)
  keep(draft, change, {
    state: isDead ? 'dead' : 'pending',
    attempts,
    notBeforeMs: isDead ? 0 : draft.nowMs + pauseMs,
    fault,
    fields,
  })
  const ids = idsOf(change)
  draft.events.push({
    mapping: mapping.name,
    kind: isDead ? 'dead' : 'retry',
    side: change.side,
    ...ids,
    message: error.advice,
  })
  draft.history.push({
    atMs: draft.nowMs,
    event: isDead ? 'dead' : 'failed',
    side: change.side,
    ...ids,
    detail: { ...fault, attempts },
  })
}

function idsOf(change: StoredChange): { odooId: string | null; externalId: string | null; key: null } {
  return {
    odooId: change.side === 'odoo' ? change.id : null,
    externalId: change.side === 'external' ? change.id : null,
    key: null,
  }
}
