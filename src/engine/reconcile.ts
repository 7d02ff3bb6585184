import type { RecordId, RecordState } from '../contract/change.ts'
import type { Value } from '../contract/value.ts'
import type { NewChange } from '../ledger/change.ts'
import type { HistoryEntry } from '../ledger/history.ts'
import type { Link, LinkWrite } from '../ledger/link.ts'
import { keyText } from '../mapping/key.ts'
import { fieldOn, otherSide, SIDES, type Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import { type Draft, newDraft, settle } from './draft.ts'

import { idOn } from './job.ts'
import { readRecords } from './pull.ts'
import { seenOf, unknownSeen } from './seen.ts'

/** What a person said of a database that was not recognised. Kept in the notes of each mapping until it is dealt with. */
export type Acceptance =
  /** Another database: nothing that the ledger knows of its records holds there. */
  | { readonly as: 'other' }
  /**
   * An older state of the same one. `winner`: whose values count where the two sides differ now (null: the mapping's
   * conflict policy decides). A record created after `bornBeforeMs`, by the database's own clock, cannot be the one that
   * was linked: ids that were given after the backup are given again.
   */
  | { readonly as: 'restored'; readonly winner: 'restored' | 'partner' | null; readonly bornBeforeMs: number | null }

/** Under which note of a mapping an acceptance for a side is kept. */
export function acceptanceNote(side: Side): string {
  return `accepted:${side}`
}

const PAGE = 500
/** Creation times are in whole seconds, and the offset of the clocks is known to about one. */
const CLOCK_DOUBT_MS = 3000

/**
 * Brings the ledger in line with databases that a person has accepted, before anything else is done. It only forgets and
 * has both sides read from the start; what then has to be written goes the way of every change, guards included. After a
 * crash it begins again, which changes nothing that is done already.
 */
export async function reconcile(context: Context, signal: AbortSignal): Promise<void> {
  const { ledger, mapping } = context
  for (const side of SIDES) {
    const note = (await ledger.state(mapping.name)).notes[acceptanceNote(side)]
    if (typeof note !== 'string') continue
    await reconcileSide(context, side, JSON.parse(note) as Acceptance, signal)
    const { [acceptanceNote(side)]: _, ...notes } = (await ledger.state(mapping.name)).notes
    await ledger.updateState(mapping.name, { notes })
  }
}

async function reconcileSide(context: Context, side: Side, acceptance: Acceptance, signal: AbortSignal): Promise<void> {
  const { ledger, mapping } = context
  const { name } = mapping
  const isOther = acceptance.as === 'other'
  await closeIntents(context, isOther ? SIDES : [side])
  for (const each of isOther ? SIDES : [side]) await dropChanges(context, each)
  let dropped = 0
  let after = 0
  for (;;) {
    const links = await ledger.linksAfter(name, after, PAGE)
    after = links.at(-1)?.id ?? 0
    if (links.length === 0) break
    const draft = newDraft(context.clock.nowMs())
    if (acceptance.as === 'other') for (const link of links) drop(draft, side, link, 'its database was another one')
    else await reconcileLinks(context, side, acceptance, links, draft, signal)
    dropped += draft.links.filter(({ kind }) => kind === 'delete').length
    const gone = draft.changes.splice(0)
    await settle(context, draft)
    if (gone.length > 0) {
      await ledger.stage(name, { side, changes: gone, touched: [], unchanged: 0, nowMs: draft.nowMs })
    }
  }
  for (const each of SIDES) {
    await ledger.endSweep(name, each)
    await ledger.setCursor(name, each, null)
  }
  const message = `Mapping ${name} goes on with the accepted database: ${dropped} links were dropped, and both sides are read anew.`
  context.emit({ mapping: name, kind: 'run', side, odooId: null, externalId: null, key: null, message })
}

/** What was under way to a database that is no more as it was cannot be looked up there: it is decided anew. */
async function closeIntents(context: Context, sides: readonly Side[]): Promise<void> {
  const draft = newDraft(context.clock.nowMs())
  for (const intent of await context.ledger.openIntents(context.mapping.name)) {
    if (sides.includes(intent.side)) draft.intents.push(intent.id)
  }
  await settle(context, draft)
}

/** What was captured of a state that is no more. All of it is captured again from what is there. */
async function dropChanges(context: Context, side: Side): Promise<void> {
  const { ledger, mapping } = context
  for (;;) {
    const found = await ledger.changes(mapping.name, { side, limit: PAGE })
    if (found.length === 0) return
    const draft = newDraft(context.clock.nowMs())
    for (const { change } of found) draft.resolved.push({ side, id: change.id, seq: change.seq, as: 'unchanged' })
    await settle(context, draft)
  }
}

async function reconcileLinks(
  context: Context,
  side: Side,
  acceptance: Extract<Acceptance, { as: 'restored' }>,
  links: readonly Link[],
  draft: Draft,
  signal: AbortSignal,
): Promise<void> {
  const { mapping } = context
  const target = otherSide(side)
  const ids = links.map((link) => idOn(link, side))
  const own = await readRecords(context, side, ids, signal)
  const partners = await readRecords(
    context,
    target,
    links.map((link) => idOn(link, target)),
    signal,
  )
  const strangers = await findStrangers(context, side, acceptance, links, own, signal)
  const unknown = unknownSeen(mapping.fields)
  for (const link of links) {
    const id = idOn(link, side)
    const state = strangers.has(link.id) ? undefined : own.get(id)
    if (link.state === `${side}-gone`) {
      if (!state) draft.links.push(renamed(link, side))
    } else if (!state && (link.state !== 'live' || acceptance.winner !== 'restored')) {
      drop(
        draft,
        side,
        link,
        strangers.has(link.id) ? 'its id stands for another record now' : 'it is not in the backup',
      )
    } else if (link.state === 'live') {
      const loser = acceptance.winner === null ? null : acceptance.winner === 'restored' ? target : side
      const loserFields = loser === side ? state?.fields : partners.get(idOn(link, target))?.fields
      const seen = { odoo: unknown, external: unknown }
      // What the loser shows counts as seen, so that only the winner has changed.
      if (loser !== null && loserFields) seen[loser] = seenOf(mapping.fields, loser, loserFields)
      const base = state ? ({ kind: 'update', id: link.id } as const) : renamed(link, side)
      draft.links.push({ ...base, seen, version: { odoo: null, external: null } })
      if (!state) draft.changes.push(goneFrom(side, lostId(link)))
    }
  }
}

/**
 * Ids that the backup does not hold will be given again, to other records. A link that has to outlive its record (until its
 * partner is deleted, and then as a tombstone) is kept under a name that no system gives.
 */
function lostId(link: Link): RecordId {
  return `lost:${link.id}`
}

function renamed(link: Link, side: Side): Extract<LinkWrite, { kind: 'update' }> {
  const id = lostId(link)
  return { kind: 'update', id: link.id, ...(side === 'odoo' ? { odooId: id } : { externalId: id }) }
}

/**
 * Links whose id stands for another record now: created after the last time at which the database was as we knew it, or,
 * where its creation leaves that open, with another key. Their records are matched by key like any others.
 */
async function findStrangers(
  context: Context,
  side: Side,
  { bornBeforeMs }: Extract<Acceptance, { as: 'restored' }>,
  links: readonly Link[],
  own: ReadonlyMap<RecordId, RecordState>,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const { mapping, sides } = context
  const ids = links.map((link) => idOn(link, side)).filter((id) => own.has(id))
  const births = (await sides[side].collection.sink?.births?.(ids, signal)) ?? new Map()
  const field = fieldOn(mapping.key, side)
  const strangers = links.filter((link) => {
    const birth = births.get(idOn(link, side))
    if (birth && bornBeforeMs !== null) {
      if (birth.createdAtMs > bornBeforeMs) return true
      if (birth.createdAtMs < bornBeforeMs - CLOCK_DOUBT_MS) return false
    }
    const key: Value | undefined = own.get(idOn(link, side))?.fields[field]
    return link.key !== null && key !== undefined && keyText(key) !== link.key
  })
  return new Set(strangers.map(({ id }) => id))
}

function goneFrom(side: Side, id: RecordId): NewChange {
  return { side, id, kind: 'gone', version: null, changedAtMs: null, byUs: null, fields: {} }
}

function drop(draft: Draft, side: Side, link: Link, reason: string): void {
  const write: LinkWrite = { kind: 'delete', id: link.id }
  const entry: HistoryEntry = {
    atMs: draft.nowMs,
    event: 'unlinked',
    side,
    odooId: link.odooId,
    externalId: link.externalId,
    key: link.key,
    detail: { reason },
  }
  draft.links.push(write)
  draft.history.push(entry)
}
