import { Command, Option } from 'commander'
import { type App, openApp, type Setup, systemClock } from '../app.ts'
import { SyncError } from '../contract/error.ts'
import { describeFinding } from '../engine/pin.ts'
import { type Acceptance, acceptanceNote } from '../engine/reconcile.ts'
import { didYouMean } from '../mapping/suggestion.ts'
import { type Look, lookAtDatabase, remember, usesOf } from '../recognise.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { ledgerToWrite } from './ledger-access.ts'
import { setupOf } from './setup.ts'
import { moment, plural } from './words.ts'

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
  checkArguments(setup, connection, options)
  // Says so where nothing has run yet.
  await (await ledgerToWrite(setup))[Symbol.asyncDispose]()
  await using app = await openApp(setup, { emit: () => {} })
  const look = await lookAtDatabase({ ...app, isReadOnly: false }, connection, systemClock, invocation.signal)
  const mappings = options.as === undefined ? [] : await acceptLook(app, connection, look, options)
  if (invocation.json) invocation.terminal.out(JSON.stringify(asJson(connection, look, options, mappings)))
  else tell(invocation, connection, look, options, mappings)
  return options.as === undefined && look.suspicion !== null ? 1 : 0
}

function checkArguments({ config }: Setup, connection: string, { as, winner }: AcceptOptions): void {
  const names = [...config.connections.keys()]
  if (!names.includes(connection)) {
    const known = `there are ${names.join(', ')}`
    throw new SyncError('config', `There is no connection "${connection}"${didYouMean(connection, names)}; ${known}.`)
  }
  if (as === 'restored' && winner === undefined) {
    throw new SyncError('config', 'Say whose values count: --winner partner, restored or policy.', {
      hint: 'tandem accept --help explains them.',
    })
  }
  if (as !== 'restored' && winner !== undefined) throw new SyncError('config', '--winner goes with --as restored.')
}

/** First what is to be done, then that the database is known: nothing may work with it in between. */
async function acceptLook(
  app: App,
  connection: string,
  look: Look,
  options: AcceptOptions,
): Promise<readonly string[]> {
  const known = new Set(await app.ledger.mappings())
  const uses = usesOf(app.files, connection).filter(({ file }) => known.has(file.name))
  const acceptance = acceptanceOf(look, options)
  for (const { file, side } of uses) {
    if (acceptance === null) continue
    const { notes } = await app.ledger.state(file.name)
    await app.ledger.updateState(file.name, { notes: { ...notes, [acceptanceNote(side)]: JSON.stringify(acceptance) } })
  }
  await remember(app.ledger, connection, { ...look, pin: null })
  for (const { file } of uses) {
    const { pause } = await app.ledger.state(file.name)
    if (pause?.code === 'identity') await app.ledger.updateState(file.name, { pause: null, notBeforeMs: 0 })
  }
  return [...new Set(uses.map(({ file }) => file.name))]
}

function acceptanceOf(look: Look, { as, winner = 'policy' }: AcceptOptions): Acceptance | null {
  if (as === 'other') return { as }
  if (as !== 'restored') return null
  return { as, winner: winner === 'policy' ? null : winner, bornBeforeMs: look.pin?.atMs ?? null }
}

function asJson(connection: string, look: Look, options: AcceptOptions, mappings: readonly string[]): object {
  return {
    connection,
    recognised: look.suspicion === null,
    suspicion: look.suspicion,
    findings: look.findings.map(describeFinding),
    accepted: options.as ?? null,
    mappings,
  }
}

const SUSPICIONS = {
  another: 'another database',
  copy: 'a copy of it, or a database in its place',
  older: 'an older state of it: a restored backup',
} as const

function tell(
  { terminal }: Invocation,
  connection: string,
  { pin, findings, suspicion, report }: Look,
  { as }: AcceptOptions,
  mappings: readonly string[],
): void {
  const server = report.server ?? 'the system'
  if (pin === null) terminal.out(`${connection}: ${server} was not looked at before`)
  else if (suspicion === null) terminal.out(`${connection}: ${server} is recognised, as on ${moment(pin.atMs)}`)
  else {
    terminal.out(`${connection}: ${server} is not as on ${moment(pin.atMs)}. It looks like ${SUSPICIONS[suspicion]}:`)
    for (const finding of findings) terminal.out(`  ${describeFinding(finding)}`)
    if (as === undefined) terminal.out('Say what it is with --as same, restored or other; --help explains them.')
  }
  if (as !== undefined) {
    terminal.out(
      `accepted as ${as}, for ${plural(mappings.length, 'mapping')}: ${mappings.join(', ') || 'none has run'}`,
    )
  }
}
