import {
  type ASTNode,
  type TypeError as CelTypeError,
  Environment,
  EvaluationError,
  ParseError,
} from '@marcbachmann/cel-js'
import type { FieldSchema } from '../contract/connector.ts'
import { SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import { registerForCheck, registerForRun } from './expression-functions.ts'
import { celType, fromCel, toCel, untypedToCel } from './expression-value.ts'
import { didYouMean } from './suggestion.ts'

/** A record that an expression may read, under the name by which it does. */
export interface Variable {
  /** The collection in its own words, for messages. */
  readonly collection: string
  /** Its fields; a map of names to null where nothing is known of their types. */
  readonly fields: ReadonlyMap<string, Pick<FieldSchema, 'name' | 'type'>>
}

export type Variables = Readonly<Record<string, Variable>>
/** The records, by the names of their variables. A field that is missing counts as empty. */
export type Scope = Readonly<Record<string, Fields>>
/** The fields that an expression reads, by variable, each once. */
export type Reads = Readonly<Record<string, readonly string[]>>

/** A CEL expression, checked. https://github.com/google/cel-spec, with the functions of `expression-functions`. */
export interface Expression {
  readonly source: string
  /** CEL's name of the type it gives; "dyn": only the value tells. */
  readonly type: string
  readonly reads: Reads
  /** @throws SyncError `invalid` that names the expression. */
  evaluate(scope: Scope): Value
}

export type Parsed = { readonly expression: Expression } | { readonly problem: string }

/** Large for a line in a mapping, small for a machine. */
const LIMITS = { maxAstNodes: 2000, maxDepth: 60, maxListElements: 500, maxMapEntries: 500, maxCallArguments: 16 }
const OPTIONS = { homogeneousAggregateLiterals: false, limits: LIMITS }

/**
 * Parses and checks an expression: every name, field and function in it exists, and the types go together. The problem
 * says where in the expression it is, counted from 1.
 */
export function parseExpression(source: string, variables: Variables): Parsed {
  const reads = readsOf(source, Object.keys(variables))
  if ('problem' in reads) return reads
  for (const { variable, field, at } of reads.found) {
    const known = variables[variable]
    if (!known || known.fields.has(field)) continue
    const near = didYouMean(field, known.fields.keys())
    return { problem: `${known.collection} has no field "${field}"${near} (at character ${at + 1})` }
  }
  const check = checkEnvironment(variables).check(source)
  if (!check.valid) return { problem: problemOf(source, check.error) }
  const { type = 'dyn' } = check
  const run = runEnvironment(variables).parse(source)
  const byVariable = groupReads(reads.found)
  return {
    expression: {
      source,
      type: type.startsWith('dyn') ? 'dyn' : type,
      reads: byVariable,
      evaluate: (scope) => evaluate(source, run, variables, byVariable, scope),
    },
  }
}

/** What an expression reads, before anything is known of the fields: nothing where it cannot even be parsed. */
export function fieldsRead(source: string, variable: string): readonly string[] {
  const reads = readsOf(source, [variable])
  return 'problem' in reads ? [] : (groupReads(reads.found)[variable] ?? [])
}

interface Read {
  readonly variable: string
  readonly field: string
  readonly at: number
}

function groupReads(found: readonly Read[]): Reads {
  const groups = Map.groupBy(found, ({ variable }) => variable)
  return Object.fromEntries([...groups].map(([name, reads]) => [name, [...new Set(reads.map(({ field }) => field))]]))
}

type Found = { readonly found: readonly Read[] } | { readonly problem: string }

/** Every `variable.field` and `variable['field']` of an expression. The variable alone has no meaning. */
function readsOf(source: string, variables: readonly string[]): Found {
  let ast: ASTNode
  try {
    ast = new Environment({ ...OPTIONS, unlistedVariablesAreDyn: true }).parse(source).ast
  } catch (error) {
    if (error instanceof ParseError) return { problem: problemOf(source, error) }
    throw error
  }
  const found: Read[] = []
  let bare: Read | null = null
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      for (const part of node) visit(part)
      return
    }
    if (!isNode(node)) return
    const read = readAt(node, variables)
    if (read) {
      found.push(read)
      return
    }
    if (node.op === 'id' && variables.includes(String(node.args))) {
      bare ??= { variable: String(node.args), field: '', at: node.start ?? 0 }
    }
    visit(node.args)
  }
  visit(ast)
  if (bare !== null) {
    const { variable, at } = bare as Read
    return { problem: `${variable} stands alone: write ${variable}.<field> (at character ${at + 1})` }
  }
  return { found }
}

interface Node {
  readonly op: string
  readonly args: unknown
  readonly start?: number
  readonly pos?: number
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}

function readAt({ op, args, pos }: Node, variables: readonly string[]): Read | null {
  if ((op !== '.' && op !== '[]') || !Array.isArray(args)) return null
  const [target, name]: unknown[] = args
  if (!isNode(target) || target.op !== 'id' || !variables.includes(String(target.args))) return null
  const field: unknown = isNode(name) && name.op === 'value' ? name.args : name
  if (typeof field !== 'string') return null
  return { variable: String(target.args), field, at: pos ?? 0 }
}

function checkEnvironment(variables: Variables): Environment {
  const environment = new Environment(OPTIONS)
  registerForCheck(environment)
  for (const [name, { fields }] of Object.entries(variables)) {
    const types = Object.fromEntries([...fields.values()].map((field) => [field.name, celType(field)]))
    const typeName = `Record_${name}`
    // Never made: the check looks at the types alone.
    const ctor = class {}
    environment.registerType(typeName, { ctor, fields: types }).registerVariable(name, typeName)
  }
  return environment
}

function runEnvironment(variables: Variables): Environment {
  const environment = new Environment(OPTIONS)
  registerForRun(environment)
  for (const name of Object.keys(variables)) environment.registerVariable(name, 'dyn')
  return environment
}

function problemOf(source: string, error: ParseError | CelTypeError | undefined): string {
  const { range, summary = 'it cannot be understood' } = error ?? {}
  if (!range) return summary
  const part = source.slice(range.start, range.end)
  const at = `at character ${range.start + 1}`
  return part === '' || part === source ? `${summary} (${at})` : `${summary} in ${part} (${at})`
}

function evaluate(
  source: string,
  run: (context: Record<string, unknown>) => unknown,
  variables: Variables,
  reads: Reads,
  scope: Scope,
): Value {
  try {
    const context: Record<string, unknown> = {}
    for (const [name, { fields }] of Object.entries(variables)) {
      const values: Record<string, unknown> = {}
      for (const field of reads[name] ?? []) {
        const value = scope[name]?.[field] ?? null
        const schema = fields.get(field)
        values[field] = schema ? toCel(schema, value) : untypedToCel(value)
      }
      context[name] = values
    }
    return fromCel(run(context))
  } catch (error) {
    throw failureOf(source, error)
  }
}

function failureOf(source: string, error: unknown): SyncError {
  const reason =
    error instanceof EvaluationError ? error.summary : error instanceof Error ? error.message : String(error)
  const isEmpty = reason.includes('null')
  return new SyncError('invalid', `the expression ${source}: ${reason}`, {
    cause: error,
    ...(isEmpty ? { hint: "A field in it is empty: or(field, '') gives a value in its place." } : {}),
  })
}
