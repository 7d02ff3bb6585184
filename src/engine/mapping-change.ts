import { createHash } from 'node:crypto'
import type { RecordState } from '../contract/change.ts'
import type { Value } from '../contract/value.ts'
import type { Link } from '../ledger/link.ts'
import { UNKNOWN_FINGERPRINT, withSeen } from '../ledger/seen.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import { createsFrom } from '../mapping/mapping-file.ts'
import type { MappingDefinition } from '../mapping/mapping-schema.ts'
import { changeOf } from './capture.ts'
import type { Context } from './context.ts'
import { decide } from './decide.ts'
import { newDraft, settle } from './draft.ts'
import { confirmHint } from './guard.ts'
import { idOn } from './job.ts'
import { nowOf } from './now.ts'
import { describePlan, type PlannedChange } from './plan-resync.ts'
import { readRecords } from './pull.ts'
import { resolveReferences } from './references.ts'
import type { RunMemory } from './run-memory.ts'
import { workOnce } from './work.ts'

const PAGE = 500
/** The note with the parts of the mapping file as they were carried out last, each as a fingerprint. */
const PARTS = 'mapping:parts'
/** The note with a change that is not carried out yet. */
const CHANGE = 'mapping:change'
export const MAPPING_GUARD = 'mapping'
/** Of no consequence for what records hold. */
const WITHOUT_CONSEQUENCES: readonly (keyof MappingDefinition)[] = [
  'mapping',
  'schedule',
  'deep',
  'sweep',
  'compare_within',
  'wait_limit',
  'max_attempts',
  'page_size',
  'deletes',
  'on_exit',
  'changes_guard',
  'steps',
  'match',
]

/** Where one of these is another, records that were left alone are looked at again. */
const MEETS_ANEW: ReadonlySet<string> = new Set(['odoo', 'external', 'when', 'creates'])

type Parts = Readonly<Record<string, string>>

/** What is other in a mapping's file than it was when it was carried out last. */
export interface MappingChange {
  /** "field email:email", "odoo", "conflict". */
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
}

/** What came of looking at a mapping's file. */
export interface NoticedChange {
  readonly change: MappingChange
  /** How many linked records it would change, of how many. */
  readonly updates: number
  readonly total: number
  /** It waits for a person. */
  readonly isHeld: boolean
  /** As a sentence. */
  readonly message: string
}

/** The change of a mapping's file that was not carried out yet; null: there is none, or it never ran. */
export async function changeOfMapping(context: Context, definition: MappingDefinition): Promise<MappingChange | null> {
  const before = await storedParts(context)
  return before === null ? null : difference(before, partsOf(definition))
}

/**
 * Looks at a mapping's file before its first run: what changed since it was carried out last, and what that would change. Beyond
 * the mapping's guard of changes it pauses until a person agrees; within, the next run carries it out. May be repeated.
 * null: nothing changed, or it is known already.
 */
export async function noticeMappingChange(
  context: Context,
  definition: MappingDefinition,
  signal: AbortSignal,
): Promise<NoticedChange | null> {
  const { ledger, mapping, clock } = context
  const parts = partsOf(definition)
  const before = await storedParts(context)
  const { notes, guards, pause } = await ledger.state(mapping.name)
  const { [MAPPING_GUARD]: trip, ...otherGuards } = guards
  const lifted = trip && pause?.code === 'guard' && pause.message === trip.message ? { pause: null } : {}
  if (before === null || Object.keys(before).length === 0) {
    await ledger.updateState(mapping.name, { notes: { ...notes, [PARTS]: JSON.stringify(parts) } })
    return null
  }
  const change = difference(before, parts)
  if (change === null) {
    // Also where the file was put back as it had been, while its change waited.
    const { [CHANGE]: pending, ...others } = notes
    if (pending !== undefined || trip) {
      await ledger.updateState(mapping.name, { notes: others, guards: otherGuards, ...lifted })
    }
    return null
  }
  const text = JSON.stringify(parts)
  if (notes[CHANGE] === text) return null
  let updates = 0
  for await (const step of planMappingChange(context, change, signal)) if (step.action !== 'wait') updates += 1
  const total = await ledger.countLinks(mapping.name)
  const isHeld = updates > mapping.changesGuard.count && updates > mapping.changesGuard.share * total
  const message = messageOf(change, updates, total)
  const sinceMs = clock.nowMs()
  const held = { sinceMs, count: updates, total, message, confirmedSeq: null }
  await ledger.updateState(mapping.name, {
    notes: { ...notes, [CHANGE]: text },
    guards: isHeld ? { ...otherGuards, [MAPPING_GUARD]: held } : otherGuards,
    ...(isHeld ? { pause: { code: 'guard', message, hint: confirmHint(mapping.name), sinceMs } } : lifted),
  })
  return { change, updates, total, isHeld, message }
}

/** What the change would write, record by record. Writes nothing. */
export async function* planMappingChange(
  context: Context,
  change: MappingChange,
  signal: AbortSignal,
): AsyncGenerator<PlannedChange> {
  const indexes = changedFields(context, change)
  for await (const pairs of pairsOf(context, indexes, signal)) yield* await decidePairs(context, indexes, pairs, signal)
}

/**
 * Carries out a change of the mapping's file, unless it waits for a person: its fields are met as if for the first time, by the
 * policies of the mapping. What is written goes the way of every change. After a crash it begins again.
 * The answer is the sides whose selection of records changed, so that both listings have to be looked at.
 */
export async function carryOutMappingChange(
  context: Context,
  memory: RunMemory,
  signal: AbortSignal,
): Promise<boolean> {
  const { ledger, mapping } = context
  const { notes, guards } = await ledger.state(mapping.name)
  const text = notes[CHANGE]
  if (typeof text !== 'string' || guards[MAPPING_GUARD]?.confirmedSeq === null) return false
  const before = (await storedParts(context)) ?? {}
  const parts = JSON.parse(text) as Parts
  const change = difference(before, parts)
  if (change) {
    const indexes = changedFields(context, change)
    for await (const pairs of pairsOf(context, indexes, signal)) {
      await stagePairs(context, indexes, pairs, signal)
      // Fields that were never seen do not count for the guard: a person agreed to them, or they are few.
      while (!memory.isStopping() && (await workOnce(context, memory, signal)) > 0);
      if (memory.isStopping()) return false
    }
  }
  const state = await ledger.state(mapping.name)
  const { [CHANGE]: _, ...others } = state.notes
  const { [MAPPING_GUARD]: __, ...otherGuards } = state.guards
  await ledger.updateState(mapping.name, { notes: { ...others, [PARTS]: text }, guards: otherGuards })
  return change !== null && [...change.changed, ...change.added, ...change.removed].some((part) => MEETS_ANEW.has(part))
}

async function storedParts({ ledger, mapping }: Context): Promise<Parts | null> {
  const { notes, lastSuccessAtMs } = await ledger.state(mapping.name)
  const parts = notes[PARTS]
  if (typeof parts === 'string') return JSON.parse(parts) as Parts
  return lastSuccessAtMs === null ? null : {}
}

/** A fingerprint of each part: what the file says may hold an address that is a secret. */
function partsOf(definition: MappingDefinition): Parts {
  const parts: Record<string, string> = {}
  for (const [name, value] of Object.entries(definition)) {
    if (WITHOUT_CONSEQUENCES.some((each) => each === name)) continue
    // Nothing is left alone: as if the file did not speak of it, which those of ledgers from before do not.
    if (name === 'creates' && SIDES.every((side) => createsFrom({ definition }, side))) continue
    if (name !== 'fields' && name !== 'lines') parts[name] = hash(value as Value)
  }
  for (const field of definition.fields)
    parts[`field ${field.odoo}:${field.external}`] = hash(field as unknown as Value)
  for (const lines of definition.lines) parts[`lines ${lines.odoo}:${lines.external}`] = hash(lines as unknown as Value)
  return parts
}

function hash(value: Value): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16)
}

function difference(before: Parts, now: Parts): MappingChange | null {
  const added = Object.keys(now).filter((name) => !(name in before))
  const removed = Object.keys(before).filter((name) => !(name in now))
  const changed = Object.keys(now).filter((name) => name in before && before[name] !== now[name])
  return added.length + removed.length + changed.length === 0 ? null : { added, removed, changed }
}

/** The indexes of the pairs that are met anew. Where the policy of all changed, nothing has to be done: it decides later conflicts. */
function changedFields({ mapping }: Context, { added, changed }: MappingChange): readonly number[] {
  const names = new Set([...added, ...changed].map((part) => part.replace(/^(?:field|lines) /, '')))
  const isWhole = changed.includes('direction')
  return mapping.fields.flatMap((rule, index) =>
    isWhole || names.has(rule.name) || names.has(`${rule.odoo}:${rule.external}`) ? [index] : [],
  )
}

interface Pair {
  readonly link: Link
  readonly now: Readonly<Record<Side, RecordState>>
}

/** All linked pairs that are there on both sides, page by page. */
async function* pairsOf(
  context: Context,
  indexes: readonly number[],
  signal: AbortSignal,
): AsyncGenerator<readonly Pair[]> {
  let after = 0
  while (indexes.length > 0) {
    signal.throwIfAborted()
    const links = await context.ledger.linksAfter(context.mapping.name, after, PAGE)
    const last = links.at(-1)
    if (!last) return
    after = last.id
    const live = links.filter(({ state }) => state === 'live')
    const read = (side: Side) =>
      readRecords(
        context,
        side,
        live.map((link) => idOn(link, side)),
        signal,
      )
    const [odoo, external] =
      live.length > 0 ? await Promise.all([read('odoo'), read('external')]) : [new Map(), new Map()]
    const pairs = live.flatMap((link): readonly Pair[] => {
      const [ours, theirs] = [odoo.get(link.odooId), external.get(link.externalId)]
      return ours && theirs ? [{ link, now: { odoo: ours, external: theirs } }] : []
    })
    if (pairs.length > 0) yield pairs
  }
}

function seenAnew({ seen }: Link, indexes: readonly number[]): Link['seen'] {
  const unknown = new Map(indexes.map((index) => [index, UNKNOWN_FINGERPRINT]))
  return { odoo: withSeen(seen.odoo, unknown), external: withSeen(seen.external, unknown) }
}

async function decidePairs(
  context: Context,
  indexes: readonly number[],
  pairs: readonly Pair[],
  signal: AbortSignal,
): Promise<readonly PlannedChange[]> {
  const { mapping } = context
  const rules = indexes.flatMap((index) => mapping.fields[index] ?? [])
  const fields = pairs.flatMap(({ now }) => SIDES.map((side) => ({ side, fields: now[side].fields })))
  const references = await resolveReferences(context, fields, signal)
  return pairs.flatMap(({ link, now }) => {
    const blank = UNKNOWN_FINGERPRINT.repeat(rules.length)
    const states = { odoo: nowOf(context, 'odoo', now.odoo), external: nowOf(context, 'external', now.external) }
    const plan = decide(rules, { seen: { odoo: blank, external: blank }, now: states }, references)
    const ids = { odooId: link.odooId, externalId: link.externalId, key: link.key }
    return describePlan(context, plan, ids, { odoo: now.odoo.fields, external: now.external.fields })
  })
}

async function stagePairs(
  context: Context,
  indexes: readonly number[],
  pairs: readonly Pair[],
  signal: AbortSignal,
): Promise<void> {
  const planned = await decidePairs(context, indexes, pairs, signal)
  const differing = new Set(planned.map(({ odooId }) => odooId))
  const draft = newDraft(context.clock.nowMs())
  for (const { link, now } of pairs) {
    if (!differing.has(link.odooId)) continue
    draft.links.push({ kind: 'update', id: link.id, seen: seenAnew(link, indexes) })
    for (const side of SIDES) draft.changes.push(changeOf(side, now[side]))
  }
  await settle(context, draft)
}

function messageOf({ added, removed, changed }: MappingChange, updates: number, total: number): string {
  const parts = [
    added.length > 0 ? `added: ${added.join(', ')}` : '',
    removed.length > 0 ? `removed: ${removed.join(', ')}` : '',
    changed.length > 0 ? `changed: ${changed.join(', ')}` : '',
  ].filter((part) => part !== '')
  return `The mapping was changed (${parts.join('; ')}): ${updates} of ${total} linked records would change.`
}
