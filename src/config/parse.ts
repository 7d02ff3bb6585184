import type { z } from 'zod'
import type { FileProblem } from '../mapping/problem.ts'
import { type DocumentOptions, pathKey, readDocument, type YamlDocument } from './document.ts'
import { issueProblems, valueAt } from './issues.ts'

export interface Parsed<T> {
  /** null where there is at least one problem. */
  readonly value: T | null
  readonly document: YamlDocument
  readonly problems: readonly FileProblem[]
}

/** A YAML file checked with a zod schema. Never throws; all problems of the file are collected. */
export function parseFile<Schema extends z.ZodType>(
  schema: Schema,
  options: DocumentOptions,
): Parsed<z.output<Schema>> {
  const document = readDocument(options)
  if (document.data === undefined) return { value: null, document, problems: document.problems }
  const first = schema.safeParse(document.data)
  const result = first.success ? first : schema.safeParse(withNumbers(document, first.error.issues))
  const issues = result.success ? [] : issueProblems(result.error.issues, { ...document, schema })
  // A variable that is missing leaves an empty text behind: what the schema says of that is no news.
  const reported = new Set(document.problems.map((problem) => `${problem.line}:${problem.column}`))
  const news = issues.filter((problem) => !reported.has(`${problem.line}:${problem.column}`))
  const problems = [...document.problems, ...news]
  return { value: problems.length === 0 && result.success ? result.data : null, document, problems }
}

/** What came from a variable is text; where a number or a truth value is expected, it is read as one. */
function withNumbers(document: YamlDocument, issues: readonly z.core.$ZodIssue[]): unknown {
  const data = structuredClone(document.data)
  for (const issue of issues) {
    const path = issue.path.filter((part) => typeof part !== 'symbol')
    if (issue.code !== 'invalid_type' || !document.substituted.has(pathKey(path))) continue
    const parent = valueAt(data, path.slice(0, -1)) as Record<string | number, unknown> | undefined
    const name = path.at(-1)
    if (parent === undefined || name === undefined) continue
    const text = String(parent[name])
    if (/^-?\d+(?:\.\d+)?$/.test(text)) parent[name] = Number(text)
    else if (text === 'true' || text === 'false') parent[name] = text === 'true'
  }
  return data
}
