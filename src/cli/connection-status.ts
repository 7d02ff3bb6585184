import type { Condition } from '../engine/connection-guard.ts'
import type { ConnectionStatus } from '../operations/connection-status.ts'
import { endingKeys } from '../operations/ending-keys.ts'
import { age, moment } from '../words.ts'

const STATES: Readonly<Record<Condition['state'], string>> = {
  closed: 'works',
  open: 'does not answer and is left alone',
  'half-open': 'is tried again after a pause',
  held: 'asked for a pause',
}

/** What a person should know of it; nothing where all is well. */
export function connectionLines(
  { connection, state, reason, untilMs, pausedBy, keys }: ConnectionStatus,
  nowMs: number,
): string[] {
  const lines: string[] = []
  if (pausedBy) {
    const why = pausedBy.reason === null ? '' : `: ${pausedBy.reason}`
    lines.push(
      `${connection}: paused by ${pausedBy.by} on ${moment(pausedBy.sinceMs)}${why}. Resume with: tandem resume --connection ${connection}`,
    )
  }
  if (state !== null && state !== 'closed') {
    const again = untilMs === null || untilMs <= nowMs ? '' : ` Tried again in ${age(untilMs - nowMs)}.`
    lines.push(`${connection}: ${STATES[state]}: ${reason ?? 'no reason was given'}.${again}`)
  }
  return [...lines, ...endingKeys(connection, keys, nowMs)]
}
