import type { RecordId, RecordState } from '../contract/change.ts'
import type { Birth } from '../contract/sink.ts'
import type { Intent } from '../ledger/intent.ts'
import { entryAt, UNKNOWN_FINGERPRINT, withSeen } from '../ledger/seen.ts'
import { keyText } from '../mapping/key.ts'
import { fieldOn, type Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import type { Draft } from './draft.ts'
import { fingerprint } from './fingerprint.ts'
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
  const births = (await sink.births?.([...new Set(found.map(({ id }) => id))], signal)) ?? new Map<RecordId, Birth>()
  const meant = intents.map((intent) => ({
    intent,
    created: createdOf(
      found.filter((each) => isMeant(intent, each)),
      births,
    ),
  }))
  const claims = Map.groupBy(meant, ({ created }) => created?.state.id)
  let lookAgainMs: number | null = null
  for (const { intent, created } of meant) {
    const leftMs = context.options.doubtGraceMs - Math.abs(draft.nowMs - intent.createdAtMs)
    // Another create of the same key is in doubt as well: nothing tells whose record it is but matching by key.
    const isSole = claims.get(created?.state.id)?.length === 1
    if (created && isSole) await adoptCreated(context, intent, created, draft)
    else if (leftMs > 0) lookAgainMs = soonest(lookAgainMs, Math.min(leftMs, 1000))
    else draft.intents.push(intent.id)
  }
  return lookAgainMs
}

interface Created {
  readonly state: RecordState
  /** False: it may be another record with the same key. */
  readonly isSurelyOurs: boolean
}

/** Of the records with the key of a create, the one that it made; null: none of them. */
function createdOf(states: readonly RecordState[], births: ReadonlyMap<RecordId, Birth>): Created | null {
  const byUs = (state: RecordState): boolean | null => births.get(state.id)?.byUs ?? null
  const surely = states.find((state) => byUs(state) === true)
  const perhaps = surely ?? states.find((state) => byUs(state) === null)
  return perhaps ? { state: perhaps, isSurelyOurs: surely !== undefined } : null
}

/** Links a created record with its source: `seen` is what we sent and what is stored, where that is surely ours. */
async function adoptCreated(
  context: Context,
  intent: Intent,
  { state, isSurelyOurs }: Created,
  draft: Draft,
): Promise<void> {
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
    if (state.byUs === true || isStoredForm(rule, intent.side, sentValue, stored)) {
      const written = { before: null, sent: sentValue, stored }
      seen[intent.side].set(index, storedEntry(rule, intent.side, null, written))
    } else if (rule.lines) {
      seen[intent.side].set(index, linesAfterCreate(rule.lines, intent.side, sentValue, stored, isSurelyOurs))
    } else if (rule.set && isSurelyOurs) {
      seen[intent.side].set(index, fingerprint(sentValue))
    } else if (rule.set) {
      // What another record's set lacks was not taken out: they meet for the first time.
      seen[from].delete(index)
    }
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
