import type { FieldSchema, FieldType } from '../contract/connector.ts'
import { isConvertible, isReference } from './coerce.ts'
import type { CompileContext } from './compile-field.ts'
import type { Direction, Side } from './mapping.ts'
import type { FieldDefinition } from './mapping-schema.ts'
import { transformName } from './own-transform.ts'
import type { Path } from './problem.ts'
import { type Step, stepFor } from './transform.ts'
import type { TransformDefinition } from './transform-schema.ts'

/** Where the transforms of the pair at `path` stand in the file. */
export function transformPlace(pair: FieldDefinition, path: Path): Path {
  return [...path, pair.map === undefined ? 'transform' : 'map']
}

/** The pair's transforms as steps that fit together between the two types; null after a complaint. */
export function compileTransforms(
  context: CompileContext,
  pair: FieldDefinition,
  path: Path,
  fields: Readonly<Record<Side, FieldSchema>>,
  direction: Direction,
): readonly Step[] | null {
  if (pair.map !== undefined && pair.transform !== undefined) {
    context.complain([...path, 'map'], 'map and transform cannot be combined: write transform: [{ map: … }, …]')
    return null
  }
  const transforms: readonly TransformDefinition[] =
    pair.map === undefined ? (pair.transform ?? []) : [{ map: pair.map }]
  const place = transformPlace(pair, path)
  const steps: Step[] = []
  let arriving: FieldType = fields.odoo.type
  for (const transform of transforms) {
    const step = stepFor(transform, arriving, context.transforms)
    if ('error' in step) {
      context.complain(place, step.error)
      return null
    }
    if (!fits(arriving, step.odooType)) {
      context.complain(place, `${nameOf(transform)} works on ${step.odooType}, and gets ${arriving}`)
      return null
    }
    if (step.only !== undefined && step.only !== direction) {
      context.complain(place, `${nameOf(transform)} works ${step.only} only, so the pair needs direction: ${step.only}`)
      return null
    }
    steps.push(step)
    arriving = step.externalType
  }
  if (fits(arriving, fields.external.type)) return steps
  const source = steps.length === 0 ? described(context, fields, 'odoo') : `the transform's result (${arriving})`
  context.complain(
    steps.length === 0 ? path : place,
    `${source} and ${described(context, fields, 'external')} do not fit${remedyFor(fields)}`,
  )
  return null
}

function fits(from: FieldType, to: FieldType): boolean {
  return !isReference(from) && isConvertible(from, to) && isConvertible(to, from)
}

function nameOf(transform: TransformDefinition): string {
  if (typeof transform === 'string') return transform
  const { code, name } = transform
  return code === undefined ? (Object.keys(transform)[0] ?? 'transform') : transformName({ code, name })
}

/** "res.partner.name (text)". */
export function described(context: CompileContext, fields: Readonly<Record<Side, FieldSchema>>, side: Side): string {
  return `${context.schemas[side].name}.${fields[side].name} (${fields[side].type})`
}

function remedyFor(fields: Readonly<Record<Side, FieldSchema>>): string {
  const types: readonly FieldType[] = [fields.odoo.type, fields.external.type]
  if (types.some(isReference)) {
    const { relation } = isReference(fields.odoo.type) ? fields.odoo : fields.external
    const model = relation === null ? '' : ` to ${relation}`
    return `: a reference${model} needs link: <mapping> where its records are synced, or lookup: { …, by: <field> }`
  }
  if (types.includes('lines')) return ': lines have a place of their own in a mapping, under lines:'
  if (types.includes('integer') && types.some((type) => type === 'datetime' || type === 'date')) {
    return ': add transform: epoch_s or epoch_ms'
  }
  return ''
}
