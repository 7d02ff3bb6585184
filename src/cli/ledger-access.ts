import { existsSync } from 'node:fs'
import type { Setup } from '../app.ts'
import { SyncError } from '../contract/error.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { openSqliteLedger } from '../ledger/sqlite/open.ts'
import { PROGRAM } from '../version.ts'

/** The ledger for commands that only look; null: nothing has run yet, so there is none. */
export async function ledgerToRead(setup: Setup): Promise<Ledger | null> {
  const { file } = setup.config.ledger
  if (!existsSync(file)) return null
  return openSqliteLedger({ file, program: PROGRAM, readOnly: true })
}

/** The ledger for small changes beside a daemon. @throws SyncError `config` where nothing has run yet. */
export async function ledgerToWrite(setup: Setup): Promise<Ledger> {
  const { file } = setup.config.ledger
  if (existsSync(file)) return openSqliteLedger({ file, program: PROGRAM })
  throw new SyncError('config', `There is no ledger ${file}: nothing has run yet.`, {
    hint: 'Begin with: tandem check, then tandem sync --dry-run.',
  })
}

/** Whether a mapping was ever run, so that the ledger knows it. */
export async function isKnown(ledger: Ledger, mapping: string): Promise<boolean> {
  return (await ledger.mappings()).includes(mapping)
}
