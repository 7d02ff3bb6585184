/** How the stand-in declares a model. The attributes follow what `fields_get` of a real Odoo 19 answers. */

export type FieldType =
  | 'boolean'
  | 'integer'
  | 'float'
  | 'monetary'
  | 'char'
  | 'html'
  | 'date'
  | 'datetime'
  | 'selection'
  | 'many2one'
  | 'many2many'
  | 'many2one_reference'
  | 'binary'

/** A stored value. Datetimes are microseconds since 1970, dates `YYYY-MM-DD`, a many2many its ids, absent is null. */
export type Cell = string | number | boolean | null | readonly number[]

/** Rows are never changed in place: a write installs a new one, so that a transaction can be thrown away. */
export type Row = Readonly<Record<string, Cell>>

export interface FieldDefinition {
  readonly type: FieldType
  readonly string: string
  readonly required?: boolean
  readonly readonly?: boolean
  /** False for a value that is computed when it is read. */
  readonly store?: boolean
  readonly relation?: string
  readonly selection?: readonly (readonly [string, string])[]
  readonly digits?: readonly [number, number]
  readonly currencyField?: string
  readonly default?: Cell
  /** Of a binary field: its files are rows of `ir.attachment`. */
  readonly attachment?: boolean
  /** Of an image: a longer side is made this short. */
  readonly maxPixels?: number
  /** A field that a person added: Odoo names those `x_…` and marks them `manual`. */
  readonly manual?: boolean
}

export interface ModelDefinition {
  readonly description: string
  /** The default order of a search, in Odoo's own notation. */
  readonly order: string
  /** Who may create, write and unlink. Everyone with a key may read. */
  readonly writableBy: 'user' | 'system'
  readonly fields: Readonly<Record<string, FieldDefinition>>
}

export type Models = Readonly<Record<string, ModelDefinition>>

export interface SandboxUser {
  readonly uid: number
  readonly login: string
  /** For a web session; an empty one lets nobody in. */
  readonly password: string
  readonly apiKey: string
  readonly isSystem: boolean
}

export function isText(type: FieldType): boolean {
  return type === 'char' || type === 'html'
}

/** The value that Odoo treats like null in a domain; null where the type has none. */
export function falsyValue(type: FieldType): string | number | boolean | null {
  if (isText(type)) return ''
  if (type === 'boolean') return false
  if (type === 'integer' || type === 'many2one_reference' || type === 'float' || type === 'monetary') return 0
  return null
}
