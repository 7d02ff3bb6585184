import type { Value } from '../contract/value.ts'
import type { Link } from '../ledger/link.ts'
import { entryAt, type Seen, UNKNOWN_FINGERPRINT, withSeen } from '../ledger/seen.ts'
import { keyText } from '../mapping/key.ts'
import { type FieldRule, fieldOn, otherSide, SIDES, type Side } from '../mapping/mapping.ts'
import { changedRules, changeOf, isSameState } from './capture.ts'
import type { Context } from './context.ts'
import { type Done, fieldsOf } from './done.ts'
import type { Draft } from './draft.ts'
import { fingerprint } from './fingerprint.ts'
import type { Job } from './job.ts'
import { linesSeen } from './lines-seen.ts'
import { type LinesAfterWrite, linesAfterWrite } from './lines-written.ts'

/** What was seen of each side once the writes are done: the stored form there, the source's value here. */
export function seenAfter(context: Context, seen: Link['seen'], done: readonly Done[]): After {
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
export function versionAfter(
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

/** The key that a link has once the writes are done, where it is another one. */
export function keyUpdate(context: Context, job: Job, done: readonly Done[]): { key?: string } {
  for (const side of SIDES) {
    const written = done.find(({ write }) => write.side === side)
    const fields = { ...job.work[side]?.fields, ...(written ? fieldsOf(written.write) : {}) }
    const key = keyText(fields[fieldOn(context.mapping.key, side)] ?? null)
    if (key !== null && key !== job.work.link?.key) return { key }
  }
  return {}
}
