import type { JsonSchema } from '../../src/json-schema/json-schema.ts'

/** One key of a configuration, as a reader looks it up. */
export interface Option {
  /** `limits.concurrency`, `collections.<name>.path`, `events[].topic`. */
  readonly name: string
  readonly type: string
  /** As it is written in YAML; null: none. */
  readonly byDefault: string | null
  readonly isRequired: boolean
  /** '' where the schema does not say it. */
  readonly meaning: string
}

/** What several options have in common, told once: the schema's title, and its keys. */
export interface Shape {
  readonly title: string
  readonly options: readonly Option[]
}

/** The options of an object's schema, in its order, and the shapes that they and each other refer to. */
export function optionsOf(schema: JsonSchema): {
  readonly options: readonly Option[]
  readonly shapes: readonly Shape[]
} {
  const shapes = new Map<string, Shape>()
  const options = keysOf(schema, '', shapes)
  return { options, shapes: [...shapes.values()] }
}

/** The anchor of a shape's heading. */
export function anchorOf(title: string): string {
  return title.toLowerCase().replace(/\s/g, '-')
}

function keysOf(schema: JsonSchema, prefix: string, shapes: Map<string, Shape>): readonly Option[] {
  const alternatives = alternativesOf(schema)
  const tagged = alternatives.length > 1 && alternatives.every((each) => tagOf(each) !== null)
  const rows = alternatives.flatMap((each) => {
    const tag = tagged ? tagOf(each) : null
    const heading = tag === null ? [] : [{ ...blank(`${tag.key}: ${tag.value}`), meaning: each.description ?? '' }]
    return [...heading, ...ownKeys(each, prefix, tag?.key ?? null, shapes)]
  })
  if (tagged) return rows
  // Of several forms only one is given, so that a key of one of them is not needed by itself.
  const isOneForm = alternatives.filter((each) => each.properties).length < 2
  const isOwn = ({ name }: Option): boolean => !/[.[]/.test(name.slice(prefix.length))
  const told = rows.map((row) => (isOneForm || !isOwn(row) ? row : { ...row, isRequired: false }))
  return [...new Map(told.map((row) => [row.name, row])).values()]
}

function ownKeys(
  schema: JsonSchema,
  prefix: string,
  tag: string | null,
  shapes: Map<string, Shape>,
): readonly Option[] {
  const named = Object.entries(schema.properties ?? {}).filter(([key, each]) => key !== tag && !isGiven(each))
  const required = schema.required ?? []
  const own = named.flatMap(([key, each]) => optionOf(each, `${prefix}${key}`, required.includes(key), shapes))
  const { additionalProperties: others } = schema
  const any =
    typeof others === 'object' && named.length === 0 && !hasShape(others)
      ? keysOf(others, `${prefix}<name>.`, shapes)
      : []
  const items =
    Array.isArray(schema.items) || !schema.items || hasShape(schema.items)
      ? []
      : keysOf(schema.items, `${prefix.slice(0, -1)}[].`, shapes)
  return [...own, ...any, ...items]
}

/** A key with one value that says nothing else: the `type` of a connection, which the page is about. */
function isGiven({ const: value, description }: JsonSchema): boolean {
  return typeof value === 'string' && description === undefined
}

function optionOf(
  schema: JsonSchema,
  name: string,
  isRequired: boolean,
  shapes: Map<string, Shape>,
): readonly Option[] {
  const own: Option = {
    name,
    type: typeOf(schema, shapes),
    byDefault: shownDefault(schema.default),
    isRequired,
    meaning: schema.description ?? '',
  }
  if (hasShape(schema)) return [own]
  const inner = keysOf(schema, `${name}.`, shapes)
  const isMereGroup = inner.length > 0 && own.meaning === '' && !isRequired
  return isMereGroup ? inner : [own, ...inner]
}

/** Whether its keys are told under its title. */
function hasShape(schema: JsonSchema): boolean {
  return schema.title !== undefined && holdsKeys(schema)
}

function holdsKeys(schema: JsonSchema): boolean {
  return alternativesOf(schema).some(
    (each) =>
      each.properties !== undefined ||
      (each.items !== undefined && !Array.isArray(each.items) && holdsKeys(each.items)),
  )
}

function typeOf(schema: JsonSchema, shapes: Map<string, Shape>): string {
  const { title } = schema
  if (typeof title === 'string') {
    if (!hasShape(schema)) return title
    if (!shapes.has(title)) {
      shapes.set(title, { title, options: [] })
      shapes.set(title, { title, options: keysOf(schema, '', shapes) })
    }
    return `[${title}](#${anchorOf(title)})`
  }
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  if (Array.isArray(schema.enum)) return schema.enum.map((each) => `\`${String(each)}\``).join(', ')
  const choices = (schema.anyOf ?? schema.oneOf) as readonly JsonSchema[] | undefined
  if (choices) {
    const types = choices.filter((each) => each.type !== 'null').map((each) => typeOf(each, shapes))
    return [...new Set(types)].join(' or ')
  }
  if (schema.type === 'array') return Array.isArray(schema.prefixItems) ? 'list' : `list of ${listed(schema, shapes)}`
  if (schema.type === 'object') return schema.properties ? 'settings' : `by name: ${valueType(schema, shapes)}`
  if (schema.type === 'boolean') return '`true` or `false`'
  if (schema.type === 'integer' || schema.type === 'number') return `number${rangeOf(schema)}`
  return schema.type === 'string' ? 'text' : 'any value'
}

function listed(schema: JsonSchema, shapes: Map<string, Shape>): string {
  return schema.items && !Array.isArray(schema.items) ? typeOf(schema.items, shapes) : 'any value'
}

function valueType(schema: JsonSchema, shapes: Map<string, Shape>): string {
  return typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties, shapes) : 'any value'
}

function rangeOf({ minimum, maximum }: JsonSchema): string {
  const isBound = (value: unknown): value is number =>
    typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER
  if (isBound(minimum) && isBound(maximum)) return ` ${minimum} – ${maximum}`
  if (isBound(minimum)) return ` from ${minimum}`
  return isBound(maximum) ? ` to ${maximum}` : ''
}

/** What may stand in a place; one schema is one alternative. */
function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  const choices = (schema.anyOf ?? schema.oneOf) as readonly JsonSchema[] | undefined
  return choices ? choices.flatMap(alternativesOf) : [schema]
}

/** The key by whose value an alternative is told from the others. */
function tagOf(schema: JsonSchema): { readonly key: string; readonly value: string } | null {
  const [first] = Object.entries(schema.properties ?? {})
  return first?.[1].const === undefined || first[1].const === true
    ? null
    : { key: first[0], value: String(first[1].const) }
}

function shownDefault(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null
  if (typeof value === 'object' && Object.keys(value).length === 0) return null
  return inFlow(value)
}

/** In YAML's flow style. */
function inFlow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inFlow).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, each]) => `${key}: ${inFlow(each)}`)
      .join(', ')} }`
  }
  return typeof value === 'string' && /^\w[\w .:/%-]*$/.test(value) ? value : JSON.stringify(value)
}

function blank(name: string): Option {
  return { name, type: '', byDefault: null, isRequired: false, meaning: '' }
}
