import type { Problem } from '../../contract/connector.ts'

/** What the triggers have noted for one reader and it has not taken yet. */
export interface Backlog {
  readonly consumer: string
  readonly changes: number
  readonly oldestAgeMs: number
}

const TOO_OLD_MS = 3 * 86_400_000
const TOO_MANY = 1_000_000

/**
 * Warns of readers that let their changes pile up: usually a mapping that is gone, or a daemon that does not run.
 * `forgetSql`: what removes a reader and its changes for good.
 */
export function backlogProblems(
  table: string,
  backlogs: readonly Backlog[],
  forgetSql: (consumer: string) => string,
): Problem[] {
  return backlogs
    .filter((backlog) => backlog.changes > TOO_MANY || backlog.oldestAgeMs > TOO_OLD_MS)
    .map((backlog) => ({
      severity: 'warning',
      message: `${table}: ${backlog.changes} captured changes wait for "${backlog.consumer}", the oldest for ${ageText(backlog.oldestAgeMs)}`,
      hint: `Start the daemon that reads them; if "${backlog.consumer}" is not wanted any more, run: ${forgetSql(backlog.consumer)}`,
    }))
}

function ageText(ageMs: number): string {
  const hours = Math.round(ageMs / 3_600_000)
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}
