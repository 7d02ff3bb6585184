import { dirname, isAbsolute, join } from 'node:path'
import { LineCounter, parseDocument, type YAMLError } from 'yaml'
import type { Locate, Path, Position } from '../mapping/problem.ts'
import { type FileProblem, problemAt } from '../mapping/problem.ts'
import type { Redactor } from './redact.ts'
import type { Sources } from './substitute.ts'
import { readTree } from './tree.ts'

const MAX_BYTES = 1024 * 1024

export interface DocumentOptions {
  readonly file: string
  readonly text: string
  readonly sources: Sources
  readonly redactor: Redactor
}

/** A YAML file as plain data, and where everything in it stands. */
export interface YamlDocument {
  readonly file: string
  /** undefined where the file is no YAML; then `problems` says why. */
  readonly data: unknown
  readonly locate: Locate
  /** Paths (as `pathKey`) whose value came from the environment or a file, and so is text whatever it means. */
  readonly substituted: ReadonlySet<string>
  readonly problems: readonly FileProblem[]
}

/** Names a path in sets and maps. */
export function pathKey(path: Path): string {
  return JSON.stringify(path)
}

/** Reads YAML 1.2 with placeholders filled in. Never throws; every problem of the file is collected. */
export function readDocument(options: DocumentOptions): YamlDocument {
  const { file, text } = options
  const start: Position = { file, line: 1, column: 1 }
  const failed = (message: string, at: Position = start): YamlDocument => ({
    file,
    data: undefined,
    locate: () => start,
    substituted: new Set(),
    problems: [{ ...at, severity: 'error', path: '', message }],
  })
  if (Buffer.byteLength(text) > MAX_BYTES) return failed('the file is larger than 1 MiB')
  const lines = new LineCounter()
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  let document: ReturnType<typeof parseDocument>
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error', version: '1.2' })
  } catch (error) {
    return failed(`this cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
  const version = document.directives?.yaml
  if (version?.explicit === true && version.version !== '1.2') return failed('only YAML 1.2 is understood')
  const broken = document.errors.filter((error) => error.code !== 'DUPLICATE_KEY')
  if (broken.length > 0) return { ...failed(''), problems: syntaxProblems(text, broken, positionAt) }
  if (document.contents === null) return failed('the file is empty')
  const folder = dirname(file)
  const tree = readTree(document, {
    ...options,
    resolvePath: (path) => (isAbsolute(path) ? path : join(folder, path)),
  })
  const locate = locator(start, tree.keys, tree.values, positionAt)
  const problems = [
    ...document.errors.map((error) => syntaxProblem(error, positionAt)),
    ...document.warnings.map((warning) => syntaxProblem(warning, positionAt)),
    ...tree.problems.map(({ path, message, at }) => problemAt(locate, path, message, at === undefined ? {} : { at })),
  ]
  return { file, data: tree.data, locate, substituted: tree.substituted, problems }
}

function locator(
  start: Position,
  keys: ReadonlyMap<string, number>,
  values: ReadonlyMap<string, number>,
  positionAt: (offset: number) => Position,
): Locate {
  return (path, at = 'value') => {
    for (let length = path.length; length >= 0; length--) {
      const name = pathKey(path.slice(0, length))
      // What is missing in a list or map is reported at the name of that list or map.
      const offset = length < path.length || at === 'key' ? (keys.get(name) ?? values.get(name)) : values.get(name)
      if (offset !== undefined) return positionAt(offset)
    }
    return start
  }
}

/** One problem for a line: what follows the first on it is only its echo. */
function syntaxProblems(
  text: string,
  errors: readonly YAMLError[],
  positionAt: (offset: number) => Position,
): readonly FileProblem[] {
  const byLine = new Map<number, FileProblem>()
  for (const error of errors) {
    const problem = syntaxProblem(error, positionAt)
    const line = text.split('\n')[problem.line - 1] ?? ''
    const isUnquoted = error.code === 'UNEXPECTED_TOKEN' && /[{[,]\s*(?:[\w-]+:\s*)?\$\{/.test(line)
    const message = isUnquoted ? `inside { } and [ ], a placeholder must be in quotes: "\${NAME}"` : problem.message
    if (!byLine.has(problem.line)) byLine.set(problem.line, { ...problem, message })
  }
  return [...byLine.values()]
}

const PLAIN_WORDS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab indents this line: YAML takes spaces only',
  DUPLICATE_KEY: 'this key is there twice',
  MULTIPLE_DOCS: 'the file holds several documents (---): only one is allowed',
  BAD_INDENT: 'this line is not indented far enough, or a bracket before it was not closed',
  MISSING_CHAR: 'a quote or a bracket is not closed',
  MULTILINE_IMPLICIT_KEY: 'a key has to stand on one line: is a ":" missing, or is the indentation wrong?',
  BLOCK_AS_IMPLICIT_KEY: 'a ":" too many, or wrong indentation: put a value that contains ": " in quotes',
  TAG_RESOLVE_FAILED: 'tags (!…) are not allowed',
}

function syntaxProblem(
  error: Pick<YAMLError, 'code' | 'message' | 'pos'>,
  positionAt: (offset: number) => Position,
): FileProblem {
  const message = PLAIN_WORDS[error.code] ?? error.message
  return { ...positionAt(error.pos[0]), severity: 'error', path: '', message }
}
