import { hash } from 'node:crypto'
import type { RecordId } from '../../contract/change.ts'
import type { Fields } from '../../contract/value.ts'

/**
 * The id of a record by the texts of the columns that name it. One column's text is the id itself. Several make a JSON
 * array of texts without white space, in the order in which the mapping or the primary key names the columns, numbers in
 * quotes too: ["DE","1001"]. There is one spelling for each record, so that ids can be compared as texts.
 */
export function idOfParts(parts: readonly string[]): RecordId {
  return parts.length === 1 ? (parts[0] ?? '') : JSON.stringify(parts)
}

/** The texts of `count` columns that an id is made of; null where it is not an id of that many, in its one spelling. */
export function partsOfId(id: RecordId, count: number): readonly string[] | null {
  if (count === 1) return [id]
  try {
    const parts: unknown = JSON.parse(id)
    const isId = Array.isArray(parts) && parts.length === count && parts.every((part) => typeof part === 'string')
    return isId && JSON.stringify(parts) === id ? (parts as string[]) : null
  } catch {
    return null
  }
}

/** The one spelling of an id that the database has put together itself. */
export function spelledId(text: string, count: number): RecordId {
  return count === 1 ? text : JSON.stringify(JSON.parse(text))
}

/** The version of a record whose database keeps none: a hash of its values. */
export function fieldsVersion(fields: Fields): string {
  return hash('sha1', JSON.stringify(fields), 'base64')
}
