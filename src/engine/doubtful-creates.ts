import type { RecordState } from '../contract/change.ts'
import type { Intent } from '../ledger/intent.ts'
import { entryAt, UNKNOWN_FINGERPRINT, withSeen } from '../ledger/seen.ts'
import { keyText } from '../mapping/key.ts'
import { fieldOn, type Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import type { Draft } from './draft.ts'
import { linesAfterCreate } from './lines-written.ts'
import { unknownSeen } from './seen.ts'
import { soonest } from './soonest.ts'
import { storedEntry } from './stored-entry.ts'
import { isStoredForm } from './stored-form.ts'

/** Creates that are there, or surely not: their intents end, and matching by key does the rest. */
export async function settleCreates(
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
