import { type Environment, modelOf } from './environment.ts'
import type { FieldDefinition } from './schema.ts'

/** The descriptions that `fields_get` gives; without `attributes`, those of them that a synchronisation may need. */
export function fieldsGet(
  env: Environment,
  model: string,
  allFields: readonly string[] | null | undefined,
  attributes: readonly string[] | null | undefined,
): Record<string, Record<string, unknown>> {
  const described: Record<string, Record<string, unknown>> = {}
  for (const [name, field] of Object.entries(modelOf(env, model).fields)) {
    if (allFields?.length && !allFields.includes(name)) continue
    const all = describe(name, field)
    described[name] = Object.fromEntries(Object.entries(all).filter(([key]) => !attributes || attributes.includes(key)))
  }
  return described
}

function describe(name: string, field: FieldDefinition): Record<string, unknown> {
  const isStored = field.store ?? true
  const description: Record<string, unknown> = {
    name,
    type: field.type,
    string: field.string,
    required: field.required ?? false,
    readonly: field.readonly ?? false,
    store: isStored,
    manual: field.manual ?? false,
    company_dependent: false,
    searchable: true,
    sortable: isStored && field.type !== 'many2many',
  }
  if (field.relation) description.relation = field.relation
  if (field.selection) description.selection = field.selection
  if (field.type === 'binary') description.attachment = field.attachment ?? false
  if (field.digits) description.digits = field.digits
  if (field.currencyField) description.currency_field = field.currencyField
  if (field.type === 'char') Object.assign(description, { translate: false, trim: true })
  if (field.type === 'html') Object.assign(description, { translate: false, sanitize: true })
  return description
}
