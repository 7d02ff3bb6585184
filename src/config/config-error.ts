import { byPosition, type FileProblem, formatProblem } from '../mapping/problem.ts'

/** The configuration cannot be used. `message` holds a line for each problem, in the order of the files. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly exitCode = 2
  readonly problems: readonly FileProblem[]

  constructor(problems: readonly FileProblem[], redact: (text: string) => string = (text) => text) {
    const sorted = problems.toSorted(byPosition).map((problem) => ({ ...problem, message: redact(problem.message) }))
    super(sorted.map(formatProblem).join('\n'))
    this.problems = sorted
  }
}
