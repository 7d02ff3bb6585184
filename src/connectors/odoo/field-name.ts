/** A field as a mapping names it: `name`, `name@fr_FR`, `country_id.code`, `category_id.name@fr_FR`. */
export interface FieldName {
  /** The fields to follow, from the model's own on: one for a field of the model itself. */
  readonly path: readonly [string, ...string[]]
  /** The language of a translated field; null: the mapping's. */
  readonly language: string | null
}

/** Odoo's names of fields hold neither a dot nor an at sign, so every text is the name of some field. */
export function parseFieldName(name: string): FieldName {
  const at = name.indexOf('@')
  const [first = '', ...rest] = (at < 0 ? name : name.slice(0, at)).split('.')
  return { path: [first, ...rest], language: at < 0 ? null : name.slice(at + 1) }
}

/** The model's own field in a name: what must exist on the model for it. */
export function ownField(name: string): string {
  return parseFieldName(name).path[0]
}

/** Names a plain field of the model. */
export function isPlain(name: string): boolean {
  return !/[.@]/.test(name)
}

/** The field and language of `name@fr_FR`; null for any other name. */
export function translationOf(name: string): { readonly field: string; readonly language: string } | null {
  const { path, language } = parseFieldName(name)
  return language === null || path.length > 1 ? null : { field: path[0], language }
}
