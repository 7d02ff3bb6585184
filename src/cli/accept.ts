import { Command, Option } from 'commander'
import { openApp } from '../app.ts'
import { acceptDatabase, type DatabaseLook, lookAtConnection, verdictOf } from '../operations/accept-database.ts'
import { checkConnectionName } from '../operations/site.ts'
import { moment, plural } from '../words.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { ledgerToWrite } from './ledger-access.ts'
import { setupOf } from './setup.ts'

const HELP = `
Tandem remembers what the database behind each connection looks like: its names, numbers in it that only grow, and when
some linked records were created and changed. When it is not as it was, nothing is read from it or written to it until a
person says what it is. Without --as, this command looks and tells what it found; it exits 1 if the database is not
recognised.

  --as same      It is the same database with the same records (it got a new name or number, was dumped and loaded).
                 All links stay; work goes on where it stopped.
  --as restored  It is the same database at an older (or newer) state: a backup was restored.
                 Links to records that are not in the backup, and links whose id stands for another record by now, are
                 dropped; both sides are read from the start, and what is not linked is matched by key. With
                   --winner partner   the other side's values count: what was lost is written again, created again
                   --winner restored  the restored values count: the other side goes back, deletes under their guard
                   --winner policy    the conflict policy of each mapping decides field by field; nothing is deleted
  --as other     It is another database. All links of its mappings are forgotten, and everything is matched by key as
                 in a first sync. Nothing is deleted.

Every mapping of the connection is concerned. To see what a decision leads to, stop the daemon first and follow with:
tandem sync --dry-run. Works beside a running daemon, which goes on by itself.

With --json, one object: {"connection","recognised","suspicion","findings":[text],"accepted","mappings":[name]}

Examples:
  tandem accept erp
  tandem accept erp --as restored --winner partner`

interface AcceptOptions {
  readonly as?: 'same' | 'restored' | 'other'
  readonly winner?: 'partner' | 'restored' | 'policy'
}

export function acceptCommand(perform: Perform): Command {
  return new Command('accept')
    .description('say what a database is that was not recognised')
    .argument('<connection>')
    .addOption(new Option('--as <what>', 'what it is').choices(['same', 'restored', 'other']))
    .addOption(
      new Option('--winner <side>', 'with --as restored: whose values count').choices([
        'partner',
        'restored',
        'policy',
      ]),
    )
    .addHelpText('after', HELP)
    .action(perform((invocation, command) => accept(invocation, command.args[0] ?? '', command.opts<AcceptOptions>())))
}

async function accept(invocation: Invocation, connection: string, options: AcceptOptions): Promise<ExitCode> {
  const setup = setupOf(invocation)
  if (options.as === undefined && options.winner !== undefined) verdictOf('same', options.winner)
  const verdict = options.as === undefined ? null : verdictOf(options.as, options.winner)
  checkConnectionName(setup, connection)
  // Says so where nothing has run yet.
  await (await ledgerToWrite(setup))[Symbol.asyncDispose]()
  await using app = await openApp(setup, { emit: () => {} })
  const { signal } = invocation
  const look = verdict
    ? await acceptDatabase(app, connection, verdict, signal)
    : await lookAtConnection(app, connection, signal)
  if (invocation.json) invocation.terminal.out(JSON.stringify(asJson(look)))
  else tell(invocation, look)
  return verdict === null && !look.recognised ? 1 : 0
}

function asJson({ server: _, knownSinceMs: __, ...look }: DatabaseLook): object {
  return look
}

const SUSPICIONS = {
  another: 'another database',
  copy: 'a copy of it, or a database in its place',
  older: 'an older state of it: a restored backup',
} as const

function tell({ terminal }: Invocation, look: DatabaseLook): void {
  const { connection, suspicion, findings, knownSinceMs, accepted, mappings } = look
  const server = look.server ?? 'the system'
  if (knownSinceMs === null) terminal.out(`${connection}: ${server} was not looked at before`)
  else if (suspicion === null) terminal.out(`${connection}: ${server} is recognised, as on ${moment(knownSinceMs)}`)
  else {
    terminal.out(
      `${connection}: ${server} is not as on ${moment(knownSinceMs)}. It looks like ${SUSPICIONS[suspicion]}:`,
    )
    for (const finding of findings) terminal.out(`  ${finding}`)
    if (accepted === null) terminal.out('Say what it is with --as same, restored or other; --help explains them.')
  }
  if (accepted !== null) {
    terminal.out(
      `accepted as ${accepted}, for ${plural(mappings.length, 'mapping')}: ${mappings.join(', ') || 'none has run'}`,
    )
  }
}
