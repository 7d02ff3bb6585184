/** Where a value stands in a YAML document: names of keys and indexes of lists, from the root. */
export type Path = readonly (string | number)[]

/** Both count from 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * The position of the value at `path`, or of the key in front of it. A path that the document does not have is answered
 * with the nearest one above it that it has, so that what is missing is reported where it belongs.
 */
export type Locate = (path: Path, at?: 'value' | 'key') => Position

/** Something in a configuration or mapping file that a person has to look at. */
export interface FileProblem extends Position {
  /** `error`: it will not work. `warning`: it works, and a person should know. */
  readonly severity: 'error' | 'warning'
  /** "fields[2].odoo"; empty for the document as a whole. */
  readonly path: string
  readonly message: string
}

/** "mappings/customers.yaml:7:13: fields[0].odoo: res.partner has no field "nam" (did you mean "name"?)". */
export function formatProblem(problem: FileProblem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`
  const subject = problem.path === '' ? '' : `${problem.path}: `
  return `${place}: ${problem.severity === 'warning' ? 'warning: ' : ''}${subject}${problem.message}`
}

export function problemAt(
  locate: Locate,
  path: Path,
  message: string,
  options: { readonly at?: 'value' | 'key'; readonly severity?: FileProblem['severity'] } = {},
): FileProblem {
  return { ...locate(path, options.at), severity: options.severity ?? 'error', path: pathText(path), message }
}

/** "fields[2].odoo". */
export function pathText(path: Path): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}

/** In the order in which a person reads the file. */
export function byPosition(a: Position, b: Position): number {
  return a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1
}
