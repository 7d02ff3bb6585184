import type { Context } from './context.ts'
import type { RunOptions } from './run.ts'

/** How often the rolling comparison takes its slice. */
export const COMPARE_EVERY_MS = 60 * 60_000

/** What the next run has to do besides what is always done. */
export type Due = Record<'tail' | 'deep' | 'sweep' | 'compare', boolean>

export function nothingDue(): Due {
  return { tail: false, deep: false, sweep: false, compare: false }
}

/** What is due, as the options of a run. */
export async function runOptions(due: Due, context: Context): Promise<RunOptions> {
  return {
    depth: due.deep ? 'deep' : due.tail ? 'tail' : 'none',
    sweeps: due.sweep,
    compares: due.compare ? await sliceOf(context) : 0,
  }
}

/** How many links the hourly slice of the rolling comparison has. */
async function sliceOf(context: Context): Promise<number> {
  const { compareWithinMs, name } = context.mapping
  if (compareWithinMs === null) return 0
  const links = await context.ledger.countLinks(name)
  return Math.ceil((links * COMPARE_EVERY_MS) / compareWithinMs)
}
