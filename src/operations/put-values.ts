import type { RecordState } from '../contract/change.ts'
import { asSyncError, SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import { changeOf } from '../engine/capture.ts'
import type { Context } from '../engine/context.ts'
import { newDraft, settle } from '../engine/draft.ts'
import { fingerprint } from '../engine/fingerprint.ts'
import { readRecords } from '../engine/pull.ts'
import type { HistoryEntry } from '../ledger/history.ts'
import { coerce } from '../mapping/coerce.ts'
import { type FieldRule, fieldOn, flows, otherSide, type Side } from '../mapping/mapping.ts'
import { didYouMean } from '../mapping/suggestion.ts'

/** Values that a person wants one record to have. */
export interface Put {
  readonly side: Side
  readonly id: string
  /** By the side's own field names. Text is taken as a value of the field's type. */
  readonly fields: Fields
  /** What the person saw there; null: whatever it is may be replaced. */
  readonly expected: Fields | null
  /** Who and why, for the history. */
  readonly note: Readonly<Record<string, Value>>
}

/**
 * Writes values to a record as its user would, and stages what is stored then as a change of that side: it is decided about and
 * carried over like any other. Never while a run of the mapping is going on. After a crash in between, the feed brings
 * the change. May be repeated.
 * @throws SyncError `changed` where the record is not as the person saw it, `invalid`, `unsupported`, or what the side answers.
 */
export async function putValues(context: Context, put: Put, signal: AbortSignal): Promise<RecordState> {
  const { side, id } = put
  const { collection, schema } = context.sides[side]
  const fields = checkedFields(context, put)
  const record = (await readRecords(context, side, [id], signal)).get(id)
  if (!record) throw new SyncError('invalid', `${schema.name} ${id} does not exist (any more).`)
  const before = Object.fromEntries(Object.keys(fields).map((name) => [name, record.fields[name] ?? null] as const))
  if (put.expected) checkExpected(context, put, put.expected, record)
  const changed = Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => fingerprint(value) !== fingerprint(before[name] ?? null)),
  )
  let stored = record
  if (Object.keys(changed).length > 0) {
    await remember(context, put, 'edited', { ...put.note, ...valuesOf(context, changed, before) })
    const operation = { kind: 'update', id, fields: changed, expected: pick(before, changed) } as const
    const [outcome] = (await collection.sink?.apply([operation], signal)) ?? []
    if (outcome?.kind === 'rejected') {
      const { code, message, hint } = asSyncError(outcome.error)
      await remember(context, put, 'failed', { ...put.note, code, message, hint })
      throw outcome.error
    }
    if (outcome?.kind !== 'done') throw changedError(schema.name, id, Object.keys(changed).join(', '))
    stored = (await readRecords(context, side, [id], signal)).get(id) ?? outcome.record ?? record
  }
  await settle(context, { ...newDraft(context.clock.nowMs()), changes: [changeOf(side, stored)] })
  return stored
}

/** The values as the fields' types have them. @throws SyncError where one cannot be written here, or would not flow on. */
function checkedFields(context: Context, { side, fields }: Put): Fields {
  const { collection, schema } = context.sides[side]
  if (!collection.sink) throw new SyncError('unsupported', `${schema.name} cannot be written.`)
  const checked = Object.entries(fields).map(([name, value]): [string, Value] => {
    const rule = ruleOf(context, side, name)
    const type = schema.fields.get(name)?.type ?? 'json'
    if (rule.lines || type === 'lines' || type === 'binary') {
      throw new SyncError('unsupported', `${name} of ${schema.name} holds lines or a file, which cannot be typed in.`, {
        hint: `Change it in ${context.sides[side].connection} itself.`,
      })
    }
    if (!rule.writable[side].update) throw new SyncError('unsupported', `${name} of ${schema.name} cannot be written.`)
    if (!flows(rule.direction, side) || rule.owner === otherSide(side)) {
      throw new SyncError('unsupported', `By the mapping, ${name} of ${schema.name} does not flow to the other side.`, {
        hint: `Change it on the side from which it comes: ${otherSide(side)}.`,
      })
    }
    return [name, typeof value === 'object' ? value : coerce(type, value)]
  })
  return Object.fromEntries(checked)
}

function ruleOf(context: Context, side: Side, name: string): FieldRule {
  const rules = context.mapping.fields
  const found = rules.find((rule) => fieldOn(rule, side) === name)
  if (found) return found
  const names = rules.map((rule) => fieldOn(rule, side))
  throw new SyncError(
    'invalid',
    `The mapping ${context.mapping.name} has no field "${name}" on the side of ${side}${didYouMean(name, names)}; there are ${names.join(', ')}.`,
  )
}

function checkExpected({ mapping, sides }: Context, { side, id }: Put, expected: Fields, record: RecordState): void {
  for (const [name, value] of Object.entries(expected)) {
    const now = record.fields[name]
    const rule = mapping.fields.find((each) => fieldOn(each, side) === name)
    if (now === undefined || fingerprint(now) === fingerprint(value) || rule?.isSame(side, now, value)) continue
    throw changedError(sides[side].schema.name, id, name)
  }
}

export function changedError(schema: string, id: string, field: string): SyncError {
  return new SyncError('changed', `${field} of ${schema} ${id} was changed meanwhile; nothing was written.`, {
    hint: 'Look at it again and decide anew.',
  })
}

function valuesOf(context: Context, after: Fields, before: Fields): Readonly<Record<string, Value>> {
  return context.options.keepsValues ? { before: pick(before, after), after } : { fields: Object.keys(after) }
}

function pick(from: Fields, names: Fields): Fields {
  return Object.fromEntries(Object.keys(names).map((name) => [name, from[name] ?? null] as const))
}

/** A person's act is kept before it is done: a crash must not leave a write that nobody knows of. */
async function remember(
  { ledger, mapping, clock }: Context,
  { side, id }: Put,
  event: HistoryEntry['event'],
  detail: HistoryEntry['detail'],
): Promise<void> {
  const link = (await ledger.links(mapping.name, side, [id])).get(id)
  const ids = {
    odooId: link?.odooId ?? (side === 'odoo' ? id : null),
    externalId: link?.externalId ?? (side === 'external' ? id : null),
  }
  await ledger.addHistory(mapping.name, [{ atMs: clock.nowMs(), event, side, ...ids, key: link?.key ?? null, detail }])
}
