import type { App } from '../app.ts'
import { SyncError } from '../contract/error.ts'
import { describeFinding, type Suspicion } from '../engine/pin.ts'
import { type Acceptance, acceptanceNote } from '../engine/reconcile.ts'
import { type Look, lookAtDatabase, remember, usesOf } from '../recognise.ts'
import { checkConnectionName } from './site.ts'

/** What a person says that a database is which Tandem did not recognise. */
export type Verdict =
  | { readonly as: 'same' }
  /** `winner`: whose values count where both sides differ now. */
  | { readonly as: 'restored'; readonly winner: 'partner' | 'restored' | 'policy' }
  | { readonly as: 'other' }

/** What was found behind a connection. The names are those of `--json`. */
export interface DatabaseLook {
  readonly connection: string
  readonly recognised: boolean
  readonly suspicion: Suspicion | null
  readonly findings: readonly string[]
  readonly server: string | null
  /** When it was recognised last, by its own clock; null: it was never looked at before. */
  readonly knownSinceMs: number | null
  readonly accepted: Verdict['as'] | null
  /** The mappings that a verdict concerns. */
  readonly mappings: readonly string[]
}

type Site = Pick<App, 'config' | 'files' | 'ledger' | 'connections' | 'clock'>

/** Looks who is behind a connection and remembers nothing. @throws SyncError when the system does not answer. */
export async function lookAtConnection(site: Site, connection: string, signal: AbortSignal): Promise<DatabaseLook> {
  return describe(connection, await look(site, connection, signal), null, [])
}

/**
 * From now on the database is the one of this connection, and its mappings go on as the verdict says. May be repeated.
 * @throws SyncError when the system does not answer.
 */
export async function acceptDatabase(
  site: Site,
  connection: string,
  verdict: Verdict,
  signal: AbortSignal,
): Promise<DatabaseLook> {
  const found = await look(site, connection, signal)
  const known = new Set(await site.ledger.mappings())
  const uses = usesOf(site.files, connection).filter(({ file }) => known.has(file.name))
  const acceptance = acceptanceOf(found, verdict)
  // First what is to be done, then that the database is known: nothing may work with it in between.
  for (const { file, side } of uses) {
    if (acceptance === null) continue
    const { notes } = await site.ledger.state(file.name)
    const note = { ...notes, [acceptanceNote(side)]: JSON.stringify(acceptance) }
    await site.ledger.updateState(file.name, { notes: note })
  }
  await remember(site.ledger, connection, { ...found, pin: null })
  for (const { file } of uses) {
    const { pause } = await site.ledger.state(file.name)
    if (pause?.code === 'identity') await site.ledger.updateState(file.name, { pause: null, notBeforeMs: 0 })
  }
  const mappings = [...new Set(uses.map(({ file }) => file.name))]
  return describe(connection, found, verdict.as, mappings)
}

async function look(site: Site, connection: string, signal: AbortSignal): Promise<Look> {
  checkConnectionName(site, connection)
  return lookAtDatabase({ ...site, isReadOnly: false }, connection, site.clock, signal)
}

function acceptanceOf({ pin }: Look, verdict: Verdict): Acceptance | null {
  if (verdict.as === 'other') return { as: 'other' }
  if (verdict.as === 'same') return null
  const winner = verdict.winner === 'policy' ? null : verdict.winner
  return { as: 'restored', winner, bornBeforeMs: pin?.atMs ?? null }
}

function describe(
  connection: string,
  { pin, suspicion, findings, report }: Look,
  accepted: Verdict['as'] | null,
  mappings: readonly string[],
): DatabaseLook {
  return {
    connection,
    recognised: suspicion === null,
    suspicion,
    findings: findings.map(describeFinding),
    server: report.server,
    knownSinceMs: pin?.atMs ?? null,
    accepted,
    mappings,
  }
}

/** @throws SyncError `config` where it is not said whose values count, or said where that means nothing. */
export function verdictOf(as: Verdict['as'], winner: 'partner' | 'restored' | 'policy' | undefined): Verdict {
  if (as === 'restored' && winner === undefined) {
    throw new SyncError('config', 'Say whose values count: --winner partner, restored or policy.', {
      hint: 'tandem accept --help explains them.',
    })
  }
  if (as !== 'restored' && winner !== undefined) throw new SyncError('config', '--winner goes with --as restored.')
  return as === 'restored' ? { as, winner: winner ?? 'policy' } : { as }
}
