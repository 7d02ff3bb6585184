import { Command } from 'commander'
import { SyncError } from '../contract/error.ts'
import { type PauseResult, type PauseTarget, pause, resume } from '../operations/pause.ts'
import { checkConnectionName, mappingNamed } from '../operations/site.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { setupOf } from './setup.ts'
import { operator, siteToWrite } from './site.ts'

const PAUSE_HELP = `
What is in flight is finished first. A pause holds until a person resumes it, over restarts as well; what systems tell
meanwhile is kept. With --connection, every mapping that uses it pauses, and its system is left alone.

With --json, one object: {"target":{"kind","mapping"|"connection"},"mappings":[name],"pausedBy":{"by","reason","sinceMs"}}

Examples:
  tandem pause customers --reason "price list is being edited"
  tandem pause --connection erp --reason "Odoo is upgraded tonight"`

const RESUME_HELP = `
Lifts the pause of a person, and one that a mapping took by itself. What a guard holds back stays held until it is agreed to:
tandem sync <mapping> --confirm.

With --json, one object: {"target":{"kind","mapping"|"connection"},"mappings":[name],"pausedBy":null}

Examples:
  tandem resume customers
  tandem resume --connection erp`

interface PauseOptions {
  readonly connection?: string
  readonly reason?: string
}

export function pauseCommand(perform: Perform): Command {
  return new Command('pause')
    .description('keep a mapping or a connection from running, until it is resumed')
    .argument('[mapping]', 'which mapping')
    .option('--connection <name>', 'every mapping that uses this connection')
    .option('--reason <text>', 'why, for those who wonder')
    .addHelpText('after', PAUSE_HELP)
    .action(perform((invocation, command) => change(invocation, command.args[0], command.opts<PauseOptions>(), true)))
}

export function resumeCommand(perform: Perform): Command {
  return new Command('resume')
    .description('let a mapping or a connection run again')
    .argument('[mapping]', 'which mapping')
    .option('--connection <name>', 'every mapping that uses this connection')
    .addHelpText('after', RESUME_HELP)
    .action(perform((invocation, command) => change(invocation, command.args[0], command.opts<PauseOptions>(), false)))
}

async function change(
  invocation: Invocation,
  mapping: string | undefined,
  { connection, reason = null }: Omit<PauseOptions, 'reason'> & { readonly reason?: string | null },
  isPause: boolean,
): Promise<ExitCode> {
  const setup = setupOf(invocation)
  const target = targetOf(mapping, connection)
  if (target.kind === 'mapping') mappingNamed(setup, target.mapping)
  else checkConnectionName(setup, target.connection)
  await using site = await siteToWrite(invocation)
  const by = operator()
  const result = isPause ? await pause(site, { target, reason, by }) : await resume(site, { target, by })
  if (invocation.json) invocation.terminal.out(JSON.stringify(result))
  else invocation.terminal.out(tell(result))
  return 0
}

function targetOf(mapping: string | undefined, connection: string | undefined): PauseTarget {
  if (mapping !== undefined && connection === undefined) return { kind: 'mapping', mapping }
  if (mapping === undefined && connection !== undefined) return { kind: 'connection', connection }
  throw new SyncError('config', 'Say which: a mapping, or --connection and its name.')
}

function tell({ target, mappings, pausedBy }: PauseResult): string {
  const state = pausedBy === null ? 'runs again' : 'is paused'
  if (target.kind === 'mapping') return `${target.mapping} ${state}`
  const which = mappings.length === 0 ? 'no mapping uses it' : `with ${mappings.join(', ')}`
  return `connection ${target.connection} ${state}, ${which}`
}
