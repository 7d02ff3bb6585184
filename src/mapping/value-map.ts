import type { FieldType } from '../contract/connector.ts'
import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import { coerce, invalid, preview } from './coerce.ts'
import type { BadTransform, Step } from './transform.ts'

/**
 * `map: { draft: 0, done: 1 }`: the keys are Odoo's values as text, the values the external side's. Reversible where no
 * two keys share a value; otherwise the way back would be a guess.
 */
export function mapStep(pairs: Readonly<Record<string, Value>>, odooType: FieldType): Step | BadTransform {
  const toExternal = new Map<string, Value>()
  const toOdoo = new Map<string, Value>()
  let isReversible = true
  for (const [key, external] of Object.entries(pairs)) {
    const odoo = odooValue(odooType, key)
    if (odoo === undefined) return { error: `"${key}" is not a value of a field of type ${odooType}` }
    toExternal.set(textOf(odoo), external)
    if (toOdoo.has(textOf(external))) isReversible = false
    else toOdoo.set(textOf(external), odoo)
  }
  return {
    odooType,
    externalType: 'json',
    isReversible,
    takesEmpty: toOdoo.has(textOf(null)),
    toExternal: (value) => mapped(toExternal, value),
    toOdoo: (value) => mapped(toOdoo, value),
  }
}

function odooValue(type: FieldType, key: string): Value | undefined {
  try {
    return coerce(type === 'json' ? 'text' : type, key)
  } catch (error) {
    if (error instanceof SyncError) return undefined
    throw error
  }
}

function mapped(values: ReadonlyMap<string, Value>, value: Value): Value {
  const found = values.get(textOf(value))
  if (found !== undefined) return found
  if (value === null) return null
  throw invalid(`${preview(value)} is not in the map`, 'Add it to map: in the mapping file.')
}

/** The number 1 and the text "1" are one value here: which of them a system sends does not matter. */
function textOf(value: Value): string {
  if (value === null) return 'null'
  return `=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`
}
