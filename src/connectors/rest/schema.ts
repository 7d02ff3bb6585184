import type { FieldSchema, FieldType, Schema } from '../../contract/connector.ts'
import type { Value } from '../../contract/value.ts'
import { isObject } from '../../http/json-path.ts'
import type { RestCollection } from './collection-schema.ts'

const DATETIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/

/** The schema that the configuration gives. */
export function declaredSchema(name: string, definition: RestCollection): Schema | null {
  if (definition.fields === undefined) return null
  const fields = new Map<string, FieldSchema>()
  for (const [path, field] of Object.entries(definition.fields)) {
    fields.set(path, {
      name: path,
      type: field.type,
      isRequired: field.required,
      isReadOnly: field.read_only,
      isAssigned: field.read_only,
      relation: null,
      maxLength: 'max_length' in field ? (field.max_length ?? null) : null,
      scale: 'scale' in field ? (field.scale ?? null) : null,
      options: 'options' in field ? (field.options ?? null) : null,
    })
  }
  if (!fields.has(definition.id)) fields.set(definition.id, idField(definition.id))
  return { name, fields }
}

/**
 * The schema that a sample of records shows. A field that is empty in all of them is `json`, which fits every type; so are
 * the fields that are asked for and do not occur at all, as an API may leave out what is empty.
 */
export function learnedSchema(
  name: string,
  definition: RestCollection,
  sample: readonly Value[],
  asked: readonly string[],
): Schema {
  const types = new Map<string, FieldType | null>()
  for (const item of sample) learn('', item, types)
  for (const path of asked) if (!types.has(path)) types.set(path, null)
  const fields = new Map<string, FieldSchema>()
  for (const [path, type] of types) {
    fields.set(path, path === definition.id ? idField(path) : plainField(path, type ?? 'json'))
  }
  if (!fields.has(definition.id)) fields.set(definition.id, idField(definition.id))
  const stamp = definition.changes?.field
  const known = stamp === undefined ? undefined : fields.get(stamp)
  if (stamp !== undefined && known !== undefined) fields.set(stamp, { ...known, isReadOnly: true, isAssigned: true })
  return { name, fields }
}

function learn(prefix: string, value: Value, types: Map<string, FieldType | null>): void {
  if (!isObject(value)) return
  for (const [key, inner] of Object.entries(value)) {
    const path = prefix === '' ? key : `${prefix}.${key}`
    types.set(path, together(types.get(path) ?? null, typeOf(inner)))
    learn(path, inner, types)
  }
}

function typeOf(value: Value): FieldType | null {
  if (value === null) return null
  if (typeof value === 'boolean') return 'boolean'
  // A price of 10 may be 10.50 tomorrow.
  if (typeof value === 'number') return 'decimal'
  if (typeof value === 'string') return DATETIME.test(value) ? 'datetime' : 'text'
  return 'json'
}

function together(a: FieldType | null, b: FieldType | null): FieldType | null {
  if (a === null || b === null || a === b) return a ?? b
  return (a === 'text' && b === 'datetime') || (a === 'datetime' && b === 'text') ? 'text' : 'json'
}

function plainField(name: string, type: FieldType): FieldSchema {
  return {
    name,
    type,
    isRequired: false,
    isReadOnly: false,
    isAssigned: false,
    relation: null,
    maxLength: null,
    scale: null,
    options: null,
  }
}

function idField(name: string): FieldSchema {
  return { ...plainField(name, 'text'), isReadOnly: true, isAssigned: true }
}
