import { nextId, putRow, visibleIds } from './database.ts'
import { type Environment, fieldOf, modelOf, rowOf } from './environment.ts'
import { roundToFactor, toCreatedMany2one, toStored } from './field-value.ts'
import { accessError, missingError, pythonError, pythonRepr, validationError } from './odoo-error.ts'
import type { Cell, Row } from './schema.ts'

export type Values = Readonly<Record<string, unknown>>

/** Columns that Odoo sets itself: a value given for one is passed over in silence. */
const OWN_COLUMNS = new Set(['id', 'create_uid', 'create_date', 'write_uid', 'write_date'])

/** Adds rows as the model's plain `create` does, without what a model adds to it. */
export function insertRows(env: Environment, model: string, valuesList: readonly Values[]): number[] {
  checkAccess(env, model, 'create')
  for (const values of valuesList) checkFields(env, model, values)
  return valuesList.map((values) => {
    const id = nextId(env.transaction, model)
    const stamp = { uid: env.user.uid, us: env.transaction.startedUs }
    const row: Record<string, Cell> = { id, create_uid: stamp.uid, create_date: stamp.us }
    for (const [name, field] of Object.entries(modelOf(env, model).fields)) {
      if (field.default !== undefined) row[name] = field.default
    }
    putRow(env.transaction, model, id, applyValues(env, model, row, toCreated(env, model, values)))
    return id
  })
}

function toCreated(env: Environment, model: string, values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      fieldOf(env, model, name)?.type === 'many2one' ? toCreatedMany2one(value) : value,
    ]),
  )
}

/** Changes rows as the model's plain `write` does: also values equal to the stored ones move `write_date`. */
export function updateRows(env: Environment, model: string, ids: readonly number[], values: Values): void {
  if (ids.length === 0) return
  checkAccess(env, model, 'write')
  checkFields(env, model, values)
  const missing = ids.filter((id) => !rowOf(env, model, id))
  if (missing.length > 0) throw missingError(model, missing, env.user.uid)
  for (const id of ids) {
    const row = rowOf(env, model, id)
    if (row) putRow(env.transaction, model, id, applyValues(env, model, row, values))
  }
}

export function deleteRows(env: Environment, model: string, ids: readonly number[]): void {
  if (ids.length === 0) return
  checkAccess(env, model, 'unlink')
  const missing = ids.filter((id) => !rowOf(env, model, id))
  if (missing.length > 0) throw missingError(model, missing, env.user.uid)
  const gone = new Set(ids)
  for (const id of ids) putRow(env.transaction, model, id, null)
  forgetReferences(env, model, gone)
}

/** What refers to a deleted record is emptied by the database itself, so that no `write_date` moves. */
function forgetReferences(env: Environment, deletedModel: string, gone: ReadonlySet<number>): void {
  for (const [model, { fields }] of Object.entries(env.models)) {
    const referring = Object.entries(fields).filter(([, field]) => field.relation === deletedModel)
    if (referring.length === 0) continue
    for (const id of visibleIds(env.transaction, model)) {
      const row = rowOf(env, model, id)
      if (!row) continue
      const emptied: Record<string, Cell> = {}
      for (const [name] of referring) {
        const cell = row[name]
        if (typeof cell === 'number' && gone.has(cell)) emptied[name] = null
        if (Array.isArray(cell) && cell.some((each) => gone.has(each)))
          emptied[name] = cell.filter((each) => !gone.has(each))
      }
      if (Object.keys(emptied).length > 0) putRow(env.transaction, model, id, { ...row, ...emptied })
    }
  }
}

/** Changes a row like a statement of SQL: nothing is checked and `write_date` stays where it is. */
export function setSilently(env: Environment, model: string, id: number, values: Values): void {
  const row = rowOf(env, model, id)
  if (!row) throw missingError(model, [id], env.user.uid)
  const changed: Record<string, Cell> = { ...row }
  for (const [name, value] of Object.entries(values)) {
    const field = fieldOf(env, model, name)
    if (!field) throw pythonError('ValueError', `Invalid field '${name}' in '${model}'`)
    changed[name] = Array.isArray(value) ? (value as number[]) : toStored(model, name, field, value)
  }
  putRow(env.transaction, model, id, changed)
}

export function isWritable(env: Environment, model: string): boolean {
  return env.user.isSystem || modelOf(env, model).writableBy === 'user'
}

function checkAccess(env: Environment, model: string, operation: 'create' | 'write' | 'unlink'): void {
  if (isWritable(env, model)) return
  const { description } = modelOf(env, model)
  const verb = { create: 'create', write: 'modify', unlink: 'delete' }[operation]
  throw accessError(
    `You are not allowed to ${verb} '${description}' (${model}) records.\n\nThis operation is allowed for the following groups:\n\t- Role / Administrator\n\nContact your administrator to request access if necessary.`,
  )
}

function checkFields(env: Environment, model: string, values: Values): void {
  for (const name of Object.keys(values)) {
    if (!fieldOf(env, model, name)) throw pythonError('ValueError', `Invalid field '${name}' in '${model}'`)
  }
}

function applyValues(env: Environment, model: string, before: Row, values: Values): Row {
  const row: Record<string, Cell> = { ...before }
  for (const [name, value] of Object.entries(values)) {
    const field = fieldOf(env, model, name)
    if (!field || field.store === false || field.type === 'binary' || OWN_COLUMNS.has(name)) continue
    if (field.type === 'many2many') row[name] = toRelated(env, model, name, row, value)
    else row[name] = toStored(model, name, field, value)
  }
  row.write_uid = env.user.uid
  row.write_date = env.transaction.startedUs
  roundMonetary(env, model, row, values)
  checkRow(env, model, row)
  return row
}

/** A monetary value keeps the digits of its currency, and all of them where it has none. */
function roundMonetary(env: Environment, model: string, row: Record<string, Cell>, values: Values): void {
  for (const [name, { type, currencyField }] of Object.entries(modelOf(env, model).fields)) {
    if (type !== 'monetary' || !currencyField || !(name in values)) continue
    const currency = row[currencyField]
    if (typeof currency !== 'number') continue
    const rounding = Number(rowOf(env, 'res.currency', currency)?.rounding ?? 0)
    row[name] = roundToFactor(Number(row[name] ?? 0), rounding)
  }
}

function checkRow(env: Environment, model: string, row: Row): void {
  for (const [name, field] of Object.entries(modelOf(env, model).fields)) {
    const cell = row[name] ?? null
    if (field.required && cell === null) {
      throw validationError(
        `The operation cannot be completed: Missing required value for the field '${field.string}' (${name}).\nModel: '${modelOf(env, model).description}' (${model})\n- create/update: a mandatory field is not set\n- delete: another model requires the record being deleted, you can archive it instead\n`,
      )
    }
    const refersTo = field.type === 'many2one' && typeof cell === 'number' && !OWN_COLUMNS.has(name)
    if (refersTo && !rowOf(env, field.relation ?? '', cell)) throw foreignKeyError(env, model, name)
  }
}

/** Odoo has one text for both ends of a broken reference, so it speaks of deleting where nothing was deleted. */
function foreignKeyError(env: Environment, model: string, name: string): Error {
  const { description, fields } = modelOf(env, model)
  return validationError(
    `The operation cannot be completed: Another model is using the record you are trying to delete.\n\nThe troublemaker is: '${description}' (${model})\nThanks to the following constraint: '${fields[name]?.string ?? ''}' (${name})\nHow about archiving the record instead?`,
  )
}

/** The ids that a many2many holds after a value is written to it. A new record refuses a missing one differently. */
function toRelated(env: Environment, model: string, name: string, row: Row, value: unknown): readonly number[] {
  if (value !== false && value !== null && !Array.isArray(value)) {
    throw pythonError('ValueError', `Wrong value for ${model}.${name}: ${pythonRepr(value)}`)
  }
  const comodel = fieldOf(env, model, name)?.relation ?? ''
  const commands: readonly unknown[] = value || [[5]]
  const ids = [...new Set(applyCommands(env, comodel, (row[name] ?? []) as readonly number[], commands))]
  const missing = ids.filter((id) => !rowOf(env, comodel, id))
  if (missing.length === 0) return ids
  throw row.write_date === undefined ? missingError(comodel, missing, env.user.uid) : foreignKeyError(env, model, name)
}

/** The commands of a many2many: `[0,0,values]` … `[6,0,ids]`, and bare ids for `set`. */
function applyCommands(
  env: Environment,
  comodel: string,
  before: readonly number[],
  commands: readonly unknown[],
): readonly number[] {
  if (commands.every((command) => typeof command === 'number')) return commands
  let ids = [...before]
  for (const command of commands) {
    if (typeof command === 'number') {
      ids.push(command)
      continue
    }
    const [code, id, argument] = command as [number, number, unknown]
    if (code === 0) ids.push(...insertRows(env, comodel, [argument as Values]))
    if (code === 1) updateRows(env, comodel, [id], argument as Values)
    if (code === 2) deleteRows(env, comodel, [id])
    if (code === 2 || code === 3) ids = ids.filter((each) => each !== id)
    if (code === 4) ids.push(id)
    if (code === 5) ids = []
    if (code === 6) ids = [...(argument as number[])]
  }
  return ids
}
