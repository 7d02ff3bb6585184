/** As much of JSON Schema 2020-12 as the published schemas use, read strictly: a keyword that is not known here throws. */
type Schema = Readonly<Record<string, unknown>>

const IGNORED = new Set(['$schema', '$defs', 'title', 'description', 'default', 'format', 'then', 'writeOnly'])

export function problems(schema: unknown, value: unknown, root: unknown = schema, at = ''): string[] {
  if (schema === true) return []
  if (schema === false) return [`${at}: not allowed`]
  const found: string[] = []
  for (const [keyword, argument] of Object.entries(schema as Schema)) {
    if (IGNORED.has(keyword)) continue
    const check = CHECKS[keyword]
    if (!check) throw new Error(`keyword ${keyword} at ${at}`)
    found.push(...check(argument as never, value, { schema: schema as Schema, root, at }))
  }
  return found
}

interface Place {
  readonly schema: Schema
  readonly root: unknown
  readonly at: string
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value
}

function isOfType(type: string, value: unknown): boolean {
  return type === 'integer' ? Number.isInteger(value) : type === typeOf(value)
}

const fails = (isWrong: boolean, at: string, message: string): string[] => (isWrong ? [`${at || '/'}: ${message}`] : [])

function anyFits(list: unknown, value: unknown, { root, at }: Place): string[] {
  const each = (list as unknown[]).map((schema) => problems(schema, value, root, at))
  return each.some((of) => of.length === 0)
    ? []
    : [`${at || '/'}: fits nothing (${each.flat().slice(0, 3).join('; ')})`]
}

const CHECKS: Readonly<Record<string, (argument: never, value: unknown, place: Place) => string[]>> = {
  type: (type: string | string[], value, { at }) =>
    fails(![type].flat().some((each) => isOfType(each, value)), at, `not ${String(type)}`),
  enum: (values: unknown[], value, { at }) => fails(!values.includes(value), at, `not one of ${values.join(', ')}`),
  const: (wanted: unknown, value, { at }) => fails(wanted !== value, at, `not ${String(wanted)}`),
  pattern: (pattern: string, value, { at }) =>
    fails(typeof value === 'string' && !new RegExp(pattern).test(value), at, `not like ${pattern}`),
  minLength: (least: number, value, { at }) =>
    fails(typeof value === 'string' && value.length < least, at, 'too short'),
  maxLength: (most: number, value, { at }) => fails(typeof value === 'string' && value.length > most, at, 'too long'),
  minimum: (least: number, value, { at }) => fails(typeof value === 'number' && value < least, at, 'too small'),
  exclusiveMinimum: (least: number, value, { at }) =>
    fails(typeof value === 'number' && value <= least, at, 'too small'),
  maximum: (most: number, value, { at }) => fails(typeof value === 'number' && value > most, at, 'too large'),
  minItems: (least: number, value, { at }) => fails(Array.isArray(value) && value.length < least, at, 'too few'),
  maxItems: (most: number, value, { at }) => fails(Array.isArray(value) && value.length > most, at, 'too many'),
  required: (names: string[], value, { at }) =>
    isObject(value) ? names.flatMap((name) => fails(!(name in value), at, `lacks ${name}`)) : [],
  properties: (named: Schema, value, { root, at }) =>
    isObject(value)
      ? Object.entries(value).flatMap(([name, each]) =>
          name in named ? problems(named[name], each, root, `${at}/${name}`) : [],
        )
      : [],
  additionalProperties: (other: unknown, value, { schema, root, at }) =>
    isObject(value)
      ? Object.entries(value).flatMap(([name, each]) =>
          name in ((schema.properties as Schema | undefined) ?? {}) ? [] : problems(other, each, root, `${at}/${name}`),
        )
      : [],
  propertyNames: (names: unknown, value, { root, at }) =>
    isObject(value) ? Object.keys(value).flatMap((name) => problems(names, name, root, `${at}/${name}`)) : [],
  items: (items: unknown, value, { schema, root, at }) =>
    Array.isArray(value)
      ? value
          .slice(((schema.prefixItems as unknown[] | undefined) ?? []).length)
          .flatMap((each, index) => problems(items, each, root, `${at}/${index}`))
      : [],
  prefixItems: (items: unknown[], value, { root, at }) =>
    Array.isArray(value) ? items.flatMap((item, index) => problems(item, value[index], root, `${at}/${index}`)) : [],
  anyOf: anyFits,
  oneOf: anyFits,
  allOf: (list: unknown[], value, { root, at }) => list.flatMap((each) => problems(each, value, root, at)),
  not: (schema: unknown, value, { root, at }) =>
    fails(problems(schema, value, root, at).length === 0, at, 'not allowed'),
  if: (condition: unknown, value, { schema, root, at }) =>
    problems(condition, value, root, at).length === 0 ? problems(schema.then ?? true, value, root, at) : [],
  $ref: (name: string, value, { root, at }) => {
    const target = name
      .split('/')
      .slice(1)
      .reduce<unknown>((of, part) => (of as Schema | undefined)?.[part], root)
    if (target === undefined) throw new Error(`${name} at ${at} leads nowhere`)
    return problems(target, value, root, at)
  },
}
