/** A JSON Schema, as far as it is looked into here. */
export interface JsonSchema {
  [key: string]: unknown
  type?: string | string[]
  properties?: Record<string, JsonSchema>
  additionalProperties?: boolean | JsonSchema
  required?: string[]
  items?: JsonSchema | JsonSchema[]
  anyOf?: JsonSchema[]
  description?: string
  title?: string
}

const NESTED = ['anyOf', 'oneOf', 'allOf', 'prefixItems'] as const
const BY_NAME = ['properties', '$defs', 'patternProperties'] as const

const PLACEHOLDER: JsonSchema = { $ref: '#/$defs/placeholder' }
/** What stands for a value that is filled in at start. */
export const PLACEHOLDER_DEFS: Defs = { placeholder: { type: 'string', pattern: '\\$\\{.+\\}' } }

/** A schema to be part of another one: its definitions, under names that nothing else there has, are for the whole. */
export function asPart(schema: JsonSchema, prefix: string): { readonly part: JsonSchema; readonly defs: Defs } {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', `"#/$defs/${prefix}_`)
  const { $schema: _, $defs = {}, ...part } = JSON.parse(text) as JsonSchema & { readonly $defs?: Defs }
  return { part, defs: Object.fromEntries(Object.entries($defs).map(([name, each]) => [`${prefix}_${name}`, each])) }
}

export type Defs = Readonly<Record<string, JsonSchema>>

/** The schema of a file in which any single value may be a placeholder such as "${NAME}". Needs PLACEHOLDER_DEFS. */
export function withPlaceholders(schema: JsonSchema): JsonSchema {
  const { secret, ...rest } = schema
  const inner: JsonSchema = secret === true ? { ...rest, writeOnly: true } : { ...rest }
  for (const key of NESTED) {
    const list = inner[key] as JsonSchema[] | undefined
    if (list) inner[key] = list.map(withPlaceholders)
  }
  for (const key of BY_NAME) {
    const map = inner[key] as Record<string, JsonSchema> | undefined
    if (map) inner[key] = Object.fromEntries(Object.entries(map).map(([name, each]) => [name, withPlaceholders(each)]))
  }
  if (typeof inner.additionalProperties === 'object')
    inner.additionalProperties = withPlaceholders(inner.additionalProperties)
  if (Array.isArray(inner.items)) inner.items = inner.items.map(withPlaceholders)
  else if (inner.items) inner.items = withPlaceholders(inner.items)
  return isConstrained(inner) ? { anyOf: [inner, PLACEHOLDER] } : inner
}

/** A single value that not every text is. */
function isConstrained(schema: JsonSchema): boolean {
  const { type } = schema
  if (type === 'integer' || type === 'number' || type === 'boolean') return true
  return type === 'string' && ['enum', 'pattern', 'format', 'minLength', 'maxLength'].some((key) => key in schema)
}
