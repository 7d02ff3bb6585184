import type { RecordId, RecordState } from '../contract/change.ts'
import type { Fields, Value } from '../contract/value.ts'
import type { Link, LinkWrite, Seen, StoredChange } from '../ledger/ledger.ts'
import { UNKNOWN_FINGERPRINT } from '../ledger/ledger.ts'
import { entryAt, hasUnseen, withSeen } from '../ledger/seen.ts'
import { keyText } from '../mapping/key.ts'
import { type FieldRule, fieldOn, flows, otherSide, SIDES, type Side } from '../mapping/mapping.ts'
import { changedRules, changeOf, isSameState } from './capture.ts'
import type { Context } from './context.ts'
import { type Draft, keep, keepFailed, resolve } from './draft.ts'
import type { Sent } from './execute.ts'
import { fingerprint } from './fingerprint.ts'
import { changesOf, idOn, type Job, type Write } from './job.ts'
import { linesSeen } from './lines-seen.ts'
import { type LinesAfterWrite, linesAfterWrite } from './lines-written.ts'
import { tellOfMerger } from './plan-merged.ts'
import { seenOf, seenOfValues, unknownSeen } from './seen.ts'
import { goneOf } from './sweep.ts'
import { tellOfJob, tellOfWrite } from './tell.ts'

/** A write that was done, with what the side stores now. */
interface Done {
  readonly write: Write
  readonly record: RecordState | null
  readonly isOurs: boolean
}

/** The latest changes of the records that were written, all of them staged before the write. */
export type Overtaken = Readonly<Record<Side, ReadonlyMap<RecordId, StoredChange>>>

/** A change of a job as it is now, with what we wrote over it. */
interface Current {
  readonly change: StoredChange
  /** Stored with the change when it is kept: otherwise the older values in it would look like an edit of ours. */
  readonly written: Fields
}

/** Turns the outcomes of a job into what the ledger has to store. */
export function recordJob(context: Context, job: Job, sent: readonly Sent[], overtaken: Overtaken, draft: Draft): void {
  if (recordCreated(context, job, sent, draft)) return
  const done = sent.flatMap(doneOf)
  const failed = sent.filter((each) => doneOf(each).length === 0)
  for (const { outcome, intentId } of sent) if (outcome?.kind !== 'doubt') draft.intents.push(intentId)
  for (const each of done) tellOfWrite(context, job, each.write, each.record, draft)
  const isWhole = failed.length === 0
  if (done.length > 0 || isWhole) recordLink(context, job, done, isWhole, draft)
  const changes = currentChanges(job, done, overtaken)
  if (isWhole) finishChanges(context, job, changes, done, draft)
  else recordFailure(context, changes, failed, draft)
}

/**
 * The short way for what a first sync is made of: a new record that was created, with nothing left to do. False: it is
 * something else, and nothing was recorded.
 */
function recordCreated(context: Context, job: Job, sent: readonly Sent[], draft: Draft): boolean {
  const [only] = sent
  const { work, conflicts, lost, waitsFor, adopts, assigns } = job
  if (!only || sent.length > 1 || only.outcome?.kind !== 'done' || only.write.operation.kind !== 'create') return false
  if (work.link || adopts || assigns || conflicts.length + lost.length + waitsFor.length > 0) return false
  if (isHalfCreated(context, job)) return false
  const { write, outcome } = only
  const { record, isOurs } = outcome
  draft.intents.push(only.intentId)
  tellOfWrite(context, job, write, record, draft)
  const link = linkOfCreate(context, job, { write, record, isOurs }, draft)
  if (link) draft.links.push(link)
  for (const side of SIDES) {
    const change = work[side]
    if (change) settleChange(context, change, 'applied', draft)
  }
  return true
}

/** A change that is dealt with makes its record's steps due. */
function settleChange(context: Context, change: StoredChange, as: 'applied' | 'unchanged', draft: Draft): void {
  resolve(draft, change, as)
  if (context.mapping.steps.length > 0) draft.steps.push({ side: change.side, id: change.id })
}

function doneOf({ write, outcome }: Sent): readonly Done[] {
  if (outcome?.kind === 'done') return [{ write, record: outcome.record, isOurs: outcome.isOurs }]
  const isGoneAnyway = outcome?.kind === 'gone' && write.operation.kind === 'remove'
  return isGoneAnyway ? [{ write, record: null, isOurs: true }] : []
}

/** The changes of a job; of a side that was written, the latest one, whatever was staged since the job was decided. */
function currentChanges(job: Job, done: readonly Done[], overtaken: Overtaken): readonly Current[] {
  const changes = new Map(changesOf(job.work).map((change) => [change.side, change]))
  for (const { side, operation } of job.writes) {
    const latest = operation.kind === 'update' ? overtaken[side].get(operation.id) : undefined
    if (latest) changes.set(side, latest)
  }
  return [...changes.values()].map((change) => {
    const own = done.find(({ write }) => write.side === change.side && write.operation.kind === 'update')
    return { change, written: own ? storedFields(own) : {} }
  })
}

/** The fields that were written, as they are stored now. */
function storedFields({ write, record, isOurs }: Done): Fields {
  const sent = fieldsOf(write)
  if (!isOurs || !record) return sent
  return Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [
      name,
      record.fields[name] === undefined ? value : record.fields[name],
    ]),
  )
}

/** Some of a job was not done. What was is recorded with the link; the changes stay, to be decided about again. */
function recordFailure(context: Context, changes: readonly Current[], failed: readonly Sent[], draft: Draft): void {
  for (const { write, outcome } of failed) {
    if (outcome?.kind === 'gone' && write.operation.kind === 'update') {
      draft.changes.push(goneOf(write.side, write.operation.id, null))
    }
  }
  const outcome = failed.map((each) => each.outcome).find((each) => each?.kind === 'rejected' || isAgain(each))
  for (const { change, written } of changes) {
    const fields = { fields: written }
    if (outcome?.kind === 'rejected' && outcome.error.disposition !== 'halt') {
      keepFailed(context, draft, change, outcome.error, written)
    } else if (isAgain(outcome)) {
      // Decided again at once, with what is there now. A pause that grows keeps two fast writers from spinning.
      const attempts = change.attempts + 1
      const notBeforeMs = draft.nowMs + Math.min(attempts - 1, 50) * 100
      keep(draft, change, { state: 'pending', attempts, notBeforeMs, ...fields })
    } else if (Object.keys(written).length > 0) {
      const { state, notBeforeMs, fault, conflicts, waitsFor } = change
      keep(draft, change, { state, notBeforeMs, fault, conflicts, waitsFor, ...fields })
    }
  }
}

function isAgain(outcome: Sent['outcome'] | undefined): boolean {
  return outcome?.kind === 'exists' || outcome?.kind === 'stale'
}

function recordLink(context: Context, job: Job, done: readonly Done[], isWhole: boolean, draft: Draft): void {
  const write = linkWrite(context, job, done, isWhole, draft)
  if (write) draft.links.push(write)
  const { link } = job.work
  if (!isWhole || !link || !job.mergesInto) return
  const side = job.linkState === 'odoo-gone' ? 'odoo' : 'external'
  const { id } = job.mergesInto
  draft.links.push({ kind: 'alias', id, of: link.id, odooId: link.odooId, externalId: link.externalId })
  tellOfMerger(context, side, link, idOn(job.mergesInto, side), draft)
}

function linkWrite(
  context: Context,
  job: Job,
  done: readonly Done[],
  isWhole: boolean,
  draft: Draft,
): LinkWrite | null {
  const created = done.find(({ write }) => write.operation.kind === 'create')
  if (created) return linkOfCreate(context, job, created, draft)
  if (job.adopts) return linkOfAdoption(context, job, job.adopts)
  const { link } = job.work
  if (!link) return null
  if (isWhole && job.linkState === 'deleted') return { kind: 'delete', id: link.id }
  const after = seenAfter(context, job.seen ?? link.seen, done)
  const isSettled = isWhole && job.conflicts.length === 0 && job.waitsFor.length === 0
  return {
    kind: 'update',
    id: link.id,
    ...(isWhole && job.linkState !== 'deleted' ? { state: job.linkState } : {}),
    ...keyUpdate(context, job, done),
    seen: after.seen,
    version: versionAfter(context, job, link, done, { isSettled, uncovered: after.uncovered }, draft),
  }
}

/** What was seen of each side once the writes are done: the stored form there, the source's value here. */
function seenAfter(context: Context, seen: Link['seen'], done: readonly Done[]): After {
  const replaced: Record<Side, Map<number, string>> = { odoo: new Map(), external: new Map() }
  for (const { write, record, isOurs } of done) {
    if (write.operation.kind === 'remove') continue
    const sentFields = write.operation.fields
    context.mapping.fields.forEach((rule, index) => {
      const name = fieldOn(rule, write.side)
      const sentValue = sentFields[name]
      if (sentValue === undefined) return
      const answered = isOurs ? record?.fields[name] : undefined
      const stored =
        answered === undefined || isSetElsewhere(rule, write.side, sentValue, answered) ? sentValue : answered
      if (!rule.lines) replaced[write.side].set(index, fingerprint(stored))
      const source = entryAt(write.sourceSeen, index)
      if (rule.lines || source !== UNKNOWN_FINGERPRINT) replaced[otherSide(write.side)].set(index, source)
    })
  }
  const uncovered = new Set<Side>()
  for (const each of done) {
    for (const [index, { entry, isCovered }] of linesWritten(context, each, seen, replaced)) {
      replaced[each.write.side].set(index, entry)
      if (!isCovered) uncovered.add(each.write.side)
    }
  }
  const after = { odoo: withSeen(seen.odoo, replaced.odoo), external: withSeen(seen.external, replaced.external) }
  return { seen: after, uncovered }
}

interface After {
  readonly seen: Record<Side, Seen>
  /** Sides that store other lines than what was known and written. */
  readonly uncovered: ReadonlySet<Side>
}

/** What was seen of the lines that were written, by the index of their rule. Other lines may have been read there, too. */
function linesWritten(
  context: Context,
  { write, record, isOurs }: Done,
  seen: Link['seen'],
  replaced: Readonly<Record<Side, ReadonlyMap<number, string>>>,
): ReadonlyMap<number, LinesAfterWrite> {
  const written = new Map<number, LinesAfterWrite>()
  context.mapping.fields.forEach((rule, index) => {
    const name = fieldOn(rule, write.side)
    const sent = fieldsOf(write)[name]
    if (!rule.lines || sent === undefined) return
    const stored = (isOurs ? record?.fields[name] : undefined) ?? sent
    const base = linesSeen(rule.lines, replaced[write.side].get(index) ?? entryAt(seen[write.side], index))
    const before = write.before[name] ?? null
    written.set(index, linesAfterWrite(rule.lines, write.side, base, { before, sent, stored }))
  })
  return written
}

/**
 * The versions that were looked at. After a write, fields that we did not write may have changed as well, by a person
 * between our read and our write, or by the system itself: that is captured here, since the version covers it.
 */
function versionAfter(
  context: Context,
  job: Job,
  link: Link,
  done: readonly Done[],
  { isSettled, uncovered }: { readonly isSettled: boolean; readonly uncovered: ReadonlySet<Side> },
  draft: Draft,
): Partial<Link['version']> {
  const version: { odoo?: string | null; external?: string | null } = {}
  for (const side of SIDES) {
    const change = job.work[side]
    if (change?.kind === 'state' && isSettled) version[side] = change.version
  }
  for (const { write, record, isOurs } of done) {
    if (!record) continue
    version[write.side] = isOurs ? record.version : null
    const unwritten = context.mapping.fields.filter((rule) => !(fieldOn(rule, write.side) in fieldsOf(write)))
    const indexes = new Set(unwritten.map((rule) => context.mapping.fields.indexOf(rule)))
    const known = job.work[write.side]
    const isElsewhereChanged = known
      ? !isSameState(unwritten, write.side, record, known)
      : changedRules(context.mapping.fields, write.side, record, link).some((index) => indexes.has(index))
    const isMerged = context.mapping.fields.some((rule) => {
      const [sent, stored] = [fieldsOf(write)[fieldOn(rule, write.side)], record.fields[fieldOn(rule, write.side)]]
      return sent !== undefined && stored !== undefined && isSetElsewhere(rule, write.side, sent, stored)
    })
    const isUncovered = isOurs && uncovered.has(write.side)
    if (isElsewhereChanged || isMerged || isUncovered) draft.changes.push(changeOf(write.side, record))
  }
  return version
}

/** A set that holds something else than was sent: what others added and took out is their change, not our value's form. */
function isSetElsewhere(rule: FieldRule, side: Side, sent: Value, stored: Value): boolean {
  return rule.set?.side === side && !rule.isSame(side, sent, stored)
}

function fieldsOf(write: Write): Fields {
  return write.operation.kind === 'remove' ? {} : write.operation.fields
}

function keyUpdate(context: Context, job: Job, done: readonly Done[]): { key?: string } {
  for (const side of SIDES) {
    const written = done.find(({ write }) => write.side === side)
    const fields = { ...job.work[side]?.fields, ...(written ? fieldsOf(written.write) : {}) }
    const key = keyText(fields[fieldOn(context.mapping.key, side)] ?? null)
    if (key !== null && key !== job.work.link?.key) return { key }
  }
  return {}
}

function linkOfCreate(context: Context, job: Job, created: Done, draft: Draft): LinkWrite | null {
  const { fields: rules, key } = context.mapping
  const { write, record, isOurs } = created
  const target = write.side
  const from = otherSide(target)
  const source = job.work[from]
  if (!source || !record) return null
  const sent = fieldsOf(write)
  // What only flows the other way was given by the target itself: left unseen, it flows there. What is calculated from the
  // target's own fields is looked at again now that these are there.
  const isTheirs = (rule: FieldRule): boolean =>
    (!rule.isKey && !flows(rule.direction, from) && flows(rule.direction, target)) || rule.readsTarget === true
  const sourceSeen = seenOfSource(rules, job, write, source)
  const storedIn = (rule: FieldRule): Value | undefined => {
    const name = fieldOn(rule, target)
    const answered = isOurs || sent[name] === undefined ? record.fields[name] : undefined
    return answered === undefined ? sent[name] : answered
  }
  const heads = seenOfValues(rules, target, (index) => {
    const rule = rules[index]
    return rule === undefined || isTheirs(rule) ? undefined : storedIn(rule)
  })
  const lines = new Map<number, LinesAfterWrite>()
  for (const [index, rule] of rules.entries()) {
    const [own, stored] = [sent[fieldOn(rule, target)], storedIn(rule)]
    if (!rule.lines || own === undefined || stored === undefined) continue
    lines.set(index, linesAfterWrite(rule.lines, target, null, { before: null, sent: own, stored }))
  }
  const targetSeen = withSeen(heads, new Map([...lines].map(([index, { entry }]) => [index, entry])))
  const flowsBack = rules.some(isTheirs) || [...lines.values()].some(({ isCovered }) => !isCovered)
  if (flowsBack) draft.changes.push(changeOf(target, record))
  const isToOdoo = target === 'odoo'
  const targetVersion = isOurs ? record.version : null
  return {
    kind: 'insert',
    odooId: isToOdoo ? record.id : source.id,
    externalId: isToOdoo ? source.id : record.id,
    key: keyText(source.fields[fieldOn(key, from)] ?? null) ?? keyText(record.fields[fieldOn(key, target)] ?? null),
    seen: isToOdoo ? { odoo: targetSeen, external: sourceSeen } : { odoo: sourceSeen, external: targetSeen },
    version: isToOdoo
      ? { odoo: targetVersion, external: source.version }
      : { odoo: source.version, external: targetVersion },
  }
}

/** What was seen of the source of a create: what was written, and what is not written as it is. */
function seenOfSource(rules: readonly FieldRule[], job: Job, write: Write, source: StoredChange): Seen {
  const { sourceSeen } = write
  if (!hasUnseen(sourceSeen)) return sourceSeen
  const from = source.side
  const replaced = new Map<number, string>()
  for (const [index, rule] of rules.entries()) {
    const sentSeen = entryAt(sourceSeen, index)
    const isOmitted =
      isLater(rule, from, source.fields) ||
      (sentSeen === UNKNOWN_FINGERPRINT && job.waitsFor.length > 0 && isReference(rule, from))
    if (isOmitted || sentSeen !== UNKNOWN_FINGERPRINT) replaced.set(index, sentSeen)
  }
  return withSeen(seenOf(rules, from, source.fields), replaced)
}

/** Whether the field is, or its lines have, a link that flows from a side. */
function isReference(rule: FieldRule, from: Side): boolean {
  const rules = rule.lines ? rule.lines.fields : [rule]
  return rules.some((each) => each.reference?.kind === 'link' && flows(each.direction, from))
}

/** What could not be part of the create, and is written to the record that exists now. */
function isLater(rule: FieldRule, from: Side, source: Fields): boolean {
  const { create, update } = rule.writable[otherSide(from)]
  return !create && update && flows(rule.direction, from) && (source[fieldOn(rule, from)] ?? null) !== null
}

function linkOfAdoption(context: Context, job: Job, adopts: NonNullable<Job['adopts']>): LinkWrite {
  const unknown = unknownSeen(context.mapping.fields)
  const seen = job.seen ?? { odoo: unknown, external: unknown }
  const source = job.work.odoo ?? job.work.external
  const key = source ? keyText(source.fields[fieldOn(context.mapping.key, source.side)] ?? null) : null
  const stateKey = source
    ? keyText(adopts.state.fields[fieldOn(context.mapping.key, otherSide(source.side))] ?? null)
    : null
  const base = { odooId: adopts.odooId, externalId: adopts.externalId, key: key ?? stateKey, seen }
  if (job.revives)
    return { kind: 'update', id: job.revives.id, state: 'live', ...base, version: { odoo: null, external: null } }
  const version = { odoo: job.work.odoo?.version ?? null, external: job.work.external?.version ?? null }
  if (source?.side === 'odoo') version.external = adopts.state.version
  else version.odoo = adopts.state.version
  return { kind: 'insert', ...base, version }
}

/** A job of which everything was done: its changes are applied, or stay for what is still open. */
function finishChanges(
  context: Context,
  job: Job,
  changes: readonly Current[],
  done: readonly Done[],
  draft: Draft,
): void {
  tellOfJob(context, job, draft)
  const isUndecided =
    (job.adopts !== null && (job.revives !== null || !isFullySeen(job))) || isHalfCreated(context, job)
  for (const { change, written } of changes) {
    const fields = { ...written, ...job.assigns }
    if (job.assigns || isUndecided) keep(draft, change, { state: 'pending', fields })
    else if (job.waitsFor.length > 0) keep(draft, change, { state: 'waiting', waitsFor: job.waitsFor, fields })
    else if (job.conflicts.length > 0) keep(draft, change, { state: 'conflict', conflicts: job.conflicts, fields })
    else {
      const isApplied = done.length > 0 || job.adopts !== null || job.linkState !== 'live'
      settleChange(context, change, isApplied ? 'applied' : 'unchanged', draft)
    }
  }
}

/** Whether the record that was created lacks something that it can only get now. */
function isHalfCreated(context: Context, job: Job): boolean {
  return job.writes.some(({ side, operation }) => {
    const source = job.work[otherSide(side)]
    return (
      operation.kind === 'create' &&
      source !== null &&
      context.mapping.fields.some((rule) => isLater(rule, otherSide(side), source.fields))
    )
  })
}

/** Whether an adopted pair turned out to be in step, so that nothing is left to decide. */
function isFullySeen(job: Job): boolean {
  const { seen } = job
  return seen !== null && !SIDES.some((side) => hasUnseen(seen[side]))
}
