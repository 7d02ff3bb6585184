import type { Value } from '../contract/value.ts'
import { compileExpression, recordVariables } from './compile-computed.ts'
import type { CompileContext } from './compile-field.ts'
import { fieldsRead, type Scope, type Variables } from './expression.ts'
import type { Side, StepRule } from './mapping.ts'
import type { MappingFile } from './mapping-file.ts'
import type { StepDefinition } from './mapping-schema.ts'
import type { Path } from './problem.ts'

/** The name under which a step's expressions know related records: `read.invoices`. */
const RELATED = 'read'

/** The steps in the order of the file; the wrong ones are complained about and left out. */
export function compileSteps(context: CompileContext): readonly StepRule[] {
  const { steps } = context.file.definition
  const names = new Set<string>()
  return steps.flatMap((definition, index) => {
    const path: Path = ['steps', index]
    if (names.has(definition.name)) context.complain([...path, 'name'], `there are two steps "${definition.name}"`)
    names.add(definition.name)
    const rule = compileStep(context, definition, index, path)
    return rule ? [rule] : []
  })
}

function compileStep(context: CompileContext, definition: StepDefinition, index: number, path: Path): StepRule | null {
  const records = recordVariables(context)
  const variables: Variables = { ...records, [RELATED]: relatedVariable(definition) }
  const when = compileExpression(context, definition.when, records, [...path, 'when'], 'bool')
  const unless =
    definition.unless === undefined
      ? null
      : compileExpression(context, definition.unless, variables, [...path, 'unless'], 'bool')
  const call = compileCall(context, definition.call, variables, [...path, 'call'])
  if (!when || !call || (unless === null && definition.unless !== undefined)) return null
  const related = Object.entries(definition.read).map(
    ([name, { side, path: at, fields }]) => [name, { side, request: { path: at, fields } }] as const,
  )
  return { name: definition.name, side: definition.on, when, unless, related: new Map(related), call, index }
}

function relatedVariable({ read }: StepDefinition): Variables[string] {
  return { collection: RELATED, fields: new Map(Object.keys(read).map((name) => [name, { name, type: 'json' }])) }
}

/** A value in a call as a function of the records. A text that begins with "=" is an expression. Null after a complaint. */
function compileCall(
  context: CompileContext,
  value: Value,
  variables: Variables,
  path: Path,
): ((scope: Scope) => Value) | null {
  if (typeof value === 'string') {
    if (!isExpression(value)) return () => value
    const expression = compileExpression(context, value.slice(1), variables, path)
    return expression && ((scope) => expression.evaluate(scope))
  }
  if (value === null || typeof value !== 'object') return () => value
  if (Array.isArray(value)) {
    const items = value.map((item: Value, index) => compileCall(context, item, variables, [...path, index]))
    return items.every((item) => item !== null) ? (scope) => items.map((item) => item(scope)) : null
  }
  const parts = Object.entries(value).map(
    ([name, item]) => [name, compileCall(context, item as Value, variables, [...path, name])] as const,
  )
  if (parts.some(([, part]) => part === null)) return null
  return (scope) => Object.fromEntries(parts.map(([name, part]) => [name, part?.(scope) ?? null] as const))
}

function isExpression(text: string): boolean {
  return text.startsWith('=')
}

/** The fields of a side on which the steps' conditions depend: when they change, the steps are looked at again. */
export function watchedFields(file: MappingFile, side: Side): readonly string[] {
  return [...new Set(file.definition.steps.flatMap((step) => fieldsRead(step.when, side)))]
}

/** Every field of a side that the steps read. */
export function stepFields(file: MappingFile, side: Side): readonly string[] {
  const sources = file.definition.steps.flatMap((step) => [step.when, step.unless ?? '', ...expressionsIn(step.call)])
  return [...new Set(sources.flatMap((source) => fieldsRead(source, side)))]
}

function expressionsIn(value: Value): readonly string[] {
  if (typeof value === 'string') return isExpression(value) ? [value.slice(1)] : []
  if (value === null || typeof value !== 'object') return []
  return Object.values(value).flatMap((item: Value) => expressionsIn(item))
}
