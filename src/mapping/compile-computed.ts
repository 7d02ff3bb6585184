import type { FieldSchema } from '../contract/connector.ts'
import { asSyncError, SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import { type Bundle, bundleName, isBundleName, partOf } from './bundle.ts'
import { coerce, isConvertible } from './coerce.ts'
import { type CompileContext, findField } from './compile-field.ts'
import { type Expression, parseExpression, type Variables } from './expression.ts'
import { fieldTypeOf } from './expression-value.ts'
import { type FieldRule, fieldOn, flows, otherSide, type Side, type Translation } from './mapping.ts'
import type { FieldDefinition } from './mapping-schema.ts'
import type { Path } from './problem.ts'
import { canonicalValue, isEqual, toStored } from './stored.ts'

/** A calculated pair with the fields that its expression bundles on each side. */
export interface Computed {
  readonly rule: FieldRule
  readonly bundles: Readonly<Record<Side, readonly Bundle[]>>
}

/** The two records of a mapping as expressions know them. */
export function recordVariables({ schemas }: CompileContext): Variables {
  return {
    odoo: { collection: schemas.odoo.name, fields: schemas.odoo.fields },
    external: { collection: schemas.external.name, fields: schemas.external.fields },
  }
}

/** The expression at `path`; null after a complaint. `type`: what it must give, if only one will do. */
export function compileExpression(
  context: CompileContext,
  source: string,
  variables: Variables,
  path: Path,
  type?: 'bool',
): Expression | null {
  const parsed = parseExpression(source, variables)
  if ('problem' in parsed) {
    context.complain(path, parsed.problem)
    return null
  }
  const { expression } = parsed
  if (type === undefined || expression.type === type || expression.type === 'dyn') return expression
  context.complain(path, `this gives ${expression.type}, and a condition is true or false`)
  return null
}

/**
 * A pair of which one field is calculated. Its other side is the source, and owns it: the bundle of the fields that the
 * expression reads there. Null after a complaint.
 */
export function compileComputed(context: CompileContext, pair: FieldDefinition, path: Path): Computed | null {
  const to: Side = isBundleName(pair.odoo) ? 'external' : 'odoo'
  const from = otherSide(to)
  const name = fieldOn(pair, to)
  const target = findField(context, to, name, [...path, to])
  const expression = compileExpression(context, pair.value ?? '', recordVariables(context), [...path, 'value'])
  if (!target || !expression || !isPossible(context, to, target, expression, path)) return null
  const source: Bundle = { name: fieldOn(pair, from), fields: expression.reads[from] ?? [], writes: null }
  const others = expression.reads[to] ?? []
  const composite: Bundle = { name: bundleName(name), fields: [name, ...others], writes: name }
  const isComposite = others.length > 0
  const written = isComposite ? composite.name : name
  const side = <T>(ofSource: T, ofTarget: T): Record<Side, T> =>
    from === 'odoo' ? { odoo: ofSource, external: ofTarget } : { odoo: ofTarget, external: ofSource }
  const names = side(source.name, written)
  const never = { create: false, update: false }
  const writable = { create: !target.isReadOnly, update: !target.isReadOnly }
  const targetOf = (value: Value): Value => (isComposite ? partOf(value, name) : value)
  return {
    bundles: side([source], isComposite ? [composite] : []),
    rule: Object.freeze({
      // With the expression in it, so that everything is calculated anew when that changes.
      name: `${name}=${expression.source}`,
      ...names,
      direction: from === 'odoo' ? 'from-odoo' : 'to-odoo',
      owner: from,
      conflict: from,
      isKey: false,
      reference: null,
      set: null,
      referred: () => [],
      writable: side(never, writable),
      readsTarget: isComposite,
      translate(start: Side, value: Value, _: unknown, current?: Value): Translation {
        if (start !== from) return ONE_WAY
        try {
          const held = isComposite && isRecord(current) ? current : {}
          const result = expression.evaluate({ [from]: isRecord(value) ? value : {}, [to]: held })
          const stored = toStored(to, target, coerce(target.type, result), false)
          return { kind: 'value', value: isComposite ? { ...held, [name]: stored } : stored }
        } catch (error) {
          return { kind: 'error', error: named(context, to, name, error) }
        }
      },
      isSame(on: Side, a: Value, b: Value): boolean {
        if (on === from) return isEqual(a, b)
        return isEqual(canonicalValue(to, target, targetOf(a)), canonicalValue(to, target, targetOf(b)))
      },
    }),
  }
}

/** The fields on which steps depend: nothing is written, and nothing is in conflict. */
export function watchRule(name: string): FieldRule {
  const never = { create: false, update: false }
  return Object.freeze({
    name,
    odoo: name,
    external: name,
    direction: 'both' as const,
    owner: null,
    conflict: 'odoo' as const,
    isKey: false,
    reference: null,
    set: null,
    referred: () => [],
    writable: { odoo: never, external: never },
    isWatched: true,
    translate: (): Translation => ONE_WAY,
    isSame: (_: Side, a: Value, b: Value) => isEqual(a, b),
  })
}

const ONE_WAY: Translation = {
  kind: 'error',
  error: new SyncError('unsupported', 'A calculated value flows one way only.'),
}

function isPossible(
  context: CompileContext,
  to: Side,
  target: FieldSchema,
  { reads, type }: Expression,
  path: Path,
): boolean {
  const where = `${context.schemas[to].name}.${target.name}`
  const { direction } = context.file.definition
  const key = context.file.definition[to].key
  const result = fieldTypeOf(type)
  if (!flows(direction, otherSide(to))) {
    context.complain([...path, to], `the whole mapping has direction: ${direction}, so ${where} cannot be calculated`)
  } else if (target.name === key) {
    context.complain([...path, to], 'the key cannot be calculated')
  } else if (target.isReadOnly) {
    context.complain([...path, to], `${where} cannot be written (computed or generated)`)
  } else if (reads[to]?.includes(target.name)) {
    context.complain([...path, 'value'], `it reads ${to}.${target.name}, which is the field that it is written to`)
  } else if (result !== null && target.type !== 'reference' && !isConvertible(result, target.type)) {
    context.complain([...path, 'value'], `it gives ${type}, and ${where} is ${target.type}`)
  } else return true
  return false
}

function isRecord(value: Value | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function named(context: CompileContext, to: Side, name: string, thrown: unknown): SyncError {
  const error = asSyncError(thrown)
  const hint = error.hint === null ? {} : { hint: error.hint }
  return new SyncError(error.code, `${context.schemas[to].name}.${name}: ${error.message}`, { cause: error, ...hint })
}
