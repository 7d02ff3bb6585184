import type { FieldSchema, Schema } from '../contract/connector.ts'
import type { Bundles } from './bundle.ts'
import { isTextual } from './coerce.ts'
import { compileTransforms, described, transformPlace } from './compile-transforms.ts'
import { createFieldRule } from './field-rule.ts'
import {
  type Direction,
  type FieldRule,
  fieldOn,
  flows,
  type LinkReference,
  type LookupReference,
  otherSide,
  SIDES,
  type Side,
} from './mapping.ts'
import { type MappingFile, sideSpec } from './mapping-file.ts'
import type { FieldDefinition } from './mapping-schema.ts'
import type { OwnTransforms } from './own-transform.ts'
import type { Path } from './problem.ts'
import { didYouMean } from './suggestion.ts'

/** Collects what is wrong, each with the place in the file. */
export type Complain = (path: Path, message: string, severity?: 'error' | 'warning') => void

export interface CompileContext {
  readonly file: MappingFile
  /** The user's own transforms that the file names. */
  readonly transforms: OwnTransforms
  readonly schemas: Readonly<Record<Side, Schema>>
  readonly complain: Complain
}

/** The field of that name; complains and names the nearest ones where it does not exist. */
export function findField(context: CompileContext, side: Side, name: string, path: Path): FieldSchema | null {
  const schema = context.schemas[side]
  const field = schema.fields.get(name)
  if (field) return field
  const reason = schema.reasons?.get(name)
  const remedy = schema.missing?.get(name) ?? didYouMean(name, schema.fields.keys())
  const end = schema.missing?.has(name) ? `. ${remedy}` : remedy
  context.complain(path, reason ?? `${schema.name} has no field "${name}"${end}`)
  return null
}

/** One pair of fields, or null after a complaint. `path` is the pair's place in the file. */
export function compileField(context: CompileContext, pair: FieldDefinition, path: Path): FieldRule | null {
  const { definition } = context.file
  const odoo = findField(context, 'odoo', pair.odoo, [...path, 'odoo'])
  const external = findField(context, 'external', pair.external, [...path, 'external'])
  if (pair.watch && odoo && external && !odoo.isElsewhere && !external.isElsewhere) {
    context.complain(
      [...path, 'watch'],
      'watch is for a value of another record, such as country_id.code; this one is noticed anyway',
    )
    return null
  }
  const isKey = pair.odoo === definition.odoo.key && pair.external === definition.external.key
  const direction = directionOf(context, pair, path)
  if (!odoo || !external || !direction) return null
  const fields = { odoo, external }
  const reference = referenceOf(context, pair, path, direction, isKey)
  const set = reference === undefined ? undefined : setOf(context, pair, path, fields, direction, reference)
  const steps = reference === null ? compileTransforms(context, pair, path, fields, direction) : []
  const isWritable = checkWritable(context, direction, fields, path, isKey)
  if (reference === undefined || set === undefined || steps === null || !isWritable) return null
  const isReversible = steps.every((step) => step.isReversible)
  const place = transformPlace(pair, path)
  if (isKey && steps.length > 0) {
    context.complain(place, 'the key is compared as it is on both sides, so it cannot be transformed')
    return null
  }
  if (!isReversible && direction === 'both') {
    context.complain(place, 'this cannot be reversed, so the pair needs direction: to-odoo or from-odoo')
    return null
  }
  return createFieldRule({
    fields,
    collections: { odoo: context.schemas.odoo.name, external: context.schemas.external.name },
    steps,
    separator: pair.separator ?? null,
    isReversible: direction === 'both',
    rule: {
      name: `${pair.odoo}:${pair.external}`,
      odoo: pair.odoo,
      external: pair.external,
      direction,
      owner: pair.owner ?? null,
      conflict: pair.conflict === undefined || pair.conflict === 'merge' ? definition.conflict : pair.conflict,
      isKey,
      reference,
      set,
      writable: { odoo: writableOf(odoo), external: writableOf(external) },
    },
  })
}

function writableOf(field: FieldSchema): { readonly create: boolean; readonly update: boolean } {
  return { create: !field.isReadOnly && !field.isUpdateOnly, update: !field.isReadOnly }
}

/** The pair's direction within the mapping's; null after a complaint. */
export function directionOf(
  context: CompileContext,
  pair: Pick<FieldDefinition, 'direction' | 'owner'>,
  path: Path,
): Direction | null {
  const whole = context.file.definition.direction
  const direction = pair.direction ?? whole
  if (whole !== 'both' && direction !== whole) {
    context.complain([...path, 'direction'], `the whole mapping has direction: ${whole}, so this can be no other`)
    return null
  }
  if (pair.owner !== undefined && !flows(direction, pair.owner)) {
    context.complain(
      [...path, 'owner'],
      `direction: ${direction} carries nothing from ${pair.owner}, so it cannot be the owner`,
    )
    return null
  }
  return direction
}

/** A field that changes flow to must be writable; the key may be assigned by the target. */
export function checkWritable(
  context: CompileContext,
  direction: Direction,
  fields: Readonly<Record<Side, FieldSchema>>,
  path: Path,
  isKey: boolean,
): boolean {
  let isFine = true
  for (const side of SIDES) {
    const field = fields[side]
    if (isKey || !field.isReadOnly || !flows(direction, otherSide(side))) continue
    const only = side === 'odoo' ? 'from-odoo' : 'to-odoo'
    const remedy = direction === 'both' ? `say direction: ${only}` : 'leave it out'
    context.complain(
      [...path, side],
      `${context.schemas[side].name}.${field.name} cannot be written (computed or generated): ${remedy}`,
    )
    isFine = false
  }
  return isFine
}

/** The pair's link or lookup; null: none; undefined after a complaint. */
function referenceOf(
  context: CompileContext,
  pair: FieldDefinition,
  path: Path,
  direction: Direction,
  isKey: boolean,
): LinkReference | LookupReference | null | undefined {
  const { link, lookup } = pair
  const kind = link !== undefined ? 'link' : 'lookup'
  if (link === undefined && lookup === undefined) return null
  const clash = (['lookup', 'transform', 'map'] as const).find((name) => name !== kind && pair[name] !== undefined)
  if (clash !== undefined) {
    context.complain([...path, clash], `${clash} and ${kind} cannot be combined`)
    return undefined
  }
  if (isKey) {
    context.complain([...path, kind], `the key cannot be a ${kind}`)
    return undefined
  }
  if (link !== undefined) return { kind: 'link', mapping: link.mapping, by: link.by }
  if (lookup === undefined) return null
  const { by, side, connection: named, fold, create, defaults, keyless, ...spec } = lookup
  const connection = named ?? context.file.definition[side].connection
  if (!create && Object.keys(defaults).length > 0) {
    context.complain([...path, 'lookup', 'defaults'], 'defaults are for records that are made: add create: true')
    return undefined
  }
  if (keyless === 'empty' && flows(direction, otherSide(side))) {
    const only = side === 'odoo' ? 'from-odoo' : 'to-odoo'
    context.complain(
      [...path, 'lookup', 'keyless'],
      `what is shown as empty would come back as empty, so the pair needs direction: ${only}`,
    )
    return undefined
  }
  return {
    kind: 'lookup',
    side,
    connection,
    spec,
    by,
    fold,
    beside:
      named === undefined || named === context.file.definition[side].connection ? sideSpec(context.file, side) : null,
    create: create ? defaults : null,
    keyless,
  }
}

/** How the pair holds a set of records; null: it holds none; undefined after a complaint. */
function setOf(
  context: CompileContext,
  pair: FieldDefinition,
  path: Path,
  fields: Readonly<Record<Side, FieldSchema>>,
  direction: Direction,
  reference: LinkReference | LookupReference | null,
): FieldRule['set'] | undefined {
  const side = SIDES.find((each) => fields[each].type === 'references')
  if (side === undefined || reference === null) {
    const misplaced = (['separator', 'conflict'] as const).find(
      (name) => pair[name] !== undefined && isOfSets(name, pair),
    )
    if (misplaced === undefined) return null
    context.complain(
      [...path, misplaced],
      `${misplaced === 'conflict' ? 'conflict: merge' : misplaced} is for a set of records, and neither field holds one`,
    )
    return undefined
  }
  const other = fields[otherSide(side)]
  if (reference.kind === 'lookup' && reference.side !== side) {
    context.complain(
      [...path, 'lookup'],
      `the ids are in ${described(context, fields, side)}, so it needs side: ${side}`,
    )
    return undefined
  }
  if (isTextual(other.type) && pair.separator === undefined) {
    context.complain(path, `${described(context, fields, otherSide(side))} holds a set as one text: say separator: ","`)
    return undefined
  }
  if (!isTextual(other.type) && other.type !== 'json' && other.type !== 'references') {
    context.complain(
      path,
      `${described(context, fields, otherSide(side))} cannot hold a set: it takes a list (an array, JSON) or a text`,
    )
    return undefined
  }
  const isMerged = direction === 'both' && pair.owner === undefined && (pair.conflict ?? 'merge') === 'merge'
  return { side, isMerged }
}

function isOfSets(name: 'separator' | 'conflict', pair: FieldDefinition): boolean {
  return name === 'separator' || pair.conflict === 'merge'
}

/** Whether changes of the pair are written to this side. */
export function isTarget(rule: FieldRule, side: Side): boolean {
  return rule.isKey || flows(rule.direction, otherSide(side))
}

/** The field that a write of the rule goes to, on a side that is its target: of a bundle, the one that is written. */
export function fieldWritten(rule: FieldRule, side: Side, bundles: Bundles): string {
  const name = fieldOn(rule, side)
  return bundles[side].find((bundle) => bundle.name === name)?.writes ?? name
}
