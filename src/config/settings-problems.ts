import { z } from 'zod'
import { type FileProblem, type Locate, type Path, problemAt } from '../mapping/problem.ts'
import { issueProblems } from './issues.ts'

/**
 * What a connector found wrong with its part of a file, as problems with their places. `error` is what it threw: a zod
 * error, or an error with one somewhere among its causes; any other is reported as a whole at `at`, where the part
 * begins (`['connections', 'erp']`, `['external']`). `data` is what the connector was given.
 */
export function settingsProblems(error: unknown, locate: Locate, at: Path, data: unknown): readonly FileProblem[] {
  const found = zodErrorIn(error)
  if (found !== null) return issueProblems(found.issues, { data, locate, schema: null }, at)
  return [problemAt(locate, at, error instanceof Error ? error.message : String(error))]
}

function zodErrorIn(error: unknown): z.core.$ZodError | null {
  for (let depth = 0, cause = error; depth < 5 && cause instanceof Error; depth++, cause = cause.cause) {
    if (cause instanceof z.core.$ZodError) return cause
  }
  return null
}
