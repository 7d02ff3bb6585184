import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { type Setup, systemClock } from '../app.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { isLedgerLocked } from '../ledger/sqlite/lock.ts'
import { openSqliteLedger } from '../ledger/sqlite/open.ts'
import { mappingNamed, type Site } from '../operations/site.ts'
import { WAKE } from '../requests.ts'
import { PROGRAM } from '../version.ts'
import type { Invocation } from './invocation.ts'
import { ledgerToWrite } from './ledger-access.ts'
import { setupOf } from './setup.ts'

/** Where a command's operations are done: beside the daemon, if one runs. */
export type OpenSite = Site & AsyncDisposable

/** For operations that only look. Where nothing has run yet, the ledger is an empty one. */
export async function siteToRead(invocation: Invocation): Promise<OpenSite> {
  const setup = setupOf(invocation)
  const { file } = setup.config.ledger
  const isThere = existsSync(file)
  const ledger = await openSqliteLedger({ file: isThere ? file : ':memory:', program: PROGRAM, readOnly: isThere })
  return siteOf(setup, ledger)
}

/**
 * For operations that change the ledger. @throws SyncError `config` where nothing has run yet, or where there is no such
 * mapping: a misspelt name is told before anything else.
 */
export async function siteToWrite(invocation: Invocation, mapping?: string): Promise<OpenSite> {
  const setup = setupOf(invocation)
  if (mapping !== undefined) mappingNamed(setup, mapping)
  return siteOf(setup, await ledgerToWrite(setup))
}

function siteOf(setup: Setup, ledger: Ledger): OpenSite {
  return {
    ...setup,
    ledger,
    clock: systemClock,
    async wake(mappings) {
      if (!isLedgerLocked(setup.config.ledger.file)) return
      for (const mapping of mappings) await ledger.request(WAKE, { mapping }, Date.now())
    },
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  }
}

/** Who gives the command, for the history. */
export function operator(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run as a user without a name.
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}
