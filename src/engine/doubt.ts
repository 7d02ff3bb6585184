import type { RecordState } from '../contract/change.ts'
import type { Value } from '../contract/value.ts'
import type { Intent } from '../ledger/intent.ts'
import type { Link } from '../ledger/link.ts'
import { entryAt, seenAt, UNKNOWN_FINGERPRINT, withSeen } from '../ledger/seen.ts'
import { keyText } from '../mapping/key.ts'
import { type FieldRule, fieldOn, type LinesRule, otherSide, SIDES, type Side } from '../mapping/mapping.ts'
import { changeOf, isSameState } from './capture.ts'
import type { Context } from './context.ts'
import { type Draft, newDraft, settle } from './draft.ts'
import { fingerprint } from './fingerprint.ts'
import { linesSeen } from './lines-seen.ts'
import { areLinesAsSent, areLinesThere, linesAfterCreate, linesAfterWrite, type WrittenLines } from './lines-written.ts'
import { setDelta } from './merge-sets.ts'
import { readRecords } from './pull.ts'
import { unknownSeen } from './seen.ts'
import { isStoredForm } from './stored-form.ts'

/**
 * Settles operations of which nobody knows whether they were done: the process died, or the answer was lost. Nothing is
 * sent again before the side was looked at.
 *
 * - A create whose key is there now was done, and the record is adopted by it like any other that exists.
 * - An update whose values are there now was done; where the old values are there, it was not, and is decided anew.
 *   Anything else is the stored form of what we wrote if the last writer is our user, otherwise someone's edit.
 * - A side that can be asked nothing gets it again, under the same name.
 * - What was not done may still be under way: it is given `doubtGraceMs` before it counts as not done.
 *
 * Resolves with the milliseconds until something still in doubt should be looked at again, null if nothing is.
 */
export async function settleDoubts(context: Context, signal: AbortSignal): Promise<number | null> {
  const intents = await context.ledger.openIntents(context.mapping.name)
  if (intents.length === 0) return null
  const draft = newDraft(context.clock.nowMs())
  let lookAgainMs: number | null = null
  const done = new Map<number, DoneUpdate>()
  for (const side of SIDES) {
    const ofSide = intents.filter((intent) => intent.side === side)
    const creates = ofSide.filter(({ operation }) => operation.kind === 'create')
    const others = ofSide.filter(({ operation }) => operation.kind !== 'create')
    lookAgainMs = soonest(lookAgainMs, await settleCreates(context, side, creates, draft, signal))
    lookAgainMs = soonest(lookAgainMs, await settleUpdates(context, side, others, done, draft, signal))
  }
  context.crashPoint('doubt-looked-up')
  await settle(context, draft)
  return lookAgainMs
}

/** Creates that are there, or surely not: their intents end, and matching by key does the rest. */
async function settleCreates(
  context: Context,
  side: Side,
  intents: readonly Intent[],
  draft: Draft,
  signal: AbortSignal,
): Promise<number | null> {
  const { sink } = context.sides[side].collection
  if (intents.length === 0 || !sink) return null
  const field = fieldOn(context.mapping.key, side)
  const values = intents.flatMap(({ operation }) => {
    const value = operation.kind === 'create' ? operation.fields[field] : undefined
    return value === undefined ? [] : [value]
  })
  const fold = { case: false, space: false }
  const found = await sink.find({ field, values, fold }, signal)
  const { within } = context.mapping.key
  const isMeant = (intent: Intent, state: RecordState): boolean => {
    if (keyText(state.fields[field] ?? null) !== intent.key || intent.operation.kind !== 'create') return false
    const [sent, stored] = within ? [intent.operation.fields, state.fields].map((of) => of[fieldOn(within, side)]) : []
    return !within || within.isSame(side, sent ?? null, stored ?? null)
  }
  const meant = intents.map((intent) => ({ intent, state: found.find((each) => isMeant(intent, each)) }))
  const claims = Map.groupBy(meant, ({ state }) => state)
  let lookAgainMs: number | null = null
  for (const { intent, state } of meant) {
    const leftMs = context.options.doubtGraceMs - Math.abs(draft.nowMs - intent.createdAtMs)
    // Another create of the same key is in doubt as well: nothing tells whose record it is but matching by key.
    const isSole = claims.get(state)?.length === 1
    if (state && isSole) await adoptCreated(context, intent, state, draft)
    else if (leftMs > 0) lookAgainMs = soonest(lookAgainMs, Math.min(leftMs, 1000))
    else draft.intents.push(intent.id)
  }
  return lookAgainMs
}

/** Links a created record with its source: `seen` is what we sent and what is stored, where that is surely ours. */
async function adoptCreated(context: Context, intent: Intent, state: RecordState, draft: Draft): Promise<void> {
  const { mapping, ledger } = context
  draft.intents.push(intent.id)
  const from = intent.cause.side
  const [taken, source] = [
    (await ledger.links(mapping.name, intent.side, [state.id])).get(state.id),
    (await ledger.links(mapping.name, from, [intent.cause.id])).get(intent.cause.id),
  ]
  // Linked by now, or with someone else: matching by key sees to it.
  if (taken || source || intent.operation.kind !== 'create') return
  const sent = intent.operation.fields
  const seen: Record<Side, Map<number, string>> = { odoo: new Map(), external: new Map() }
  mapping.fields.forEach((rule, index) => {
    const sentSeen = entryAt(intent.sourceSeen, index)
    if (sentSeen === UNKNOWN_FINGERPRINT) return
    // This is what we sent, whatever became of it: an edit of the source since then is an edit.
    seen[from].set(index, sentSeen)
    const sentValue = sent[fieldOn(rule, intent.side)]
    const stored = state.fields[fieldOn(rule, intent.side)]
    if (stored === undefined || sentValue === undefined) return
    const entry =
      state.byUs === true || isStoredForm(rule, intent.side, sentValue, stored)
        ? storedEntry(rule, intent.side, null, { before: null, sent: sentValue, stored })
        : rule.lines && linesAfterCreate(rule.lines, intent.side, sentValue, stored)
    if (entry) seen[intent.side].set(index, entry)
  })
  const unknown = unknownSeen(mapping.fields)
  const ids = { [from]: intent.cause.id, [intent.side]: state.id }
  draft.links.push({
    kind: 'insert',
    odooId: ids.odoo ?? '',
    externalId: ids.external ?? '',
    key: intent.key,
    seen: { odoo: withSeen(unknown, seen.odoo), external: withSeen(unknown, seen.external) },
    version: { odoo: null, external: null },
  })
}

/** An update that was in doubt and was done. */
interface DoneUpdate {
  readonly intent: Intent
  readonly state: RecordState
}

/**
 * Updates and removes that were done, or surely not. One that was not done yet may still be under way, and would then put
 * its older value over whatever we write meanwhile: until its grace is over, nothing else is done to that record.
 */
async function settleUpdates(
  context: Context,
  side: Side,
  intents: readonly Intent[],
  done: Map<number, DoneUpdate>,
  draft: Draft,
  signal: AbortSignal,
): Promise<number | null> {
  if (intents.length === 0) return null
  const ids = intents.flatMap(({ operation }) => (operation.kind === 'create' ? [] : [operation.id]))
  const isBlind = context.sides[side].collection.capabilities.writeOnly === true
  const states = isBlind ? new Map<string, RecordState>() : await readRecords(context, side, ids, signal)
  const known = await context.ledger.known(context.mapping.name, side, ids)
  let lookAgainMs: number | null = null
  for (const intent of intents) {
    if (intent.operation.kind === 'create') continue
    const state = states.get(intent.operation.id)
    const { link: stored = null, change = null } = known.get(intent.operation.id) ?? {}
    const link = stored && withDrafted(stored, draft)
    const finding = state
      ? lookAtUpdate(context, intent, state, link, (link && done.get(link.id)) ?? null)
      : { isDone: !isBlind, isForeign: false, seen: null }
    const leftMs = context.options.doubtGraceMs - Math.abs(draft.nowMs - intent.createdAtMs)
    if (!finding.isDone && leftMs > 0) {
      lookAgainMs = soonest(lookAgainMs, Math.min(leftMs, 1000))
      continue
    }
    draft.intents.push(intent.id)
    if (link && state && finding.isDone) done.set(link.id, { intent, state })
    if (link && finding.seen) draft.links.push({ kind: 'update', id: link.id, seen: finding.seen })
    if (!state || intent.operation.kind === 'remove') continue
    // A change that was staged before the write holds older values than what is there now.
    const isOvertaken = change?.kind === 'state' && !isSameState(context.mapping.fields, side, state, change)
    if (finding.isForeign || isOvertaken) draft.changes.push(changeOf(side, state))
  }
  return lookAgainMs
}

/** The link with what was found out about the other side's write a moment ago: one record may be in doubt on both sides. */
function withDrafted(link: Link, { links }: Draft): Link {
  const drafted = links.findLast((write) => write.kind === 'update' && write.id === link.id)
  return drafted?.kind === 'update' ? { ...link, seen: { ...link.seen, ...drafted.seen } } : link
}

interface Finding {
  /** All that was sent is there. */
  readonly isDone: boolean
  /** There is something that we neither knew nor sent: for the next decision to see. */
  readonly isForeign: boolean
  /** With what was surely written. */
  readonly seen: Link['seen'] | null
}

/** @param beside the update of the link's other side, where that was done, too. */
function lookAtUpdate(
  context: Context,
  intent: Intent,
  state: RecordState,
  link: Link | null,
  beside: DoneUpdate | null,
): Finding {
  const { operation, side } = intent
  if (operation.kind !== 'update') return { isDone: false, isForeign: false, seen: null }
  const seen: Record<Side, Map<number, string>> = { odoo: new Map(), external: new Map() }
  let isDone = true
  let isForeign = false
  context.mapping.fields.forEach((rule, index) => {
    const sent = operation.fields[fieldOn(rule, side)]
    const stored = state.fields[fieldOn(rule, side)]
    if (sent === undefined || stored === undefined) return
    if (rule.set?.side === side) {
      const before = operation.expected?.[fieldOn(rule, side)] ?? null
      if (!isDeltaDone(before, sent, stored)) {
        isDone = false
        return
      }
      // What others added or took out meanwhile is theirs: it is captured, and what we sent was seen.
      isForeign ||= !rule.isSame(side, sent, stored)
      seen[side].set(index, fingerprint(sent))
      const source = seenAt(intent.sourceSeen, index)
      if (source !== UNKNOWN_FINGERPRINT) seen[otherSide(side)].set(index, source)
      return
    }
    const now = fingerprint(stored)
    const isOld = link !== null && now === seenAt(link.seen[side], index)
    const written = writtenOf(rule, intent, state)
    if (!written) return
    const isOurs =
      !isOld &&
      (rule.lines
        ? areLinesOurs(rule.lines, state, side, written)
        : state.byUs === true || isStoredForm(rule, side, sent, stored))
    if (!rule.isSame(side, sent, stored) && !isOurs) {
      isDone = false
      isForeign ||= link !== null && !isOld
      return
    }
    const known = link === null ? null : entryAt(link.seen[side], index)
    seen[side].set(index, storedEntry(rule, side, known, written))
    // What others did to the lines meanwhile is theirs.
    isForeign ||= rule.lines !== undefined && !rule.isSame(side, sent, stored)
    const sentSeen = entryAt(intent.sourceSeen, index)
    if (sentSeen === UNKNOWN_FINGERPRINT) return
    // Lines are written on both sides at once: what was seen there is what it was before the write that is done there.
    const there = beside && writtenOf(rule, beside.intent, beside.state)
    const sourceSeen = there && rule.lines ? storedEntry(rule, otherSide(side), sentSeen, there) : sentSeen
    seen[otherSide(side)].set(index, sourceSeen)
  })
  if (!link) return { isDone, isForeign, seen: null }
  const after = { odoo: withSeen(link.seen.odoo, seen.odoo), external: withSeen(link.seen.external, seen.external) }
  return { isDone, isForeign, seen: after }
}

/** What an update did to a field; null: nothing, or it cannot be known. */
function writtenOf(rule: FieldRule, { operation, side }: Intent, state: RecordState): WrittenLines | null {
  if (operation.kind !== 'update') return null
  const name = fieldOn(rule, side)
  const [sent, stored] = [operation.fields[name], state.fields[name]]
  if (sent === undefined || stored === undefined) return null
  return { before: operation.expected?.[name] ?? null, sent, stored }
}

/** Whether the lines that we sent stand there, whatever stands there besides. */
function areLinesOurs(rule: LinesRule, state: RecordState, side: Side, written: WrittenLines): boolean {
  return areLinesThere(rule, side, written) && (state.byUs === true || areLinesAsSent(rule, side, written))
}

/** What was seen of a value that we sent. `known`: the field's entry before that. */
function storedEntry(rule: FieldRule, side: Side, known: string | null, written: WrittenLines): string {
  if (!rule.lines) return fingerprint(written.stored)
  const base = known === null ? null : linesSeen(rule.lines, known)
  return linesAfterWrite(rule.lines, side, base, written).entry
}

/** Whether a set holds what was to be added to it, and nothing of what was to be taken out. */
function isDeltaDone(before: Value, sent: Value, stored: Value): boolean {
  if (!Array.isArray(sent) || !Array.isArray(stored)) return false
  const { added, removed } = setDelta(Array.isArray(before) ? before : [], sent)
  const names = new Set(stored.map(String))
  return added.every((id) => names.has(String(id))) && !removed.some((id) => names.has(String(id)))
}

function soonest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
