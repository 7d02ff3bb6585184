import { fileOf } from './attachment.ts'
import { type Environment, fieldOf, modelOf, rowOf } from './environment.ts'
import { formatDatetime } from './field-value.ts'
import { completeName, displayName } from './names.ts'
import { pythonError } from './odoo-error.ts'
import type { Cell, FieldDefinition, Row } from './schema.ts'
import { search } from './search.ts'

export type JsonRecord = Record<string, unknown>

/** Records as `read` answers them; ids without a record are left out. `withNames` gives a many2one as a pair. */
export function read(
  env: Environment,
  model: string,
  ids: readonly number[],
  fields: readonly string[] | null | undefined,
  withNames = true,
): JsonRecord[] {
  const { fields: known } = modelOf(env, model)
  const names = fields?.length ? fields : Object.keys(known)
  for (const name of names) {
    if (!fieldOf(env, model, name)) throw pythonError('ValueError', `Invalid field '${name}' on '${model}'`)
  }
  return ids.flatMap((id) => {
    const row = rowOf(env, model, id)
    if (!row) return []
    const record: JsonRecord = { id }
    for (const name of names) {
      const field = known[name]
      if (field) record[name] = toJson(env, model, row, name, field, withNames)
    }
    return [record]
  })
}

function toJson(
  env: Environment,
  model: string,
  row: Row,
  name: string,
  field: FieldDefinition,
  withNames: boolean,
): unknown {
  if (name === 'display_name') return displayName(env, model, Number(row.id))
  if (name === 'complete_name' && model === 'res.partner') return completeName(env, row) || false
  const cell: Cell = row[name] ?? null
  switch (field.type) {
    case 'binary':
      return fileOf(env, model, row, name)
    case 'integer':
    case 'many2one_reference':
    case 'float':
    case 'monetary':
      return cell ?? 0
    case 'many2many':
      return cell ? visibleRelated(env, field, cell as readonly number[]) : []
    case 'many2one':
      if (typeof cell !== 'number') return false
      return withNames ? [cell, displayName(env, field.relation ?? '', cell)] : cell
    case 'datetime':
      return typeof cell === 'number' ? formatDatetime(cell) : false
    case 'boolean':
    case 'char':
    case 'html':
    case 'date':
    case 'selection':
      return cell ?? false
  }
}

/** A many2many reads in the order of its model, without what is archived there. */
function visibleRelated(env: Environment, field: FieldDefinition, ids: readonly number[]): number[] {
  return ids.length === 0 ? [] : search(env, field.relation ?? '', [['id', 'in', ids]])
}

/** `web_read`: the named fields, a relation as bare ids or, with its own specification, as records. */
export function webRead(
  env: Environment,
  model: string,
  ids: readonly number[],
  specification: JsonRecord,
): JsonRecord[] {
  const names = Object.keys(specification)
  if (names.length === 0 || (names.length === 1 && names[0] === 'id')) return ids.map((id) => ({ id }))
  const known = names.filter((name) => name !== 'id')
  const records = read(env, model, ids, known, false)
  for (const name of known) {
    const inner = (specification[name] as { fields?: JsonRecord } | undefined)?.fields
    const relation = fieldOf(env, model, name)?.relation
    if (!inner || !relation) continue
    for (const record of records) record[name] = expandRelated(env, relation, record[name], inner)
  }
  return records
}

function expandRelated(env: Environment, relation: string, value: unknown, specification: JsonRecord): unknown {
  if (Array.isArray(value)) return webRead(env, relation, value as number[], specification)
  return typeof value === 'number' ? (webRead(env, relation, [value], specification)[0] ?? false) : value
}
