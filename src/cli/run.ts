import { Command } from 'commander'
import { createLog, type Logger } from '../log.ts'
import { PROGRAM } from '../version.ts'
import { age, plural } from '../words.ts'
import { createEventLog } from './event-log.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { setupOf } from './setup.ts'

const HELP = `
Runs until it is told to stop (Ctrl-C, SIGTERM): then it finishes what is under way, for
limits.shutdown of the configuration at most, and exits 0. A second signal ends it at once;
nothing is lost by that either. Logs go to stdout: readable on a terminal, JSON elsewhere.

Examples:
  tandem run
  tandem run --config /etc/tandem/config.yaml --log-level debug`

export function runCommand(perform: Perform): Command {
  return new Command('run')
    .description('keep all mappings in step until told to stop')
    .addHelpText('after', HELP)
    .action(perform(runUntilStopped))
}

export async function runUntilStopped(invocation: Invocation): Promise<ExitCode> {
  const { signal, env } = invocation
  const setup = setupOf(invocation)
  const { config, files } = setup
  const log = daemonLog(invocation, config.log)
  const events = createEventLog(log)
  // With it come the server and its pages, which no other command needs.
  const { runDaemon } = await import('../daemon.ts')
  const mappings = plural(files.length, 'mapping')
  log.info(`${PROGRAM}: ${mappings} from ${config.mappings}, ledger ${config.ledger.file}`)
  if (files.length === 0) log.warn(`there is nothing to do: no *.yaml is in ${config.mappings}`)
  const sayStopping = (): void => {
    log.info(`stopping: what is under way is finished, for ${age(config.limits.shutdownMs)} at most`)
  }
  signal.addEventListener('abort', sayStopping, { once: true })
  try {
    await runDaemon({
      setup,
      emit: events.emit,
      log: (level, message, mapping) => log[level](mapping === null ? {} : { mapping }, message),
      crashAt: env.TANDEM_CRASH_AT,
      signal,
    })
  } finally {
    signal.removeEventListener('abort', sayStopping)
    events.close()
  }
  log.info('stopped')
  return 0
}

function daemonLog(
  { terminal, logLevel, json }: Invocation,
  settings: { readonly level: NonNullable<Invocation['logLevel']>; readonly format: 'auto' | 'json' | 'pretty' },
): Logger {
  const isReadable = settings.format === 'auto' ? terminal.isOutputInteractive : settings.format === 'pretty'
  return createLog({
    level: logLevel ?? settings.level,
    format: isReadable && !json ? 'pretty' : 'json',
    colors: terminal.colors,
    write: terminal.out,
  })
}
