import type { FieldSchema } from '../../contract/connector.ts'
import type { Value } from '../../contract/value.ts'
import type { OdooConnection } from './connection.ts'
import { isPlain, parseFieldName } from './field-name.ts'
import { fetchFields, fieldSchema, type OdooField } from './schema.ts'

/** A value that a read of the model does not give: of another record, or in another language. */
export interface BeyondField {
  /** As the mapping has it. */
  readonly name: string
  readonly steps: readonly Step[]
  /** What the last step leads to. */
  readonly leaf: OdooField
  readonly language: string | null
}

/** From a record to the records that its field refers to. */
export interface Step {
  readonly field: string
  /** The model of the records at its end. */
  readonly relation: string
  readonly isMany: boolean
}

export interface BeyondFields {
  readonly fields: readonly BeyondField[]
  /** Why the others of the names are none. */
  readonly reasons: ReadonlyMap<string, string>
}

const RELATIONS = new Set(['many2one', 'one2many', 'many2many'])

/** Follows the names that are no plain fields through the models. Reads each model's fields, and the languages, once. */
export async function findBeyondFields(
  connection: OdooConnection,
  model: string,
  own: ReadonlyMap<string, OdooField>,
  names: readonly string[],
  signal: AbortSignal,
): Promise<BeyondFields> {
  const fields: BeyondField[] = []
  const reasons = new Map<string, string>()
  const models = new Map([[model, own]])
  let languages: readonly string[] | null = null
  for (const name of names.filter((each) => !isPlain(each))) {
    const { language } = parseFieldName(name)
    if (language !== null) languages ??= await installedLanguages(connection, signal)
    const found = await follow(connection, model, name, models, signal)
    const reason = typeof found === 'string' ? found : languageProblem(found, languages ?? [])
    if (reason !== null) reasons.set(name, reason)
    else if (typeof found !== 'string') fields.push(found)
  }
  return { fields, reasons }
}

/** The field that a name leads to, or why it leads nowhere. */
async function follow(
  connection: OdooConnection,
  model: string,
  name: string,
  models: Map<string, ReadonlyMap<string, OdooField>>,
  signal: AbortSignal,
): Promise<BeyondField | string> {
  const { path, language } = parseFieldName(name)
  const steps: Step[] = []
  let at = model
  for (const [index, part] of path.entries()) {
    const fields = models.get(at) ?? (await fetchFields(connection, at, [], signal))
    models.set(at, fields)
    const field = fields.get(part)
    if (!field) return `${name}: ${at} has no field "${part}", or our user may not see it`
    if (index === path.length - 1) return { name, steps, leaf: field, language }
    if (!RELATIONS.has(field.type) || field.relation === null) {
      return `${name}: ${at}.${part} is a ${field.type} and leads to no other record`
    }
    steps.push({ field: part, relation: field.relation, isMany: field.type !== 'many2one' })
    at = field.relation
  }
  return `${name}: is no field`
}

function languageProblem({ name, leaf, language }: BeyondField, installed: readonly string[]): string | null {
  if (language === null) return null
  if (!installed.includes(language)) {
    return `${name}: the language "${language}" is not installed in Odoo; there are ${installed.join(', ')}`
  }
  return leaf.isTranslated ? null : `${name}: ${leaf.name} is not translated, it has one value for all languages`
}

export async function installedLanguages(connection: OdooConnection, signal: AbortSignal): Promise<readonly string[]> {
  const raw = await connection.call('res.lang', 'get_installed', {}, signal)
  return Array.isArray(raw)
    ? (raw as readonly Value[]).flatMap((row) => (Array.isArray(row) ? [String(row[0])] : []))
    : []
}

/** What a mapping may do with it: values of other records are only read, and a translation needs the record to exist. */
export function beyondSchema({ name, steps, leaf, language }: BeyondField): FieldSchema {
  const isMany = steps.some((step) => step.isMany)
  const schema = { ...fieldSchema(leaf), name, isRequired: false, isAssigned: true }
  if (isMany) return { ...schema, type: 'json', relation: null, options: null, isReadOnly: true, isElsewhere: true }
  if (steps.length > 0) return { ...schema, isReadOnly: true, isElsewhere: true }
  return language === null ? schema : { ...schema, isUpdateOnly: true }
}
