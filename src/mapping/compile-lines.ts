import type { FieldSchema, Schema } from '../contract/connector.ts'
import { type CompileContext, checkWritable, compileField, directionOf, findField, isTarget } from './compile-field.ts'
import { isSameLines, translateLines } from './lines.ts'
import { type FieldRule, fieldOn, flows, type LinesRule, otherSide, SIDES, type Side } from './mapping.ts'
import type { FieldDefinition, LinesDefinition } from './mapping-schema.ts'
import type { Path } from './problem.ts'

/** A pair of fields that hold lines, or null after a complaint. `path` is its place in the file. */
export function compileLines(context: CompileContext, definition: LinesDefinition, path: Path): FieldRule | null {
  const odoo = findLines(context, 'odoo', definition, path)
  const external = findLines(context, 'external', definition, path)
  const direction = directionOf(context, definition, path)
  if (!odoo || !external || !direction) return null
  if (!checkWritable(context, direction, { odoo: odoo.field, external: external.field }, path, false)) return null
  const { file } = context
  const conflict = definition.conflict ?? file.definition.conflict
  // A line's fields are compiled like a record's, in a mapping of their own.
  const own: CompileContext = {
    ...context,
    file: {
      ...file,
      definition: {
        ...file.definition,
        direction,
        conflict,
        odoo: { ...file.definition.odoo, key: '' },
        external: { ...file.definition.external, key: '' },
      },
    },
    schemas: { odoo: odoo.schema, external: external.schema },
  }
  const fields = compilePairs(own, definition, path)
  if (fields === null) return null
  checkPairs(own, fields, direction, path)
  const lines: LinesRule = Object.freeze({
    fields,
    keys: definition.key.length,
    keyless: definition.keyless,
    deletes: { odoo: definition.deletes.from_odoo, external: definition.deletes.from_external },
  })
  const writable = (field: FieldSchema) => ({ create: !field.isReadOnly, update: !field.isReadOnly })
  return Object.freeze<FieldRule>({
    name: `${definition.odoo}:${definition.external}`,
    odoo: definition.odoo,
    external: definition.external,
    direction,
    owner: definition.owner ?? null,
    conflict,
    isKey: false,
    reference: null,
    set: null,
    referred: () => [],
    lines,
    writable: { odoo: writable(odoo.field), external: writable(external.field) },
    translate: (from, value, references) => translateLines(lines, from, value, references),
    isSame: (side, a, b) => isSameLines(lines, side, a, b),
  })
}

/** The field with the schema of its lines. A field that holds any JSON holds lines of any fields. */
function findLines(
  context: CompileContext,
  side: Side,
  definition: LinesDefinition,
  path: Path,
): { readonly field: FieldSchema; readonly schema: Schema } | null {
  const field = findField(context, side, definition[side], [...path, side])
  if (field === null) return null
  const name = `${context.schemas[side].name}.${field.name}`
  if (field.type === 'lines' && field.lines !== undefined) return { field, schema: { name, fields: field.lines } }
  if (field.type === 'json' && field.relation === null) {
    const names = [...definition.key, ...definition.fields].map((pair) => fieldOn(pair, side))
    return { field, schema: { name, fields: new Map(names.map((each) => [each, anyField(each)])) } }
  }
  context.complain([...path, side], `${name} (${field.type}) holds no lines`)
  return null
}

function anyField(name: string): FieldSchema {
  return {
    name,
    type: 'json',
    isRequired: false,
    isReadOnly: false,
    isAssigned: false,
    relation: null,
    maxLength: null,
    scale: null,
    options: null,
  }
}

/** The key's pairs, then the others; a key pair that the fields list too is the one listed, with its options. */
function compilePairs(context: CompileContext, definition: LinesDefinition, path: Path): readonly FieldRule[] | null {
  const isPair = (a: FieldDefinition, b: { odoo: string; external: string }): boolean =>
    a.odoo === b.odoo && a.external === b.external
  const listed = definition.fields.map((pair, index) => ({ pair, place: [...path, 'fields', index] }))
  const keys = definition.key.map((names, index) => {
    const pair: FieldDefinition = { ...names, watch: false }
    const found = listed.find((each) => isPair(each.pair, pair))
    return found ?? { pair, place: [...path, 'key', index] }
  })
  const others = listed.filter((each) => !keys.includes(each))
  const rules = [...keys, ...others].map(({ pair, place }, index) => {
    const isKey = index < keys.length
    if (isKey && pair.direction !== undefined) {
      context.complain([...place, 'direction'], 'the key of a line flows both ways with its line')
      return null
    }
    if (pair.value !== undefined) {
      context.complain([...place, 'value'], 'the fields of a line cannot be calculated')
      return null
    }
    return compileField(context, { owner: definition.owner, ...pair }, place)
  })
  return rules.every((rule) => rule !== null) ? rules.map(withoutMerging) : null
}

/** A set in a line is written as a whole: what was seen of a line does not tell what each side added to it. */
function withoutMerging(rule: FieldRule): FieldRule {
  return rule.set?.isMerged ? Object.freeze({ ...rule, set: { ...rule.set, isMerged: false } }) : rule
}

/** No field of a line may be written twice, and whatever a new line needs should get a value. */
function checkPairs(
  context: CompileContext,
  rules: readonly FieldRule[],
  direction: FieldRule['direction'],
  path: Path,
) {
  for (const side of SIDES) {
    const targets = rules.filter((rule) => isTarget(rule, side)).map((rule) => fieldOn(rule, side))
    const twice = targets.find((name, index) => targets.indexOf(name) !== index)
    const { name, fields } = context.schemas[side]
    if (twice !== undefined) context.complain([...path, 'fields'], `two pairs write to ${name}.${twice}`)
    if (!flows(direction, otherSide(side))) continue
    for (const field of fields.values()) {
      if (!field.isRequired || field.isAssigned || field.isReadOnly || targets.includes(field.name)) continue
      const message = `a new line in ${name} gets no ${field.name}, which is required: map it`
      context.complain([...path, side], message, 'warning')
    }
  }
}
