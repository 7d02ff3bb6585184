/** Whether a unique index is on just these columns, in any order. */
export function isIndexOf(columns: readonly string[], names: readonly string[]): boolean {
  return columns.length === names.length && names.every((name) => columns.includes(name))
}

/**
 * Whether a create that met these unique indexes met the record it meant to create, and not another record that merely
 * has the same e-mail address. With a key it did if the key's own index is among them. Without one it did if the primary
 * key is, or if the table has only one other unique index, which then is what names its records.
 */
export function isSameRecord(
  met: readonly (readonly string[])[],
  uniques: readonly (readonly string[])[],
  key: readonly string[] | null,
  id: readonly string[],
): boolean {
  if (key !== null) return met.some((columns) => isIndexOf(columns, key))
  if (met.some((columns) => isIndexOf(columns, id))) return true
  return met.length > 0 && uniques.filter((columns) => !isIndexOf(columns, id)).length === 1
}
