import type { RecordId } from '../contract/change.ts'
import type { Value } from '../contract/value.ts'
import type { Fold, Side } from './mapping.ts'

export const EXACT: Fold = { case: false, space: false }

/** `text` as it is compared: two keys name the same record where their folded texts are equal. */
export function fold(text: string, how: Fold): string {
  const spaced = how.space ? text.trim().replace(/\s+/g, ' ') : text
  return how.case ? spaced.toLowerCase() : spaced
}

/** A key value as text, the same for the number 17 and the text "17"; null where it names nothing. */
export function keyText(value: Value): string | null {
  if (value === null) return null
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return text.trim() === '' ? null : text
}

const KEY_MARK = 'key:'

/**
 * How a record is named of which only the key is known: the target of a `link` by key, met on the external side before
 * its record is linked. `keyOfRecordId` reads it back.
 */
export function keyRecordId(key: string): RecordId {
  return KEY_MARK + key
}

/** The key in an id that `keyRecordId` made; null for an id of its own. */
export function keyOfRecordId(id: RecordId): string | null {
  return id.startsWith(KEY_MARK) ? id.slice(KEY_MARK.length) : null
}

/**
 * The key that a template like "C-{id}" gives to the record of `side` with this id. `{side}` is "odoo" or "external": it
 * keeps the keys of both sides apart where both make them.
 */
export function generateKey(template: string, side: Side, id: RecordId): string {
  return template.replaceAll(/\{(id|side)\}/g, (_, name) => (name === 'id' ? id : side))
}
