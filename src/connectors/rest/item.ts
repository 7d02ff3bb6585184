import type { RecordState, Version } from '../../contract/change.ts'
import type { FieldSchema } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { textAt, valueAt } from '../../http/json-path.ts'
import type { RestCollection } from './collection-schema.ts'
import { formatMoment, parseMoment } from './moment.ts'

/** How the items of one collection are read. */
export interface ItemReader {
  readonly definition: RestCollection
  readonly name: string
  readonly fieldNames: readonly string[]
  readonly types: ReadonlyMap<string, FieldSchema>
}

/** A stamp this close to the server's time may still stand for a later state of the record. */
const HOT_STEPS = 2

/**
 * A record as the API shows it.
 * @param isWhole fields that are missing from the item are empty (an API that leaves out what is null), not unknown.
 * @param serverMs the least that the server's clock showed when it was asked; null: unknown.
 * @throws SyncError `unexpected` for an item without an id.
 */
export function readItem(reader: ItemReader, item: Value, isWhole: boolean, serverMs: number | null): RecordState {
  const { definition } = reader
  const changedAtMs =
    definition.changes === undefined ? null : parseMoment(valueAt(item, definition.changes.field), definition.timezone)
  return {
    id: itemId(reader, item),
    version: versionOf(definition, item, changedAtMs, serverMs),
    changedAtMs,
    byUs: null,
    fields: readFields(reader, item, isWhole),
  }
}

/** @throws SyncError `unexpected`. */
export function itemId({ definition, name }: ItemReader, item: Value): string {
  const id = textAt(item, definition.id)
  if (id !== null && id !== '') return id
  throw new SyncError('unexpected', `An item of ${name} has no id at "${definition.id}"`, {
    hint: 'Correct `id` or `items` of the collection.',
  })
}

function versionOf(
  { version, changes }: RestCollection,
  item: Value,
  changedAtMs: number | null,
  serverMs: number | null,
): Version {
  if (version === null) return null
  if (version !== undefined) return textAt(item, version)
  if (changes === undefined || changedAtMs === null) return null
  const isHot = serverMs === null || serverMs < changedAtMs + HOT_STEPS * changes.resolution
  return isHot ? `${changedAtMs}~` : String(changedAtMs)
}

function readFields({ fieldNames, types, definition }: ItemReader, item: Value, isWhole: boolean): Fields {
  const fields: Record<string, Value> = {}
  for (const name of fieldNames) {
    const value = valueAt(item, name)
    if (value !== undefined) fields[name] = decode(value, types.get(name), name === definition.id, definition.timezone)
    else if (isWhole) fields[name] = null
  }
  return fields
}

/** Times in one spelling, so that equal ones are equal. What does not look like its type stays as it is. */
function decode(value: Value, field: FieldSchema | undefined, isId: boolean, zone: string): Value {
  if (isId && typeof value === 'number') return String(value)
  if (value === '' && field?.type !== 'text' && field?.type !== 'html' && field?.type !== 'json') return null
  if (field?.type === 'datetime') {
    const ms = parseMoment(value, zone)
    return ms === null
      ? value
      : String(formatMoment(ms, 'iso'))
          .replace('.000Z', 'Z')
          .replace(/(\.\d*?)0+Z$/, '$1Z')
  }
  if (field?.type === 'decimal' && typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))
    return plainDecimal(value)
  return value
}

/** "10.50" → 10.5: many APIs give amounts as texts. Digits beyond a double's stay a text. */
function plainDecimal(text: string): Value {
  const digits = text.includes('.') ? text.replace(/\.?0+$/, '') : text
  const number = Number(digits)
  return String(number) === digits ? number : digits
}
