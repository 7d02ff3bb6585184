import type { Credential } from '../contract/connector.ts'
import type { Condition } from '../engine/connection-guard.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { age, moment } from './words.ts'

/** How long before its end a credential is told of. */
export const ENDING_MS = 14 * 24 * 3_600_000

/** A connection as the daemon left it in the ledger. The names are those of `--json`. */
export interface ConnectionStatus {
  readonly connection: string
  /** null: no daemon runs, so nobody knows. */
  readonly state: Condition['state'] | null
  readonly reason: string | null
  readonly sinceMs: number | null
  /** When the next call may be made. */
  readonly untilMs: number | null
  readonly server: string | null
  /** When the database was last recognised. */
  readonly recognisedAtMs: number | null
  /** Our user's keys that end. */
  readonly keys: readonly Credential[]
}

/** What the daemon writes of a look at a system. */
export interface ReportNote {
  readonly server: string | null
  readonly keys: readonly Credential[]
}

export async function connectionStatus(
  ledger: Ledger | null,
  connection: string,
  isRunning: boolean,
): Promise<ConnectionStatus> {
  const notes = (await ledger?.connectionNotes(connection)) ?? {}
  // Written by this very program: `app.ts`, `daemon.ts` and `recognise.ts`.
  const condition = (notes.condition ?? null) as Condition | null
  const report = (notes.report ?? null) as ReportNote | null
  const pin = typeof notes.pin === 'string' ? (JSON.parse(notes.pin) as { atMs: number }) : null
  return {
    connection,
    state: isRunning ? (condition?.state ?? 'closed') : null,
    reason: isRunning ? (condition?.reason ?? null) : null,
    sinceMs: isRunning ? (condition?.sinceMs ?? null) : null,
    untilMs: isRunning ? (condition?.untilMs ?? null) : null,
    server: report?.server ?? null,
    recognisedAtMs: pin?.atMs ?? null,
    keys: report?.keys ?? [],
  }
}

const STATES: Readonly<Record<Condition['state'], string>> = {
  closed: 'works',
  open: 'does not answer and is left alone',
  'half-open': 'is tried again after a pause',
  held: 'asked for a pause',
}

/** What a person should know of it; nothing where all is well. */
export function connectionLines(
  { connection, state, reason, untilMs, keys }: ConnectionStatus,
  nowMs: number,
): string[] {
  const lines: string[] = []
  if (state !== null && state !== 'closed') {
    const again = untilMs === null || untilMs <= nowMs ? '' : ` Tried again in ${age(untilMs - nowMs)}.`
    lines.push(`${connection}: ${STATES[state]}: ${reason ?? 'no reason was given'}.${again}`)
  }
  return [...lines, ...endingKeys(connection, keys, nowMs)]
}

export function endingKeys(connection: string, keys: readonly Credential[], nowMs: number): string[] {
  return keys
    .filter(({ endsAtMs }) => endsAtMs - nowMs <= ENDING_MS)
    .map(({ name, endsAtMs }) => {
      const when =
        endsAtMs <= nowMs ? `ended on ${moment(endsAtMs)}` : `ends on ${moment(endsAtMs)}, in ${age(endsAtMs - nowMs)}`
      return `${connection}: the key "${name}" ${when}. If it is the one in use, make a new one: tandem odoo rotate-key ${connection}`
    })
}
