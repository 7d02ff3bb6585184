import type { Credential } from '../contract/connector.ts'
import type { Condition } from '../engine/connection-guard.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { PersonPause } from '../ledger/mapping-state.ts'

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
  /** That a person paused it. */
  readonly pausedBy: PersonPause | null
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
  // Written by this very program: `app.ts`, `daemon.ts`, `recognise.ts` and `pause.ts`.
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
    pausedBy: (notes.pausedBy ?? null) as PersonPause | null,
    keys: report?.keys ?? [],
  }
}
