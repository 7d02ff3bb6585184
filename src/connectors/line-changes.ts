import { SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'

/** What makes one list of lines out of another, row by row. */
export interface LineChanges {
  readonly added: readonly Fields[]
  /** The fields that differ, with the line as it was. */
  readonly changed: readonly { readonly before: Fields; readonly fields: Fields }[]
  readonly removed: readonly Fields[]
}

/**
 * The fewest changes from `before` to `wanted`. Lines are the same where the columns in `key` are; one without all of
 * them is new. @throws SyncError `invalid` for what is no list of lines.
 */
export function lineChanges(key: readonly string[], before: Value, wanted: Value): LineChanges {
  const known = new Map(asLines(before).map((line) => [nameOf(key, line), line]))
  const kept = new Set<string | null>()
  const added: Fields[] = []
  const changed: { before: Fields; fields: Fields }[] = []
  for (const line of asLines(wanted)) {
    const name = nameOf(key, line)
    const was = name === null ? undefined : known.get(name)
    if (was === undefined || kept.has(name)) {
      added.push(line)
      continue
    }
    kept.add(name)
    const fields = Object.entries(line).filter(([field, value]) => !isSame(was[field], value))
    if (fields.length > 0) changed.push({ before: was, fields: Object.fromEntries(fields) })
  }
  return { added, changed, removed: [...known].filter(([name]) => !kept.has(name)).map(([, line]) => line) }
}

/** Whether two values hold the same lines, in whatever order. */
export function isSameLines(key: readonly string[], a: Value, b: Value): boolean {
  const { added, changed, removed } = lineChanges(key, a, b)
  return added.length + changed.length + removed.length === 0
}

function asLines(value: Value): readonly Fields[] {
  if (value === null) return []
  const isLine = (line: Value): boolean => typeof line === 'object' && line !== null && !Array.isArray(line)
  if (Array.isArray(value) && (value as readonly Value[]).every(isLine)) return value as readonly Fields[]
  throw new SyncError('invalid', 'A list of lines was expected')
}

function nameOf(key: readonly string[], line: Fields): string | null {
  const values = key.map((name) => line[name] ?? null)
  return values.includes(null) ? null : JSON.stringify(values)
}

function isSame(a: Value | undefined, b: Value): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b)
}

/** Lines by the names of the fields that they carry: each group can be written with one statement. */
export function groupByFields<T extends { readonly fields: Fields }>(items: readonly T[]): readonly (readonly T[])[] {
  return [...Map.groupBy(items, ({ fields }) => Object.keys(fields).sort().join('\0')).values()]
}
