import { Command } from 'commander'
import { SyncError } from '../contract/error.ts'
import { markRestored } from '../engine/restored.ts'
import { acquireLedgerLock, ledgerLockHolder } from '../ledger/sqlite/lock.ts'
import { openSqliteLedger } from '../ledger/sqlite/open.ts'
import { restoreLedger } from '../ledger/sqlite/restore.ts'
import { PROGRAM } from '../version.ts'
import { described } from './backup.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { setupOf } from './setup.ts'

const HELP = `
Puts a backup in the place of the ledger. The daemon must be stopped. The ledger that is there is kept beside it, under a name
that is told. The first run afterwards compares both sides in full: what was made since the backup is found by its key, and
nothing is made twice. A record that was deleted on one side since the backup may come back from the other.

With --json, one object: {"file","kept","bytes","schema","mappings","links","cursors","changes","lastActivityMs"}

Examples:
  tandem restore /var/backups/tandem.db`

export function restoreCommand(perform: Perform): Command {
  return new Command('restore')
    .description('put a backup in the place of the ledger')
    .argument('<file>', 'the backup')
    .addHelpText('after', HELP)
    .action(perform((invocation, command) => restore(invocation, command.args[0] ?? '')))
}

async function restore(invocation: Invocation, backup: string): Promise<ExitCode> {
  const { file } = setupOf(invocation).config.ledger
  const lock = acquireLedgerLock(file)
  if (!lock) {
    const holder = ledgerLockHolder(file)
    throw new SyncError(
      'config',
      `A daemon${holder ? ` (process ${holder.pid})` : ''} works with the ledger ${file}.`,
      {
        hint: 'Stop it first: the ledger cannot be replaced under its feet.',
      },
    )
  }
  try {
    const nowMs = Date.now()
    const mark = async (copy: string): Promise<void> => {
      await using ledger = await openSqliteLedger({ file: copy, program: PROGRAM })
      await markRestored(ledger, nowMs)
    }
    const { content, kept } = await restoreLedger(backup, file, mark, nowMs)
    if (invocation.json) invocation.terminal.out(JSON.stringify({ file, kept, ...content }))
    else {
      invocation.terminal.out(`${file}: ${described(content)}`)
      if (kept !== null) invocation.terminal.out(`The ledger that was there is kept: ${kept}`)
      invocation.terminal.out(
        'The next run compares both sides in full. To see what it would do: tandem sync --dry-run',
      )
    }
    return 0
  } finally {
    lock.release()
  }
}
