import type { Value } from '../contract/value.ts'
import type { StoredChange } from '../ledger/change.ts'
import type { LinkWrite } from '../ledger/link.ts'
import { entryAt, hasUnseen, type Seen, UNKNOWN_FINGERPRINT, withSeen } from '../ledger/seen.ts'
import { keyText } from '../mapping/key.ts'
import { type FieldRule, fieldOn, flows, otherSide, type Side } from '../mapping/mapping.ts'
import { changeOf } from './capture.ts'
import type { Context } from './context.ts'
import { type Done, fieldsOf } from './done.ts'
import type { Draft } from './draft.ts'
import type { Job, Write } from './job.ts'
import { type LinesAfterWrite, linesAfterWrite } from './lines-written.ts'
import { perMapping } from './per-mapping.ts'
import { seenOf, seenOfValues } from './seen.ts'

/** How the pairs of a mapping behave when a record is created on a side. */
interface CreatedPairs {
  /** The fields' names there. */
  readonly names: readonly string[]
  /**
   * By the pairs' indexes: the target's own value counts as never seen. What only flows the other way was given by the
   * target itself, and flows there. What is calculated from the target's own fields is looked at again now that these
   * are there.
   */
  readonly isTheirs: readonly boolean[]
  /** Those that cannot be part of the create, and are written to the record once it exists. */
  readonly later: ReadonlySet<FieldRule>
  readonly withLines: readonly (readonly [index: number, rule: FieldRule])[]
}

const createdPairs = perMapping(({ fields }, target): CreatedPairs => {
  const from = otherSide(target)
  const isTheirs = (rule: FieldRule): boolean =>
    (!rule.isKey && !flows(rule.direction, from) && flows(rule.direction, target)) || rule.readsTarget === true
  const isLater = (rule: FieldRule): boolean => {
    const { create, update } = rule.writable[target]
    return !create && update && flows(rule.direction, from)
  }
  return {
    names: fields.map((rule) => fieldOn(rule, target)),
    isTheirs: fields.map(isTheirs),
    later: new Set(fields.filter(isLater)),
    withLines: [...fields.entries()].filter(([, rule]) => rule.lines !== undefined),
  }
})

/** The link of a record that was created; null: nobody knows what it is called. */
export function linkOfCreate(context: Context, job: Job, created: Done, draft: Draft): LinkWrite | null {
  const { mapping } = context
  const { fields: rules, key } = mapping
  const { write, record, isOurs } = created
  const target = write.side
  const from = otherSide(target)
  const source = job.work[from]
  if (!source || !record) return null
  const { names, isTheirs, withLines } = createdPairs(mapping, target)
  const sent = fieldsOf(write)
  const storedAt = (index: number): Value | undefined => {
    const own = sent[names[index] as string]
    const answered = isOurs || own === undefined ? record.fields[names[index] as string] : undefined
    return answered === undefined ? own : answered
  }
  const heads = seenOfValues(rules, target, (index) => (isTheirs[index] ? undefined : storedAt(index)))
  const lines = new Map<number, LinesAfterWrite>()
  for (const [index, rule] of withLines) {
    const [own, stored] = [sent[fieldOn(rule, target)], storedAt(index)]
    if (!rule.lines || own === undefined || stored === undefined) continue
    lines.set(index, linesAfterWrite(rule.lines, target, null, { before: null, sent: own, stored }))
  }
  const flowsBack = isTheirs.includes(true) || [...lines.values()].some(({ isCovered }) => !isCovered)
  if (flowsBack) draft.changes.push(changeOf(target, record))
  const sourceSeen = seenOfSource(context, job, write, source)
  const targetSeen = lines.size === 0 ? heads : withSeen(heads, entriesOf(lines))
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

function entriesOf(lines: ReadonlyMap<number, LinesAfterWrite>): ReadonlyMap<number, string> {
  return new Map([...lines].map(([index, { entry }]) => [index, entry]))
}

/** What was seen of the source of a create: what was written, and what is not written as it is. */
function seenOfSource({ mapping }: Context, job: Job, write: Write, source: StoredChange): Seen {
  const { sourceSeen } = write
  if (!hasUnseen(sourceSeen)) return sourceSeen
  const from = source.side
  const { later } = createdPairs(mapping, write.side)
  const replaced = new Map<number, string>()
  for (const [index, rule] of mapping.fields.entries()) {
    const sentSeen = entryAt(sourceSeen, index)
    const isOmitted =
      (later.has(rule) && hasValue(rule, source)) ||
      (sentSeen === UNKNOWN_FINGERPRINT && job.waitsFor.length > 0 && isReference(rule, from))
    if (isOmitted || sentSeen !== UNKNOWN_FINGERPRINT) replaced.set(index, sentSeen)
  }
  return withSeen(seenOf(mapping.fields, from, source.fields), replaced)
}

/** Whether the field is, or its lines have, a link that flows from a side. */
function isReference(rule: FieldRule, from: Side): boolean {
  const rules = rule.lines ? rule.lines.fields : [rule]
  return rules.some((each) => each.reference?.kind === 'link' && flows(each.direction, from))
}

function hasValue(rule: FieldRule, { side, fields }: StoredChange): boolean {
  return (fields[fieldOn(rule, side)] ?? null) !== null
}

/** Whether the record that a job created lacks something that it can only get now. */
export function isHalfCreated({ mapping }: Context, job: Job): boolean {
  for (const { side, operation } of job.writes) {
    const source = job.work[otherSide(side)]
    if (operation.kind !== 'create' || source === null) continue
    for (const rule of createdPairs(mapping, side).later) if (hasValue(rule, source)) return true
  }
  return false
}
