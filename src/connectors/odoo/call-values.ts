import { z } from 'zod'
import { SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import type { OdooModel } from './model.ts'
import { fetchFields } from './schema.ts'
import { searchRead } from './search-read.ts'

/** In a call, in the place of an id: the one record whose field has this value. */
const lookedUp = z.strictObject({ lookup: z.string().min(1), by: z.string().min(1), value: z.json() })
type LookedUp = z.output<typeof lookedUp>

/**
 * A call as Odoo takes it, wherever its values stand: False for empty, times without T and Z, and ids in place of
 * `{ lookup, by, value }`. @throws SyncError `invalid` where not exactly one record has the value.
 */
export async function callAsOdoo(model: OdooModel, call: Value, signal: AbortSignal): Promise<Value> {
  const ids = new Map<Value, number>()
  for (const [object, lookup] of lookupsIn(call)) ids.set(object, await findOne(model, lookup, signal))
  return asOdoo(call, ids)
}

/** @throws SyncError `schema` for a model or a field that is looked up and is not there. */
export async function checkLookups({ connection }: OdooModel, call: Value, signal: AbortSignal): Promise<void> {
  for (const [, { lookup, by }] of lookupsIn(call)) await fetchFields(connection, lookup, [by], signal)
}

function lookupsIn(value: Value): readonly (readonly [Value, LookedUp])[] {
  if (typeof value !== 'object' || value === null) return []
  const parsed = lookedUp.safeParse(value)
  if (parsed.success) return [[value, parsed.data]]
  return Object.values(value).flatMap(lookupsIn)
}

async function findOne(model: OdooModel, { lookup, by, value }: LookedUp, signal: AbortSignal): Promise<number> {
  const domain = [[by, '=', value]]
  const args = { domain, fields: ['id'], order: 'id', limit: 2, context: model.context }
  const [first, second] = await searchRead(model.connection, lookup, args, signal)
  if (first && !second) return Number(first.id)
  const found = first ? 'More than one' : 'No'
  throw new SyncError('invalid', `${found} ${lookup} has ${JSON.stringify(value)} as its ${by}.`, {
    hint: 'The call of the step looks it up: correct the value, or make the record in Odoo.',
  })
}

function asOdoo(value: Value, ids: ReadonlyMap<Value, number>): Value {
  if (value === null) return false
  if (typeof value === 'string') {
    const time = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(value)
    return time ? `${time[1]} ${time[2]}` : value
  }
  if (typeof value !== 'object') return value
  const id = ids.get(value)
  if (id !== undefined) return id
  if (isList(value)) return value.map((item) => asOdoo(item, ids))
  return Object.fromEntries(Object.entries(value as Fields).map(([name, item]) => [name, asOdoo(item, ids)] as const))
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}
