import type { RecordState } from '../contract/change.ts'
import { SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import type { Link } from '../ledger/link.ts'
import type { Scope } from '../mapping/expression.ts'
import type { Side, StepRule } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import { idOn } from './job.ts'

/** What both sides show of a record right now. */
export type Records = Readonly<Record<Side, RecordState>>

/** The value of a condition. @throws SyncError `invalid` where it is none. */
export function holds(value: Value): boolean {
  if (typeof value === 'boolean') return value
  throw new SyncError('invalid', `a condition is true or false, and this one gave ${JSON.stringify(value)}`)
}

/** What a step's `when` knows. */
export function scopeOf(records: Records): Scope {
  return { odoo: records.odoo.fields, external: records.external.fields }
}

/** The values that a step's `when` reads. */
export function readsOf({ when }: StepRule, scope: Scope): readonly Value[] {
  return Object.entries(when.reads).flatMap(([side, names]) => names.map((name) => scope[side]?.[name] ?? null))
}

/** What a step's `unless` and call know: related records too, read fresh. */
export async function withRelated(
  context: Context,
  rule: StepRule,
  records: Records,
  signal: AbortSignal,
): Promise<Scope> {
  const read: Record<string, readonly Fields[]> = {}
  for (const [name, { side, request }] of rule.related) {
    const { caller } = context.sides[side].stepRecords ?? {}
    read[name] = (await caller?.related(records[side].id, request, signal)) ?? []
  }
  return { ...scopeOf(records), read }
}

/** What both sides show of these records, by their links; without those that one of them does not have. */
export async function readBoth(
  context: Context,
  links: readonly Link[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Records>> {
  const read = async (side: Side): Promise<ReadonlyMap<string, RecordState>> => {
    const { stepRecords, schema } = context.sides[side]
    if (!stepRecords?.sink) throw new SyncError('config', `${schema.name} cannot be read by id.`)
    return stepRecords.sink.read(
      links.map((link) => idOn(link, side)),
      signal,
    )
  }
  const [odoo, external] = await Promise.all([read('odoo'), read('external')])
  const records = new Map<number, Records>()
  for (const link of links) {
    const [ours, theirs] = [odoo.get(link.odooId), external.get(link.externalId)]
    if (ours && theirs) records.set(link.id, { odoo: ours, external: theirs })
  }
  return records
}
