import { Command, CommanderError, Option } from 'commander'
import { VERSION } from '../version.ts'
import { acceptCommand } from './accept.ts'
import { backupCommand } from './backup.ts'
import { checkCommand } from './check.ts'
import { compactCommand } from './compact.ts'
import { completeCommand, completionCommand } from './completion.ts'
import { conflictsCommand } from './conflicts.ts'
import { deadLettersCommand } from './dead-letters.ts'
import { demoCommand } from './demo.ts'
import type { ExitCode } from './exit-code.ts'
import { reportFailure } from './failure.ts'
import { historyCommand } from './history.ts'
import { initCommand } from './init.ts'
import { type GlobalOptions, type Invocation, LOG_LEVELS, type Perform } from './invocation.ts'
import { odooCommand } from './odoo.ts'
import { pauseCommand, resumeCommand } from './pause.ts'
import { probeCommand } from './probe.ts'
import { restoreCommand } from './restore.ts'
import { resyncCommand } from './resync.ts'
import { runCommand } from './run.ts'
import { schemaCommand } from './schema.ts'
import { startCommand } from './start.ts'
import { statusCommand } from './status.ts'
import { syncCommand } from './sync.ts'
import { createTerminal, type Output } from './terminal.ts'
import { traceCommand } from './trace.ts'
import { verifyCommand } from './verify.ts'

/** The process as far as commands need it. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly stdout: Output
  readonly stderr: Output
}

const EPILOGUE = `
Exit codes:
  0  done
  1  differences or failures were found, or something waits for a person
  2  the command line or the configuration has to be changed
  3  a system does not answer, or refuses us

With --json, stdout holds JSON and nothing else; each command's help says which.
An error is then {"error":{"code","message","hint","problems"}}.`

const EXIT_CODES = `
Exit codes: 0 done, 1 something was found or waits for a person, 2 to be changed first, 3 a system does not answer.`

/** Runs one command line. The answer is the exit code; nothing is thrown. */
export async function runProgram(args: readonly string[], world: World): Promise<number> {
  const terminal = createTerminal(world.stdout, world.stderr, world.env)
  let exitCode: ExitCode = 0
  const perform: Perform =
    (body) =>
    async (...all) => {
      const command = all.at(-1) as Command
      const options = command.optsWithGlobals<GlobalOptions>()
      const invocation: Invocation = {
        config: options.config,
        json: options.json,
        logLevel: options.logLevel ?? null,
        env: world.env,
        terminal,
        signal: world.signal,
      }
      exitCode = await body(invocation, command)
    }
  const program = createProgram(perform, world)
  try {
    await program.parseAsync(args, { from: 'user' })
    return interruption(world.signal, exitCode)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    terminal.status(null)
    if (world.signal.aborted) return interruption(world.signal, null)
    return reportFailure(error, terminal, program.opts<GlobalOptions>().json)
  }
}

/** A command that was ended by a signal before it was done says so as a shell does. */
function interruption(signal: AbortSignal, exitCode: ExitCode | null): number {
  if (exitCode !== null) return exitCode
  return signal.reason === 'SIGTERM' ? 143 : 130
}

/** All commands, by what they are for. */
export function createProgram(perform: Perform, world: Pick<World, 'stdout' | 'stderr'>): Command {
  const program = new Command('tandem')
    .description('Keeps Odoo and other systems in step, in both directions.')
    .version(VERSION, '-V, --version', 'print the version')
    .option('-c, --config <file>', 'the configuration file', './config.yaml')
    .option('--json', 'print JSON for scripts', false)
    .addOption(new Option('--log-level <level>', 'how much to log').choices(LOG_LEVELS))
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EPILOGUE)
  const groups: Readonly<Record<string, readonly Command[]>> = {
    'Begin:': [initCommand(perform), checkCommand(perform), probeCommand(perform), demoCommand(perform)],
    'Keep in step:': [
      runCommand(perform),
      startCommand(perform),
      syncCommand(perform),
      resyncCommand(perform),
      pauseCommand(perform),
      resumeCommand(perform),
    ],
    'See what happens:': [statusCommand(perform), verifyCommand(perform), traceCommand(perform)],
    'Repair:': [
      conflictsCommand(perform),
      deadLettersCommand(perform),
      historyCommand(perform),
      acceptCommand(perform),
    ],
    'The ledger:': [backupCommand(perform), restoreCommand(perform), compactCommand(perform)],
    'Odoo and editors:': [odooCommand(perform), schemaCommand(perform), completionCommand(perform)],
  }
  const commands = Object.entries(groups).flatMap(([group, members]) => members.map((each) => each.helpGroup(group)))
  for (const command of commands) program.addCommand(command)
  const hidden = completeCommand(perform)
  program.addCommand(hidden, { hidden: true })
  for (const command of [program, hidden, ...commands.flatMap(withCommands)]) {
    command
      .exitOverride()
      .showHelpAfterError('(--help says how it is used)')
      .configureHelp({ showGlobalOptions: true })
      .configureOutput({
        writeOut: (text) => world.stdout.write(text),
        writeErr: (text) => world.stderr.write(text),
      })
    if (command !== program) command.addHelpText('after', EXIT_CODES)
  }
  return program
}

/** A command with all below it. */
function withCommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withCommands)]
}
