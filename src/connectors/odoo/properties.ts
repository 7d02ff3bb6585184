import type { RecordId } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Operation } from '../../contract/sink.ts'
import type { Fields, Value } from '../../contract/value.ts'
import type { ModelShape, OdooModel } from './model.ts'
import { toOdooIds } from './records.ts'
import { searchRead } from './search-read.ts'

/**
 * Properties are fields that users add to the records of one project, team or category. Odoo reads them as a list of
 * definitions with values, and writes what it is given in the place of all that was there. Here they are an object of the
 * values by the properties' names; null where the record has none. One that an object does not name stays as it is.
 */
export function decodeProperties(raw: Value, decoderFor: (odooType: string) => (raw: Value) => Value): Value {
  const values = definitionsIn(raw).map(({ name, type, value }) => {
    const decoded = decoderFor(propertyType(type))(value ?? false)
    return [name, type === 'boolean' ? value === true : decoded] as const
  })
  return values.length === 0 ? null : Object.fromEntries(values)
}

interface Definition {
  readonly name: string
  readonly type: string
  readonly value?: Value
}

function definitionsIn(raw: Value): readonly Definition[] {
  const list = Array.isArray(raw) ? (raw as readonly Fields[]) : []
  return list.flatMap(({ name, type, value }) =>
    typeof name === 'string' && typeof type === 'string' && type !== 'separator'
      ? [{ name, type, ...(value === undefined ? {} : { value }) }]
      : [],
  )
}

/** Its tags are names, and its sets come as ids or as pairs of an id and a name. */
function propertyType(type: string): string {
  return type === 'tags' ? 'json' : type
}

/** What is to be written for a record, by the name of its field of properties. */
export type PropertyValues = ReadonlyMap<RecordId, Readonly<Record<string, Fields | SyncError>>>

/** The values to write for updates with properties: those given, with what the records hold otherwise, read just now. */
export async function propertyValues(
  model: OdooModel,
  shape: ModelShape,
  operations: readonly Operation[],
  encoderFor: (odooType: string) => (value: Value, field: string) => Value,
  signal: AbortSignal,
): Promise<PropertyValues> {
  const isProperties = (name: string): boolean => shape.fields.get(name)?.type === 'properties'
  const updates = operations.flatMap((operation) => {
    if (operation.kind !== 'update') return []
    const names = Object.keys(operation.fields).filter(isProperties)
    return names.length > 0 ? [{ id: operation.id, names, fields: operation.fields }] : []
  })
  if (updates.length === 0) return new Map()
  const domain = [['id', 'in', toOdooIds(updates.map(({ id }) => id))]]
  const names = [...new Set(updates.flatMap((update) => update.names))]
  const args = { domain, fields: names, context: model.searchContext }
  const rows = await searchRead(model.connection, model.name, args, signal)
  const byId = new Map(rows.map((row) => [String(row.id), row]))
  return new Map(
    updates.map(({ id, names: own, fields }) => {
      const values = own.map((name) => {
        const now = definitionsIn(byId.get(id)?.[name] ?? null)
        return [name, merged(`${model.name}.${name}`, now, fields[name] ?? null, encoderFor)] as const
      })
      return [id, Object.fromEntries(values)]
    }),
  )
}

function merged(
  field: string,
  now: readonly Definition[],
  given: Value,
  encoderFor: (odooType: string) => (value: Value, field: string) => Value,
): Fields | SyncError {
  if (given !== null && (typeof given !== 'object' || Array.isArray(given))) {
    return new SyncError('invalid', `The field ${field} takes an object of values by the properties' names`)
  }
  const values: Fields = (given ?? {}) as Fields
  const unknown = Object.keys(values).filter((name) => !now.some((one) => one.name === name))
  if (unknown.length > 0) {
    const known =
      now.length === 0 ? 'there are none for this record' : `there are ${now.map(({ name }) => name).join(', ')}`
    return new SyncError('invalid', `${field} has no property ${unknown.join(', ')}; ${known}`, {
      hint: 'Properties are added in Odoo, to the project, team or category that the record belongs to.',
    })
  }
  try {
    const all = now.map(({ name, type, value }) => {
      if (!(name in values)) return [name, given === null ? false : idsAlone(value ?? false)] as const
      return [name, encode(type, values[name] ?? null, `${field}.${name}`, encoderFor)] as const
    })
    return Object.fromEntries(all)
  } catch (error) {
    if (error instanceof SyncError) return error
    throw error
  }
}

function encode(
  type: string,
  value: Value,
  field: string,
  encoderFor: (odooType: string) => (value: Value, field: string) => Value,
): Value {
  // No commands: a set of properties is written as its ids, and a selection or tags as their technical names.
  if (type === 'many2many') return value ?? []
  return type === 'tags' ? (value ?? false) : encoderFor(type)(value, field)
}

/** A reference is read with its name, and written as an id. */
function idsAlone(value: Value): Value {
  if (!Array.isArray(value)) return value
  const [first, second] = value as readonly Value[]
  if (typeof first === 'number' && typeof second === 'string') return first
  return (value as readonly Value[]).map((item) =>
    Array.isArray(item) ? ((item as readonly Value[])[0] ?? false) : item,
  )
}
