import type { FieldSchema, FieldType, Schema } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import type { OdooConnection } from './connection.ts'

/** What `fields_get` says about one field, as far as it is used here. */
export interface OdooField {
  readonly name: string
  /** Odoo's own name of the type: "many2one", "monetary". */
  readonly type: string
  readonly isRequired: boolean
  readonly isReadOnly: boolean
  readonly isComputed: boolean
  /** For a field that the model has from another one by `_inherits`: the many2one to the record that really holds it. */
  readonly inheritedBy: string | null
  readonly isTranslated: boolean
  /** Kept as an attachment, which has a checksum, and not in a column of the table. */
  readonly isAttachment: boolean
  readonly relation: string | null
  /** For a one2many: the field of the other model that points back. */
  readonly inverse: string | null
  /** The field has a domain of its own: it shows only some of the records that point back. */
  readonly hasDomain: boolean
  readonly size: number | null
  readonly scale: number | null
  readonly options: readonly string[] | null
}

const ATTRIBUTES = [
  'type',
  'store',
  'readonly',
  'states',
  'required',
  'depends',
  'relation',
  'selection',
  'digits',
  'size',
  'domain',
  'relation_field',
  'translate',
  'attachment',
]

/** Set by Odoo itself: `write` takes values for them without an error and drops them. */
const MANAGED = new Set(['id', 'create_date', 'create_uid', 'write_date', 'write_uid', 'display_name', '__last_update'])

const TYPES: Readonly<Record<string, FieldType>> = {
  char: 'text',
  text: 'text',
  html: 'html',
  integer: 'integer',
  many2one_reference: 'integer',
  float: 'decimal',
  monetary: 'decimal',
  boolean: 'boolean',
  date: 'date',
  datetime: 'datetime',
  selection: 'selection',
  many2one: 'reference',
  one2many: 'json',
  many2many: 'references',
  // "model,id": which model it points to is part of the value.
  reference: 'text',
  binary: 'binary',
  properties: 'json',
}

/**
 * The model's fields that our user may see.
 * @throws SyncError `schema` when the model does not exist, or one of `needed` does not (or is kept from our user).
 */
export async function fetchFields(
  connection: OdooConnection,
  model: string,
  needed: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, OdooField>> {
  const raw = await fieldsGet(connection, model, signal)
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new SyncError('unexpected', `Odoo's list of the fields of ${model} has an unknown form`)
  }
  const fields = new Map<string, OdooField>()
  for (const [name, attributes] of Object.entries(raw)) fields.set(name, readField(name, attributes))
  const missing = needed.filter((name) => !fields.has(name))
  if (missing.length > 0) {
    throw new SyncError('schema', `${model} has no field ${missing.join(', ')}, or our user may not see it`, {
      hint: 'Correct the mapping, install the module that adds the field, or give the user the group it is limited to.',
    })
  }
  return fields
}

async function fieldsGet(connection: OdooConnection, model: string, signal: AbortSignal): Promise<Value> {
  try {
    return await connection.call(model, 'fields_get', { attributes: ATTRIBUTES }, signal)
  } catch (error) {
    // It takes no values: nothing of it can be wrong but the model. JSON-2 says so itself, the others by a class of error.
    if (!(error instanceof SyncError) || error.code !== 'invalid') throw error
    throw new SyncError('schema', `Odoo has no model ${model}: ${error.message}`, {
      cause: error.cause,
      hint: 'Install the module that defines it, or correct the mapping.',
    })
  }
}

function readField(name: string, attributes: Value): OdooField {
  const of = attributes as { readonly [name: string]: Value }
  const type = String(of.type)
  // A one2many or many2many with a domain depends on the fields in it, and is not computed for that.
  const isComputed =
    Array.isArray(of.depends) && (of.depends as readonly Value[]).some((path) => !String(path).startsWith(`${name}.`))
  const isShownReadOnly = of.readonly === true && !isWritableAtTimes(of.states)
  const isPassedOn = of.store !== true && of.readonly !== true
  return {
    name,
    type,
    isRequired: of.required === true,
    // `readonly` alone is a hint for forms: a plain stored field can be written all the same. A computed field with it
    // has no inverse: Odoo accepts the value and drops it, or overwrites it at the next computation.
    isReadOnly: MANAGED.has(name) || (isShownReadOnly && (of.store !== true || isComputed)),
    isComputed,
    inheritedBy: isPassedOn ? holderOf(name, of.depends) : null,
    isTranslated: of.translate !== undefined && of.translate !== false,
    isAttachment: of.attachment === true,
    relation: typeof of.relation === 'string' ? of.relation : null,
    inverse: typeof of.relation_field === 'string' ? of.relation_field : null,
    hasDomain:
      (typeof of.domain === 'string' && of.domain !== '[]') || (Array.isArray(of.domain) && of.domain.length > 0),
    size: typeof of.size === 'number' ? of.size : null,
    scale: readScale(type, of.digits ?? null),
    options: Array.isArray(of.selection)
      ? (of.selection as readonly Value[][]).map((option) => String(option[0]))
      : null,
  }
}

/** An inherited field depends on the field of its own name in the record that holds it, and on nothing else. */
function holderOf(name: string, depends: Value | undefined): string | null {
  if (!Array.isArray(depends) || depends.length !== 1) return null
  const [holder, ...path] = String(depends[0]).split('.')
  return path.length === 1 && path[0] === name && holder !== undefined ? holder : null
}

/**
 * Up to 16, a field may be shown as read-only although it can be written: in some states of a record it is not (an invoice's
 * lines, in a draft), or it is shown so, with no states at all, like every field of the model, to a user who may neither
 * create nor write its records: `check` tells which right is missing.
 */
function isWritableAtTimes(states: Value | undefined): boolean {
  if (typeof states !== 'object' || states === null) return false
  const changes = Object.values(states).flat() as readonly Value[]
  return (
    changes.length === 0 || changes.some((change) => Array.isArray(change) && change[0] === 'readonly' && !change[1])
  )
}

/** `digits` is [total, after the point]. A monetary field has its currency's, which differ by record. */
function readScale(type: string, digits: Value): number | null {
  if (type !== 'float' || !Array.isArray(digits)) return null
  const scale: unknown = digits[1]
  return typeof scale === 'number' ? scale : null
}

/** @param defaults the names of the fields for which `default_get` gave a value. */
export function toSchema(model: string, fields: ReadonlyMap<string, OdooField>, defaults: ReadonlySet<string>): Schema {
  const schema = new Map<string, FieldSchema>()
  // Odoo makes the record that holds inherited fields together with the one that inherits them.
  const holders = new Set([...fields.values()].map(({ inheritedBy }) => inheritedBy))
  for (const field of fields.values()) {
    const plain = fieldSchema(field)
    const isAssigned = plain.isAssigned || defaults.has(field.name) || holders.has(field.name)
    schema.set(field.name, { ...plain, isAssigned })
  }
  return { name: model, fields: schema }
}

/** A field without what its model's defaults would say. */
export function fieldSchema(field: OdooField): FieldSchema {
  return {
    name: field.name,
    type: TYPES[field.type] ?? 'json',
    // No column of the table keeps these: only forms insist on them.
    isRequired: field.isRequired && field.type !== 'one2many' && field.type !== 'many2many',
    isReadOnly: field.isReadOnly,
    isAssigned: MANAGED.has(field.name) || (field.isComputed && field.inheritedBy === null) || field.type === 'boolean',
    relation: field.relation,
    maxLength: field.size,
    scale: field.scale,
    options: field.options,
    // Which properties there are is known once the record belongs to something.
    ...(field.type === 'properties' ? { isUpdateOnly: true } : {}),
  }
}

/** Fields that a create fills by itself. Asked as our user; where it may not, the answer is "none known". */
export async function fetchDefaults(
  connection: OdooConnection,
  model: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  try {
    const raw = await connection.call(model, 'default_get', { fields: names }, signal)
    return new Set(Object.keys(raw ?? {}))
  } catch (error) {
    // A module's own default may fail without a form around it; nobody needs it to sync.
    if (error instanceof SyncError && error.disposition === 'park') return new Set()
    throw error
  }
}
