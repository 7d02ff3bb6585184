import { getRow, type Transaction, tableOf } from './database.ts'
import { OdooError } from './odoo-error.ts'
import type { FieldDefinition, ModelDefinition, Models, Row, SandboxUser } from './schema.ts'

/** What every method of a model is called with, like Odoo's own `env`. */
export interface Environment {
  readonly transaction: Transaction
  readonly models: Models
  readonly user: SandboxUser
  readonly context: Readonly<Record<string, unknown>>
}

export function modelOf(env: Environment, model: string): ModelDefinition {
  const definition = env.models[model]
  if (!definition) throw new OdooError('builtins.KeyError', 500, `'${model}'`, [model])
  return definition
}

export function fieldOf(env: Environment, model: string, name: string): FieldDefinition | undefined {
  const { fields } = modelOf(env, model)
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

export function rowOf(env: Environment, model: string, id: number): Row | undefined {
  tableOf(env.transaction.database, model)
  return getRow(env.transaction, model, id)
}

/** Like Odoo's `with_context(active_test=False)`. */
export function withArchived(env: Environment): Environment {
  return { ...env, context: { ...env.context, active_test: false } }
}
