import type { Capabilities, Schema } from '../contract/connector.ts'
import { type Bundle, type Bundles, bundleName } from './bundle.ts'
import { checkCircles } from './check-circles.ts'
import { isConvertible } from './coerce.ts'
import { compileComputed, compileExpression, recordVariables, watchRule } from './compile-computed.ts'
import { compileDeletes, compileExits } from './compile-deletes.ts'
import { type CompileContext, compileField, fieldWritten, findField, isTarget } from './compile-field.ts'
import { compileLines } from './compile-lines.ts'
import { compileSteps, watchedFields } from './compile-steps.ts'
import { type Expression, fieldsRead } from './expression.ts'
import {
  type FieldRule,
  fieldOn,
  flows,
  type KeyRule,
  type Mapping,
  otherSide,
  SIDES,
  type Side,
  type SideRule,
} from './mapping.ts'
import { createsFrom, type MappingFile, sideSpec, whenFrom } from './mapping-file.ts'
import type { FieldDefinition } from './mapping-schema.ts'
import type { OwnTransforms } from './own-transform.ts'
import { byPosition, type FileProblem, type Path, problemAt } from './problem.ts'

export interface Compiled {
  /** null where one of the problems is an error. */
  readonly mapping: Mapping | null
  /** Errors and warnings in the order of the file. */
  readonly problems: readonly FileProblem[]
}

/**
 * Checks a mapping against what both sides really have, and turns it into pure functions. Without `capabilities`, a
 * delete does nothing on the other side unless the file says so. `transforms`: the user's own that the file names.
 */
export function compile(
  file: MappingFile,
  schemas: Readonly<Record<Side, Schema>>,
  capabilities: Readonly<Record<Side, Capabilities>> | null = null,
  transforms: OwnTransforms = new Map(),
): Compiled {
  const problems: FileProblem[] = []
  const context: CompileContext = {
    file,
    schemas,
    transforms,
    complain: (path, message, severity = 'error') =>
      void problems.push(problemAt(file.locate, path, message, { severity })),
  }
  const { definition } = file
  const { fields, bundles } = compileFields(context)
  const steps = compileSteps(context)
  const when = { odoo: compileWhen(context, 'odoo'), external: compileWhen(context, 'external') }
  if (when.odoo || when.external) addBundle(bundles, 'when', file, whenFields)
  if (steps.length > 0) fields.push(watchRule(addBundle(bundles, 'steps', file, watchedFields)))
  const match = compileMatch(context)
  const deletes = compileDeletes(context, capabilities)
  const onExit = compileExits(context, capabilities)
  checkTargets(context, fields, bundles)
  checkCreates(context, fields, bundles)
  checkKey(context)
  problems.sort(byPosition)
  if (problems.some((problem) => problem.severity === 'error')) return { mapping: null, problems }
  const mapping: Mapping = Object.freeze({
    name: file.name,
    file: file.file,
    sides: { odoo: sideRule(file, 'odoo'), external: sideRule(file, 'external') },
    direction: definition.direction,
    key: { ...keyRule(file), generate: definition.key.generate ?? null, within: scopeRule(file, fields) },
    match: [keyRule(file), ...match],
    fields,
    bundles,
    steps,
    when,
    creates: { odoo: createsFrom(file, 'odoo'), external: createsFrom(file, 'external') },
    conflict: definition.conflict,
    deletes,
    onExit,
    changesGuard: definition.changes_guard,
    schedule: definition.schedule,
    deep: definition.deep,
    sweep: definition.sweep,
    compareWithinMs: definition.compare_within,
    waitLimitMs: definition.wait_limit,
    maxAttempts: definition.max_attempts,
    pageSize: definition.page_size ?? null,
  })
  return { mapping, problems }
}

function sideRule(file: MappingFile, side: Side): SideRule {
  const { connection, defaults } = file.definition[side]
  return { connection, spec: sideSpec(file, side), defaults }
}

function keyRule(file: MappingFile): KeyRule {
  const { odoo, external, key } = file.definition
  return { odoo: odoo.key, external: external.key, fold: key.fold }
}

function scopeRule(file: MappingFile, fields: readonly FieldRule[]): FieldRule | null {
  const { within } = file.definition.key
  return fields.find((rule) => within !== undefined && rule.odoo === within && !rule.isKey) ?? null
}

/** The pairs in the order of the file. The key's pair is put in front where the file does not list it. */
function compileFields(context: CompileContext): { fields: FieldRule[]; bundles: Record<Side, Bundle[]> } {
  const { definition } = context.file
  const key = { odoo: definition.odoo.key, external: definition.external.key }
  const isListed = definition.fields.some((pair) => pair.odoo === key.odoo && pair.external === key.external)
  const fields: FieldRule[] = []
  const bundles: Record<Side, Bundle[]> = { odoo: [], external: [] }
  const calculated = new Map<FieldRule, Path>()
  if (!isListed) {
    const rule = compileKey(context, { ...key, watch: false })
    if (rule) fields.push(rule)
  }
  definition.fields.forEach((pair, index) => {
    const path: Path = ['fields', index]
    const computed = pair.value === undefined ? null : compileComputed(context, pair, path)
    for (const side of SIDES) bundles[side].push(...(computed?.bundles[side] ?? []))
    const rule = pair.value === undefined ? compileField(context, pair, path) : computed?.rule
    if (rule) fields.push(rule)
    if (computed) calculated.set(computed.rule, path)
  })
  checkCircles(context, fields, bundles, calculated)
  definition.lines.forEach((lines, index) => {
    const rule = compileLines(context, lines, ['lines', index])
    if (rule) fields.push(rule)
  })
  return { fields, bundles }
}

/** Bundles what `fieldsOf` names on each side; the answer is the bundle's name. */
function addBundle(
  bundles: Record<Side, Bundle[]>,
  what: string,
  file: MappingFile,
  fieldsOf: (file: MappingFile, side: Side) => readonly string[],
): string {
  const name = bundleName(what)
  for (const side of SIDES) bundles[side].push({ name, fields: fieldsOf(file, side), writes: null })
  return name
}

function whenFields(file: MappingFile, side: Side): readonly string[] {
  return fieldsRead(whenFrom(file, side) ?? '', side)
}

/** The condition under which records of a side are brought over: it knows that side alone. */
function compileWhen(context: CompileContext, side: Side): Expression | null {
  const source = whenFrom(context.file, side)
  const { [side]: record } = recordVariables(context)
  if (source === undefined || !record) return null
  return compileExpression(context, source, { [side]: record }, ['when', `from_${side}`], 'bool')
}

/** The pair that the sides' `key:` makes; its problems belong there. */
function compileKey(context: CompileContext, pair: FieldDefinition): FieldRule | null {
  const complain: CompileContext['complain'] = (path, message, severity) => {
    const side = path.at(-1)
    context.complain(side === 'odoo' || side === 'external' ? [side, 'key'] : ['external', 'key'], message, severity)
  }
  return compileField({ ...context, complain }, pair, [])
}

function compileMatch(context: CompileContext): readonly KeyRule[] {
  const { match } = context.file.definition
  return match.filter((rule, index) => {
    const odoo = findField(context, 'odoo', rule.odoo, ['match', index, 'odoo'])
    const external = findField(context, 'external', rule.external, ['match', index, 'external'])
    if (!odoo || !external) return false
    if (isConvertible(odoo.type, external.type)) return true
    context.complain(
      ['match', index],
      `${odoo.name} (${odoo.type}) and ${external.name} (${external.type}) cannot be compared`,
    )
    return false
  })
}

/** No field may get its value from two pairs: the last one to be written would win. */
function checkTargets(context: CompileContext, rules: readonly FieldRule[], bundles: Bundles): void {
  const { fields, lines } = context.file.definition
  for (const side of SIDES) {
    const seen = new Set<string>()
    for (const rule of rules.filter((candidate) => isTarget(candidate, side))) {
      const name = fieldWritten(rule, side, bundles)
      if (seen.has(name)) {
        const list = rule.lines === undefined ? 'fields' : 'lines'
        const pairs: readonly { odoo: string; external: string }[] = rule.lines === undefined ? fields : lines
        const index = pairs.findLastIndex(
          (pair) => pair[side] === name && fieldOn(pair, otherSide(side)) === fieldOn(rule, otherSide(side)),
        )
        const remedy = `give all but one of them direction: ${side === 'odoo' ? 'from-odoo' : 'to-odoo'}`
        context.complain([list, index, side], `two pairs write to ${context.schemas[side].name}.${name}: ${remedy}`)
      }
      seen.add(name)
    }
  }
}

/** Defaults must exist and be writable, and whatever a create needs should get a value. */
function checkCreates(context: CompileContext, rules: readonly FieldRule[], bundles: Bundles): void {
  const { definition } = context.file
  for (const side of SIDES) {
    const { defaults } = definition[side]
    for (const name of Object.keys(defaults)) {
      const path: Path = [side, 'defaults', name]
      const field = findField(context, side, name, path)
      if (field?.isReadOnly) context.complain(path, `${context.schemas[side].name}.${name} cannot be written`)
    }
    const from = otherSide(side)
    if (!flows(definition.direction, from) || !createsFrom(context.file, from)) continue
    const filled = new Set([
      ...Object.keys(defaults),
      ...rules.filter((rule) => isTarget(rule, side)).map((rule) => fieldWritten(rule, side, bundles)),
    ])
    const missing = [...context.schemas[side].fields.values()].filter(
      (field) => field.isRequired && !field.isAssigned && !field.isReadOnly && !filled.has(field.name),
    )
    for (const field of missing) {
      context.complain(
        [side],
        `a record created in ${context.schemas[side].name} gets no ${field.name}, which is required: map it, or give it a value under defaults`,
        'warning',
      )
    }
  }
}

function checkKey(context: CompileContext): void {
  const { definition } = context.file
  const { generate, within } = definition.key
  if (
    within !== undefined &&
    (within === definition.odoo.key || !definition.fields.some(({ odoo }) => odoo === within))
  ) {
    context.complain(
      ['key', 'within'],
      `name the odoo field of another pair under fields, such as company_id; "${within}" is none`,
    )
  }
  if (generate === undefined) return
  const path: Path = ['key', 'generate']
  let isMadeOnBothSides = definition.direction === 'both' && !generate.includes('{side}')
  for (const side of SIDES) {
    const field = context.schemas[side].fields.get(definition[side].key)
    if (field?.type === 'integer' && !/^\d*\{id\}\d*$/.test(generate)) {
      context.complain(path, `${context.schemas[side].name}.${field.name} is a number, and this makes a text`)
    }
    if (field?.isRequired || field?.isAssigned) isMadeOnBothSides = false
  }
  if (!isMadeOnBothSides) return
  const message =
    'records of both sides that have no key would get the same keys: add {side}, or let one side assign its own'
  context.complain(path, message, 'warning')
}
