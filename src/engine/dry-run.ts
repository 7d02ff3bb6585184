import { isSameVersion, type RecordId, type RecordState } from '../contract/change.ts'
import type { Fields } from '../contract/value.ts'
import type { NewChange, StoredChange } from '../ledger/change.ts'
import type { Link } from '../ledger/link.ts'
import type { Work } from '../ledger/work.ts'
import { flows, otherSide, SIDES, type Side } from '../mapping/mapping.ts'
import { capture, type Known } from './capture.ts'
import type { Context } from './context.ts'
import { EXITED } from './decide-gone.ts'
import { type Draft, newDraft } from './draft.ts'
import { type PlannedStep, planNewcomers } from './dry-run-newcomers.ts'
import { planSteps } from './dry-run-steps.ts'
import { confirmHint, isCrowd } from './guard.ts'
import { isRead } from './is-read.ts'
import { idOn, type Job } from './job.ts'
import { assumeCreated } from './lookup-cache.ts'
import { planGone } from './plan-gone.ts'
import { planLinked } from './plan-linked.ts'
import { readRecords } from './pull.ts'
import { goneOf } from './sweep.ts'
import { tellLines } from './tell-lines.ts'
import { unstoredChange } from './unstored-change.ts'

const LIST_PAGE = 5000
const PAGE = 500
/** A target that is not as it was seen is decided about again with what it is now. */
const MAX_PASSES = 3

/** Everything a plan collects until both sides are read. */
interface Findings {
  /** Changes of linked records, of both sides together. */
  readonly linked: Map<number, Work>
  /** Records that look as they did at a new version: a field that only steps read may have changed. */
  readonly touched: Map<number, Link>
  /** Records that this plan creates or joins on the other side, by "side id". */
  readonly planned: Set<string>
  gone: number
}

/**
 * What the next sync with a sweep would do. Compares complete listings with the ledger, so that no feed is read: reading
 * on in a feed would tell it that what came before is stored. Writes nothing, neither there nor in the ledger.
 */
export async function* planSync(real: Context, signal: AbortSignal): AsyncGenerator<PlannedStep> {
  const context = { ...real, lookups: assumeCreated(real.lookups) }
  const findings: Findings = { linked: new Map(), touched: new Map(), planned: new Set(), gone: 0 }
  for (const side of SIDES) {
    if (isRead(context, side)) yield* planSide(context, side, findings, signal)
  }
  let updates = 0
  const works = [...findings.linked.values()]
  const written = new Map<string, Record<Side, Fields>>()
  for (let start = 0; start < works.length; start += PAGE) {
    for (const step of await planWorks(context, works.slice(start, start + PAGE), signal)) {
      if (step.action === 'update') updates += 1
      if (step.action === 'update' && step.side !== null) addWritten(written, step, step.side)
      yield step
    }
  }
  const links = [...works.flatMap(({ link }) => link ?? []), ...findings.touched.values()]
  const planned = new Map(links.map((link) => [link.id, written.get(`${link.odooId} ${link.externalId}`) ?? NOTHING]))
  yield* planSteps(context, links, planned, signal)
  yield* guards(context, findings.gone, updates, await context.ledger.countLinks(context.mapping.name))
}

const NOTHING = { odoo: {}, external: {} }

function addWritten(written: Map<string, Record<Side, Fields>>, step: PlannedStep, side: Side): void {
  const name = `${step.odooId} ${step.externalId}`
  const fields = written.get(name) ?? { odoo: {}, external: {} }
  written.set(name, { ...fields, [side]: { ...fields[side], ...step.after } })
}

async function* planSide(
  context: Context,
  side: Side,
  findings: Findings,
  signal: AbortSignal,
): AsyncGenerator<PlannedStep> {
  const { feed } = context.sides[side].collection
  if (!feed?.list) return
  const listed = new Set<RecordId>()
  let after: string | null = null
  do {
    signal.throwIfAborted()
    const listing: Awaited<ReturnType<typeof feed.list>> = await feed.list(after, LIST_PAGE, signal)
    for (const { id } of listing.entries) listed.add(id)
    for (let start = 0; start < listing.entries.length; start += PAGE) {
      const entries = listing.entries.slice(start, start + PAGE)
      yield* planPage(context, side, entries, findings, signal)
    }
    after = listing.after
  } while (after !== null)
  if (listed.size > 0) await addMissing(context, side, listed, findings, signal)
}

async function* planPage(
  context: Context,
  side: Side,
  entries: readonly { readonly id: RecordId; readonly version: string | null }[],
  findings: Findings,
  signal: AbortSignal,
): AsyncGenerator<PlannedStep> {
  const { mapping, ledger } = context
  const ids = entries.map(({ id }) => id)
  const known = await ledger.known(mapping.name, side, ids)
  const versions = new Map(entries.map(({ id, version }) => [id, version]))
  const unread = ids.filter((id) => {
    const { link, change } = known.get(id) ?? { link: null, change: null }
    const version = versions.get(id) ?? null
    return change !== null || link === null || !isSameVersion(link.version[side], version)
  })
  if (unread.length === 0) return
  const states = await readRecords(context, side, unread, signal)
  const newcomers: StoredChange[] = []
  for (const { id } of capture(context.mapping, side, [...states.values()], known).touched) {
    const link = known.get(id)?.link
    if (link) findings.touched.set(link.id, link)
  }
  for (const change of toDecide(context, side, [...states.values()], known)) {
    const link = known.get(change.id)?.link ?? null
    if (link) addLinked(findings, link, change)
    else if (flows(mapping.direction, side)) newcomers.push(change)
  }
  yield* await planNewcomers(context, side, newcomers, findings.planned, signal)
}

/** What is new, and what was captured before and is still to be done. A dead letter that did not change stays one. */
function toDecide(
  context: Context,
  side: Side,
  states: readonly RecordState[],
  known: ReadonlyMap<RecordId, Known>,
): readonly StoredChange[] {
  const fresh = capture(context.mapping, side, states, known).changes
  const changed = new Set(fresh.map(({ id }) => id))
  const pending = states.flatMap(({ id }) => {
    const change = known.get(id)?.change
    return change?.state === 'pending' && !changed.has(id) ? [change] : []
  })
  return [...fresh.map(unstoredChange), ...pending]
}

function addLinked(findings: Pick<Findings, 'linked'>, link: Link, change: StoredChange): void {
  const work = findings.linked.get(link.id) ?? { link, odoo: null, external: null }
  findings.linked.set(link.id, { ...work, [change.side]: change })
}

/** Linked records that a complete listing lacks: deleted, or out of the collection's filter. */
async function addMissing(
  context: Context,
  side: Side,
  listed: ReadonlySet<RecordId>,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const { mapping, ledger } = context
  let after = 0
  for (;;) {
    const links: readonly Link[] = await ledger.linksAfter(mapping.name, after, LIST_PAGE)
    const last = links.at(-1)
    if (!last) return
    after = last.id
    const missing = links.filter((link) => link.state === 'live' && !listed.has(idOn(link, side)))
    if (missing.length === 0) continue
    const ids = missing.map((link) => idOn(link, side))
    const present = await readRecords(context, side, ids, signal)
    for (const link of missing) {
      const isPresent = present.has(idOn(link, side))
      if (isPresent && mapping.onExit[side] === 'keep') continue
      findings.gone += 1
      addLinked(findings, link, unstoredChange(goneOf(side, idOn(link, side), isPresent ? EXITED : null)))
    }
  }
}

/** Decides about linked records as a run does, and again where a target turns out to be another than was seen. */
async function planWorks(
  context: Context,
  works: readonly Work[],
  signal: AbortSignal,
): Promise<readonly PlannedStep[]> {
  const steps: PlannedStep[] = []
  let open = works
  for (let pass = 0; pass < MAX_PASSES && open.length > 0; pass++) {
    const draft = newDraft(context.clock.nowMs())
    const isGone = (work: Work): boolean => work.odoo?.kind === 'gone' || work.external?.kind === 'gone'
    const jobs = [
      ...(await planGone(context, open.filter(isGone), draft, signal)),
      ...(await planLinked(
        context,
        open.filter((work) => !isGone(work)),
        draft,
        signal,
      )),
    ]
    for (const job of jobs) steps.push(...stepsOf(context, job))
    steps.push(...failures(draft, open))
    open = again(open, draft.changes)
  }
  return steps
}

/** The works of which a side was met in another state, with that state. */
function again(works: readonly Work[], changes: readonly NewChange[]): readonly Work[] {
  const findings = { linked: new Map<number, Work>() }
  for (const change of changes) {
    const work = works.find(({ link }) => link !== null && idOn(link, change.side) === change.id)
    if (!work?.link) continue
    if (!findings.linked.has(work.link.id)) findings.linked.set(work.link.id, work)
    addLinked(findings, work.link, unstoredChange(change))
  }
  return [...findings.linked.values()]
}

function stepsOf(context: Context, job: Job): readonly PlannedStep[] {
  const { work, writes, linkState, conflicts, waitsFor } = job
  const { link } = work
  const ids = { odooId: link?.odooId ?? null, externalId: link?.externalId ?? null, key: link?.key ?? null }
  const steps: PlannedStep[] = writes.map(({ side, operation, event, before }) => {
    const after = operation.kind === 'remove' ? {} : operation.fields
    const action = event === 'archived' ? 'archive' : event === 'removed' ? 'remove' : 'update'
    if (operation.kind === 'remove') return { action, side, ...ids, before: {}, after, message: null }
    return { action, side, ...ids, ...tellLines(context.mapping.fields, side, { before, after }), message: null }
  })
  if (writes.length === 0 && linkState !== 'live') {
    const side = work.odoo?.kind === 'gone' ? 'odoo' : 'external'
    const message = `${side} is gone; the other side stays as it is`
    steps.push({ action: 'unlink', side, ...ids, before: {}, after: {}, message })
  }
  for (const { field, odoo, external } of conflicts) {
    const message = `${field}: both sides changed it; a person must decide`
    steps.push({ action: 'conflict', side: 'odoo', ...ids, before: { odoo }, after: { external }, message })
  }
  for (const { mapping, side, id } of waitsFor) {
    const message = `waits for ${mapping} ${side} ${id}`
    steps.push({ action: 'wait', side, ...ids, before: {}, after: {}, message })
  }
  return steps
}

/** What the engine would keep because it cannot be done. */
function failures(draft: Draft, works: readonly Work[]): readonly PlannedStep[] {
  return draft.kept.flatMap(({ side, id, state, fault }): readonly PlannedStep[] => {
    if (fault === null) return []
    const link = works.find((work) => work.link && idOn(work.link, side) === id)?.link
    const ids = { odooId: link?.odooId ?? null, externalId: link?.externalId ?? null, key: link?.key ?? null }
    const action = state === 'conflict' ? 'conflict' : 'error'
    return [{ action, side: otherSide(side), ...ids, before: {}, after: {}, message: fault.message }]
  })
}

function* guards(context: Context, gone: number, updates: number, total: number): Generator<PlannedStep> {
  const { deletes, changesGuard, name } = context.mapping
  const base = { side: 'odoo', odooId: null, externalId: null, key: null, before: {}, after: {} } as const
  if (isCrowd(gone, total, deletes.guard)) {
    const message = `${gone} of ${total} linked records are gone: their deletes would wait for a person. ${confirmHint(name)}`
    yield { ...base, action: 'guard', message }
  }
  if (updates > changesGuard.count && updates > changesGuard.share * total) {
    const message = `${updates} of ${total} linked records would change: the run would stop for a person. ${confirmHint(name)}`
    yield { ...base, action: 'guard', message }
  }
}
