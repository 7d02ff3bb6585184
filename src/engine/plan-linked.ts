import type { RecordState } from '../contract/change.ts'
import type { Operation } from '../contract/sink.ts'
import type { Fields } from '../contract/value.ts'
import type { Link } from '../ledger/link.ts'
import { seenAt } from '../ledger/seen.ts'
import type { Work } from '../ledger/work.ts'
import { fieldOn, otherSide, type References, SIDES, type Side } from '../mapping/mapping.ts'
import { changedRules, changeOf, isSameState } from './capture.ts'
import { type ComparedPair, compareContents } from './compare-contents.ts'
import type { Context } from './context.ts'
import { createMissing, type Refusals, refusalOf } from './create-missing.ts'
import { decide } from './decide.ts'
import { type Draft, keepFailed } from './draft.ts'
import { fingerprint } from './fingerprint.ts'
import { changesOf, idOn, type Job, jobOf, type Write } from './job.ts'
import { nowOf } from './now.ts'
import type { Plan } from './plan.ts'
import { resolveReferences, type SideFields } from './references.ts'
import { isSeen, unknownSeen } from './seen.ts'

/** A linked pair on its way to a decision: with what was read of it just now. */
interface Pair {
  readonly work: Work
  readonly link: Link
  readonly fresh: Partial<Record<Side, RecordState>>
}

/** Reading a side may show that the other has to be read as well, but never more than that. */
const MAX_PASSES = 3

/**
 * Decides about changes of linked records. Before anything is written to a side, that side is read: where it is not as
 * it was seen, that is captured too, and the pair is decided again with both.
 */
export async function planLinked(
  context: Context,
  works: readonly Work[],
  draft: Draft,
  signal: AbortSignal,
): Promise<readonly Job[]> {
  let open = works.flatMap((work): Pair[] => (work.link ? [{ work, link: work.link, fresh: {} }] : []))
  const jobs: Job[] = []
  for (let pass = 0; pass < MAX_PASSES && open.length > 0; pass++) {
    const unread: { pair: Pair; sides: readonly Side[] }[] = []
    for (const { pair, plan } of await planPairs(context, open, signal)) {
      const sides = SIDES.filter((side) => !pair.fresh[side] && (plan.needs.includes(side) || isWritten(plan, side)))
      if (sides.length > 0) unread.push({ pair, sides })
      else jobs.push(...jobFor(context, pair, plan, draft))
    }
    open = await readSides(context, unread, draft, signal)
  }
  return jobs
}

/** Decides about every pair, once the records are there that lookups may make. */
async function planPairs(
  context: Context,
  pairs: readonly Pair[],
  signal: AbortSignal,
): Promise<readonly { readonly pair: Pair; readonly plan: Plan }[]> {
  const decideAll = async (refusals: Refusals) => {
    const resolved = await resolveReferences(context, pairs.flatMap(fieldsToTranslate), signal)
    const references = await compareFiles(context, pairs, resolved, signal)
    return pairs.map((pair) => {
      const plan = planPair(context, pair, references)
      const error = plan.error && refusalOf(refusals, plan.missing, plan.error)
      return { pair, plan: { ...plan, error } }
    })
  }
  const decided = await decideAll(new Map())
  const missing = decided.flatMap(({ plan }) => plan.missing)
  return missing.length === 0 ? decided : decideAll(await createMissing(context, missing, signal))
}

/** Files that both sides show, where one of them is not as it was seen. */
function compareFiles(
  context: Context,
  pairs: readonly Pair[],
  references: References,
  signal: AbortSignal,
): Promise<References> {
  const links = new Map<ComparedPair, Link>()
  for (const { work, link, fresh } of pairs) {
    const [odoo, external] = [fresh.odoo ?? work.odoo, fresh.external ?? work.external]
    if (!odoo || !external) continue
    const ids = { odoo: link.odooId, external: link.externalId }
    links.set({ ids, fields: { odoo: odoo.fields, external: external.fields } }, link)
  }
  const isChanged = ({ fields }: ComparedPair, index: number, link: Link | undefined): boolean =>
    SIDES.some((side) => {
      const rule = context.mapping.fields[index]
      const value = rule && fields[side][fieldOn(rule, side)]
      return value !== undefined && link !== undefined && fingerprint(value) !== seenAt(link.seen[side], index)
    })
  return compareContents(
    context,
    [...links.keys()],
    references,
    (pair, index) => isChanged(pair, index, links.get(pair)),
    signal,
  )
}

function isWritten(plan: Plan, side: Side): boolean {
  return Object.keys(plan.write[side]).length > 0
}

function fieldsToTranslate(pair: Pair): readonly SideFields[] {
  return SIDES.flatMap((side) => {
    const fields = pair.fresh[side]?.fields ?? pair.work[side]?.fields
    return fields ? [{ side, fields }] : []
  })
}

function planPair(context: Context, pair: Pair, references: Parameters<typeof decide>[2]): Plan {
  const now = (side: Side) => {
    const [fresh, change] = [pair.fresh[side], pair.work[side]]
    const state = fresh ?? change
    // A system may tell when a record changed as it reports the change, and not when the record is read.
    const changedAtMs = fresh?.changedAtMs ?? change?.changedAtMs ?? null
    return state ? nowOf(context, side, { fields: state.fields, changedAtMs }) : null
  }
  return decide(
    context.mapping.fields,
    { seen: seenOfLink(context, pair), now: { odoo: now('odoo'), external: now('external') } },
    references,
  )
}

/** A record that came back to a tombstone is met as if for the first time. */
function seenOfLink(context: Context, { link }: Pair): Link['seen'] {
  if (link.state === 'live') return link.seen
  const unknown = unknownSeen(context.mapping.fields)
  return { odoo: unknown, external: unknown }
}

/** Reads the sides that are missing, in one call each. The answer is the pairs that can go on. */
async function readSides(
  context: Context,
  unread: readonly { pair: Pair; sides: readonly Side[] }[],
  draft: Draft,
  signal: AbortSignal,
): Promise<Pair[]> {
  const states: Partial<Record<Side, ReadonlyMap<string, RecordState>>> = {}
  for (const side of SIDES) {
    const ids = unread.filter(({ sides }) => sides.includes(side)).map(({ pair }) => idOn(pair.link, side))
    const { sink } = context.sides[side].collection
    if (ids.length > 0 && sink) states[side] = await sink.read(ids, signal)
  }
  return unread.flatMap(({ pair, sides }) => {
    const fresh = { ...pair.fresh }
    let isAsKnown = true
    for (const side of sides) {
      const state = states[side]?.get(idOn(pair.link, side))
      if (state) fresh[side] = state
      isAsKnown = isStillAsKnown(context, pair, side, state, draft) && isAsKnown
    }
    return isAsKnown ? [{ ...pair, fresh }] : []
  })
}

/** Whether a side is what the ledger knows of it; what is not is captured, and the pair waits for the next round. */
function isStillAsKnown(
  context: Context,
  { work, link }: Pair,
  side: Side,
  state: RecordState | undefined,
  draft: Draft,
): boolean {
  if (!state) {
    const id = idOn(link, side)
    draft.changes.push({ side, id, kind: 'gone', version: null, changedAtMs: null, byUs: null, fields: {} })
    return false
  }
  const { fields: rules } = context.mapping
  const change = work[side]
  const isSame = change
    ? change.kind === 'state' && isSameState(rules, side, state, change)
    : link.state !== 'live' || changedRules(rules, side, state, link).every((index) => !isSeen(link, side, index))
  if (!isSame) draft.changes.push(changeOf(side, state))
  return isSame
}

function jobFor(context: Context, pair: Pair, plan: Plan, draft: Draft): readonly Job[] {
  const { work, link } = pair
  if (plan.error) {
    for (const change of changesOf(work)) keepFailed(context, draft, change, plan.error)
    return []
  }
  const writes = SIDES.flatMap((side) => updateOf(context, pair, plan, side))
  const { seen, conflicts, lost, waitsFor } = plan
  return [jobOf(work, { writes, seen, conflicts, lost, waitsFor, revives: link.state === 'live' ? null : link })]
}

function updateOf(context: Context, pair: Pair, plan: Plan, side: Side): readonly Write[] {
  const state = pair.fresh[side]
  const fields = { ...plan.write[side], ...unarchived(context, pair, side) }
  if (Object.keys(fields).length === 0) return []
  const before: Fields = Object.fromEntries(
    Object.keys(fields).map((name) => [name, state?.fields[name] ?? null] as const),
  )
  const expected = { ...before, ...plan.origin[side] }
  const operation: Operation = { kind: 'update', id: idOn(pair.link, side), fields, expected }
  return [{ side, operation, event: 'updated', before, sourceSeen: plan.sourceSeen[side], key: null }]
}

/** The record that we archived when its partner was deleted, now that the partner is back. */
function unarchived(context: Context, { link, fresh }: Pair, side: Side): Fields {
  const { archive } = context.sides[side].collection.capabilities
  const wasArchivedByUs =
    link.state === `${otherSide(side)}-gone` && context.mapping.deletes[otherSide(side)] === 'archive'
  if (!wasArchivedByUs || !archive || fresh[side]?.fields[archive.field] !== archive.archived) return {}
  return { [archive.field]: typeof archive.archived === 'boolean' ? !archive.archived : null }
}
