import type { Status } from '../operations/status.ts'

/** Something that a person should look at, for as long as it is so. */
export interface Alert {
  /** Names it: the same while it lasts. "behind:customers". */
  readonly id: string
  /** In one line. */
  readonly title: string
  /** What is known of it and what to do, as sentences. */
  readonly detail: string
}

export interface AlertLimits {
  /** How long a change may wait before its mapping counts as behind. */
  readonly behindMs: number
  /** How long before its end a key is told of. */
  readonly keyEndsMs: number
}

/** Everything that needs a person now. Depends on nothing but its arguments. */
export function alertsOf(
  status: Pick<Status, 'mappings' | 'connections'>,
  limits: AlertLimits,
  nowMs: number,
): readonly Alert[] {
  return [
    ...status.mappings.flatMap((mapping) => mappingAlerts(mapping, limits)),
    ...status.connections.flatMap((connection) => connectionAlerts(connection, limits, nowMs)),
  ]
}

function mappingAlerts(status: Status['mappings'][number], { behindMs }: AlertLimits): readonly Alert[] {
  const { mapping, state, reason, pausedBy, lagMs, guards, odoo, external, deadSteps } = status
  const alerts: Alert[] = []
  // Whoever paused it knows.
  if (state === 'paused' && pausedBy === null) {
    alerts.push({ id: `paused:${mapping}`, title: `${mapping} is paused`, detail: reason ?? 'tandem status says why.' })
  }
  if (guards.length > 0) {
    const held = guards.map(({ message }) => message).join(' ')
    const detail = `${held} Agree with: tandem sync ${mapping} --confirm`
    alerts.push({ id: `guarded:${mapping}`, title: `${mapping} holds changes back until a person agrees`, detail })
  }
  const dead = odoo.deadLetters + external.deadLetters + deadSteps
  if (dead > 0) {
    const detail = `See them with: tandem dead-letters list ${mapping}. Everything else goes on.`
    alerts.push({
      id: `dead:${mapping}`,
      title: `${mapping} has ${dead} ${dead === 1 ? 'record' : 'records'} that cannot be applied`,
      detail,
    })
  }
  const conflicts = odoo.conflicts + external.conflicts
  if (conflicts > 0) {
    const detail = `Both sides changed the same field. Decide with: tandem conflicts list ${mapping}.`
    alerts.push({ id: `conflicts:${mapping}`, title: `${mapping} has conflicts that a person has to decide`, detail })
  }
  if (pausedBy === null && lagMs !== null && lagMs > behindMs) {
    const detail = `Its oldest change has waited for ${span(lagMs)}, the limit is ${span(behindMs)}. ${reason ?? 'tandem status says more.'}`
    alerts.push({ id: `behind:${mapping}`, title: `${mapping} is behind`, detail })
  }
  return alerts
}

function connectionAlerts(
  { connection, state, reason, keys }: Status['connections'][number],
  { keyEndsMs }: AlertLimits,
  nowMs: number,
): readonly Alert[] {
  const failing: readonly Alert[] =
    state === 'open'
      ? [
          {
            id: `failing:${connection}`,
            title: `${connection} fails again and again`,
            detail: `${reason ?? ''} It is asked again by itself.`.trim(),
          },
        ]
      : []
  const ending = keys
    .filter(({ endsAtMs }) => endsAtMs - nowMs < keyEndsMs)
    .map(({ name, endsAtMs }): Alert => {
      const when = endsAtMs <= nowMs ? 'has ended' : `ends in ${span(endsAtMs - nowMs)}`
      const detail = `Renew it with: tandem odoo rotate-key ${connection}, or make a new one in the system.`
      return { id: `key:${connection}:${name}`, title: `the key "${name}" of ${connection} ${when}`, detail }
    })
  return [...failing, ...ending]
}

const UNITS = [
  ['day', 24 * 60 * 60_000],
  ['hour', 60 * 60_000],
  ['minute', 60_000],
] as const

/** "3 hours": in the largest unit of which there are at least two, or minutes. */
function span(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= 2 * each) ?? UNITS[2]
  const count = Math.max(1, Math.round(ms / size))
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
