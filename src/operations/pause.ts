import type { PersonPause } from '../ledger/mapping-state.ts'
import { SIDES } from '../mapping/mapping.ts'
import { checkConnectionName, checkHasRun, type Site } from './site.ts'

/** What is paused or resumed: one mapping, or every mapping that uses a connection. */
export type PauseTarget =
  | { readonly kind: 'mapping'; readonly mapping: string }
  | { readonly kind: 'connection'; readonly connection: string }

export interface PauseRequest {
  readonly target: PauseTarget
  readonly reason: string | null
  /** Who wants it. */
  readonly by: string
}

/** The mappings that do not run by it, or run again. */
export interface PauseResult {
  readonly target: PauseTarget
  readonly mappings: readonly string[]
  /** The pause as it is now; null: there is none. */
  readonly pausedBy: PersonPause | null
}

/**
 * Pauses a mapping or a connection until a person resumes it, over restarts as well. A run that is going on finishes what
 * is in flight and stops within a second or two. What systems tell meanwhile is kept. May be repeated: the reason is
 * replaced. @throws SyncError `config` for a name that is not there.
 */
export async function pause(site: Site, { target, reason, by }: PauseRequest): Promise<PauseResult> {
  const pausedBy: PersonPause = { by, reason, sinceMs: site.clock.nowMs() }
  await put(site, target, pausedBy)
  return { target, mappings: mappingsOf(site, target), pausedBy }
}

/**
 * Lets a mapping or a connection run again: a person's pause is lifted, and with it a pause that the mapping took by itself
 * (a guard's stays until it is confirmed). May be repeated. @throws SyncError `config` for a name that is not there.
 */
export async function resume(site: Site, { target }: Omit<PauseRequest, 'reason'>): Promise<PauseResult> {
  await put(site, target, null)
  if (target.kind === 'mapping') {
    const state = await site.ledger.state(target.mapping)
    const isGuarded = state.pause?.code === 'guard'
    await site.ledger.updateState(target.mapping, { notBeforeMs: 0, ...(isGuarded ? {} : { pause: null }) })
  }
  const mappings = mappingsOf(site, target)
  await site.wake(mappings)
  return { target, mappings, pausedBy: null }
}

async function put(site: Site, target: PauseTarget, pausedBy: PersonPause | null): Promise<void> {
  if (target.kind === 'mapping') {
    await checkHasRun(site, target.mapping)
    await site.ledger.updateState(target.mapping, { pausedBy })
    return
  }
  checkConnectionName(site, target.connection)
  await site.ledger.updateConnectionNotes(target.connection, { pausedBy: pausedBy && { ...pausedBy } })
}

function mappingsOf({ files }: Site, target: PauseTarget): readonly string[] {
  if (target.kind === 'mapping') return [target.mapping]
  return files
    .filter(({ definition }) => SIDES.some((side) => definition[side].connection === target.connection))
    .map(({ name }) => name)
}
