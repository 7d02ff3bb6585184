import type { z } from 'zod'
import { MISSING } from '../mapping/mapping-schema.ts'
import { type FileProblem, type Locate, type Path, problemAt } from '../mapping/problem.ts'
import { didYouMean, nearest } from '../mapping/suggestion.ts'
import { knownKeys } from './known-keys.ts'

type Issue = z.core.$ZodIssue
type AnySchema = z.core.$ZodType

/** What was parsed, and where its text is. */
export interface Origin {
  readonly data: unknown
  readonly locate: Locate
  /** Knows which keys exist, for suggestions; null: they are not known. */
  readonly schema: AnySchema | null
}

/** Every issue that zod found as a problem with its place in the file. `at` is where the parsed part begins in it. */
export function issueProblems(issues: readonly Issue[], origin: Origin, at: Path = []): readonly FileProblem[] {
  const byPlace = new Map<string, FileProblem>()
  for (const problem of issues.flatMap((issue) => problemsOf(issue, origin, at, []))) {
    // What is missing has no place of its own. Anything else at one place is one mistake: the first says it best.
    const place = `${problem.line}:${problem.column}${problem.message === MISSING ? problem.path : ''}`
    if (!byPlace.has(place)) byPlace.set(place, problem)
  }
  return [...byPlace.values()]
}

function problemsOf(issue: Issue, origin: Origin, at: Path, above: Path): readonly FileProblem[] {
  const inner = [...above, ...pathOf(issue.path)]
  const path = [...at, ...inner]
  const value = valueAt(origin.data, inner)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const siblings = origin.schema === null ? [] : knownKeys(origin.schema, inner)
        const message = `unknown key "${key}"${didYouMean(key, siblings)}`
        return problemAt(origin.locate, [...path, key], message, { at: 'key' })
      })
    case 'invalid_union': {
      const branch = bestBranch(issue.errors)
      if (branch !== null) return branch.flatMap((nested) => problemsOf(nested, origin, at, inner))
      return [mismatch(issue, value, origin, at, inner)]
    }
    case 'invalid_type':
    case 'invalid_value':
      return [mismatch(issue, value, origin, at, inner)]
    case 'invalid_key':
      return issue.issues.map((nested) => problemAt(origin.locate, path, nested.message, { at: 'key' }))
    case 'invalid_element':
      return issue.issues.flatMap((nested) => problemsOf(nested, origin, at, inner))
    case 'invalid_format':
    case 'custom':
      if (issue.message === MISSING && value === undefined) return [missing(origin, at, inner)]
      return [problemAt(origin.locate, path, limitOf(issue))]
    case 'too_small':
    case 'too_big':
    case 'not_multiple_of':
      return [problemAt(origin.locate, path, limitOf(issue))]
  }
}

/** The alternative that was meant: the one whose failure lies deepest inside the value. null: none even has its type. */
function bestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const rank = (branch: readonly Issue[]): number => {
    if (branch.some((issue) => issue.path.length === 0 && isMismatch(issue))) return 0
    return 1 + Math.max(0, ...branch.map((issue) => issue.path.length)) / (1 + branch.length)
  }
  const sorted = branches.map((branch) => ({ branch, rank: rank(branch) })).sort((a, b) => b.rank - a.rank)
  const [best] = sorted
  return best !== undefined && best.rank > 0 ? best.branch : null
}

function isMismatch(issue: Issue): boolean {
  if (issue.code === 'invalid_union') return bestBranch(issue.errors) === null
  return issue.code === 'invalid_type' || issue.code === 'invalid_value'
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of keys and values',
  record: 'a map of keys and values',
  array: 'a list',
  null: 'nothing',
}

/** "a text", or "odoo", "external", "manual": each thing that would have been right. */
function expectations(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_type') return [TYPE_WORDS[issue.expected] ?? issue.expected]
  if (issue.code === 'invalid_union') return [...new Set(issue.errors.flat().flatMap(expectations))]
  return issue.code === 'invalid_value' ? issue.values.map(String) : []
}

function mismatch(issue: Issue, value: unknown, origin: Origin, at: Path, inner: Path): FileProblem {
  const path = [...at, ...inner]
  if (value === undefined) return missing(origin, at, inner)
  // A schema that says in its own words what it expects knows better.
  if (issue.code === 'invalid_type' && !issue.message.startsWith('Invalid')) {
    return problemAt(origin.locate, path, issue.message)
  }
  const expected = expectations(issue)
  const options = expected.length < 2 ? expected.join('') : `${expected.slice(0, -1).join(', ')} or ${expected.at(-1)}`
  const near = typeof value === 'string' ? didYouMean(value, expected) : ''
  return problemAt(origin.locate, path, `expected ${options}${found(value)}${adviceFor(expected, value)}${near}`)
}

/** Names the key that is there instead, where one reads like a slip of the missing one. */
function missing(origin: Origin, at: Path, inner: Path): FileProblem {
  const name = inner.at(-1)
  const parentPath = inner.slice(0, -1)
  const parent = valueAt(origin.data, parentPath)
  if (typeof name === 'string' && typeof parent === 'object' && parent !== null) {
    const known = new Set(origin.schema === null ? [] : knownKeys(origin.schema, parentPath))
    const [near] = nearest(
      name,
      Object.keys(parent).filter((key) => !known.has(key)),
    )
    if (near !== undefined) {
      const { locate } = origin
      const place = locate([...at, ...parentPath, near], 'key')
      return { ...problemAt(locate, [...at, ...inner], `${MISSING} (found "${near}")`), ...place }
    }
  }
  return problemAt(origin.locate, [...at, ...inner], MISSING)
}

/** ", found a list". Texts only where they are words: anything else might be a secret. */
function found(value: unknown): string {
  if (value === null) return ', found nothing'
  if (Array.isArray(value)) return ', found a list'
  if (typeof value === 'object') return ', found a map of keys and values'
  if (typeof value === 'string') return /^[\w -]{1,24}$/.test(value) ? `, found "${value}"` : ', found a text'
  return `, found ${String(value)}`
}

function adviceFor(expected: readonly string[], value: unknown): string {
  if (expected.includes('true or false') && typeof value === 'string' && /^(?:yes|no|on|off|y|n)$/i.test(value)) {
    return `: in YAML 1.2 that is a text, write ${/^(?:yes|on|y)$/i.test(value) ? 'true' : 'false'}`
  }
  const isPlain = typeof value === 'number' || typeof value === 'boolean'
  if (isPlain && expected.includes('a text')) return `: write it in quotes, "${String(value)}"`
  return ''
}

/** "expected at most 64", where zod speaks of types. */
function limitOf(issue: Issue): string {
  const isNumber = 'origin' in issue && (issue.origin === 'number' || issue.origin === 'int')
  if (isNumber && issue.code === 'too_small') return `expected at least ${issue.minimum}`
  if (isNumber && issue.code === 'too_big') return `expected at most ${issue.maximum}`
  return lowerFirst(issue.message)
}

function pathOf(path: readonly PropertyKey[]): Path {
  return path.map((part) => (typeof part === 'symbol' ? String(part) : part))
}

export function valueAt(data: unknown, path: Path): unknown {
  let value = data
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Object.hasOwn(value, part) ? (value as Record<string | number, unknown>)[part] : undefined
  }
  return value
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
