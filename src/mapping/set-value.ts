import type { FieldSchema } from '../contract/connector.ts'
import type { Value } from '../contract/value.ts'
import { invalid, isTextual, preview, toId } from './coerce.ts'
import { keyText } from './key.ts'

/** How a field holds a set of other records: by their ids, as a list of keys, or as one text of keys. */
export interface SetForm {
  readonly field: FieldSchema
  /** What stands between two elements of a text; null: the field holds a list. */
  readonly separator: string | null
}

/** The elements of a set, each once, in the field's order. An empty field is an empty set. @throws SyncError `invalid`. */
export function readSet({ field, separator }: SetForm, value: Value): readonly Value[] {
  if (value === null) return []
  const elements = typeof value === 'string' && separator !== null ? splitText(value, separator) : value
  if (!Array.isArray(elements)) throw invalid(`${preview(value)} is not a list`)
  const unique = new Map<string, Value>()
  for (const element of elements as readonly Value[]) {
    if (typeof element === 'object' && element !== null) throw invalid(`${preview(element)} is not a single value`)
    const key = keyText(element)
    if (key !== null && !unique.has(key)) unique.set(key, field.type === 'references' ? toId(element) : element)
  }
  return [...unique.values()]
}

/** A set as the field holds it: always in the same order, so that equal sets are equal values. @throws SyncError `invalid`. */
export function writeSet({ field, separator }: SetForm, elements: readonly Value[]): Value {
  const sorted = sortedSet(elements)
  if (separator === null || !isTextual(field.type)) return sorted
  const mark = separator.trim() || separator
  const torn = sorted.find((element) => String(element).includes(mark))
  if (torn !== undefined) {
    throw invalid(
      `${preview(torn)} holds the separator ${preview(separator)}`,
      'Take another separator, or hold the set in a list (an array or JSON).',
    )
  }
  return sorted.length === 0 ? null : sorted.join(separator)
}

/** Ids by number, keys by text, each once. */
export function sortedSet(elements: readonly Value[]): readonly Value[] {
  return [...new Map(elements.map((element) => [String(element), element])).values()].sort(byNumberOrText)
}

function byNumberOrText(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [String(a), String(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

function splitText(text: string, separator: string): readonly string[] {
  return text
    .split(separator.trim() || separator)
    .map((element) => element.trim())
    .filter((element) => element !== '')
}
