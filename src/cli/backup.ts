import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { SyncError } from '../contract/error.ts'
import { backUpLedger } from '../ledger/sqlite/backup.ts'
import type { LedgerContent } from '../ledger/sqlite/inspect-file.ts'
import { bytes, count, moment, plural } from '../words.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { setupOf } from './setup.ts'

const HELP = `
Copies the ledger as it is at one moment into a single file, also beside a running daemon, which goes on. The copy is read
through before it gets its name, so that a file with that name is always a whole backup. Secrets are not in it; values of
records are, in the history (history.values), in what is not applied yet and in what came in.

With --json, one object: {"file","bytes","schema","mappings","links","cursors","changes","lastActivityMs"}

Examples:
  tandem backup /var/backups/tandem.db --force
  tandem backup "tandem-$(date +%F).db"`

export function backupCommand(perform: Perform): Command {
  return new Command('backup')
    .description('copy the ledger to a file')
    .argument('<file>', 'where to')
    .option('--force', 'replace the file if it exists', false)
    .addHelpText('after', HELP)
    .action(
      perform((invocation, command) =>
        backUp(invocation, command.args[0] ?? '', command.opts<{ readonly force: boolean }>().force),
      ),
    )
}

async function backUp(invocation: Invocation, to: string, force: boolean): Promise<ExitCode> {
  const { file } = setupOf(invocation).config.ledger
  if (!existsSync(file)) throw new SyncError('config', `There is no ledger ${file}: nothing has run yet.`)
  const content = await backUpLedger(file, to, force)
  if (invocation.json) invocation.terminal.out(JSON.stringify({ file: to, ...content }))
  else invocation.terminal.out(`${to}: ${described(content)}`)
  return 0
}

/** "4.2 MB: 3 mappings, 12,400 links, 6 cursors, 2 changes to be applied; last activity 2026-11-21 08:30:00Z". */
export function described({ bytes: size, mappings, links, cursors, changes, lastActivityMs }: LedgerContent): string {
  const last = lastActivityMs === null ? '' : `; last activity ${moment(lastActivityMs)}`
  const open = changes === 0 ? 'nothing open' : `${count(changes)} open`
  return `${bytes(size)}: ${plural(mappings, 'mapping')}, ${plural(links, 'link')}, ${plural(cursors, 'cursor')}, ${open}${last}`
}
