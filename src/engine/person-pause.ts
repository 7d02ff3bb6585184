import { SyncError } from '../contract/error.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { PersonPause } from '../ledger/mapping-state.ts'

/** That a person paused a connection; null: nobody did. */
export async function connectionPause(ledger: Ledger, connection: string): Promise<PersonPause | null> {
  const { pausedBy } = await ledger.connectionNotes(connection)
  // Written by `operations/pause.ts` alone.
  return (pausedBy ?? null) as PersonPause | null
}

/** A person's pause with the error that whoever wants to run the mapping meets. */
export interface FoundPause {
  readonly pausedBy: PersonPause
  readonly error: SyncError
}

/** Why a person does not want a mapping to run, itself or for one of its connections; null: it may. */
export async function personPauseOf(
  ledger: Ledger,
  mapping: string,
  connections: readonly string[],
): Promise<FoundPause | null> {
  // One that never ran is not known to the ledger, and nobody can have paused it.
  const isKnown = (await ledger.mappings()).includes(mapping)
  const own = isKnown ? (await ledger.state(mapping)).pausedBy : null
  if (own) return found(`The mapping ${mapping}`, mapping, own)
  for (const connection of new Set(connections)) {
    const pausedBy = await connectionPause(ledger, connection)
    if (pausedBy) return found(`The connection ${connection}`, `--connection ${connection}`, pausedBy)
  }
  return null
}

function found(what: string, argument: string, pausedBy: PersonPause): FoundPause {
  const { by, reason, sinceMs } = pausedBy
  const since = new Date(sinceMs).toISOString().slice(0, 16).replace('T', ' ')
  const why = reason === null ? '' : `: ${reason}`
  const error = new SyncError('paused', `${what} was paused by ${by} on ${since}Z${why}`, {
    hint: `Let it go on with: tandem resume ${argument}`,
  })
  return { pausedBy, error }
}
