import { Command, InvalidArgumentError } from 'commander'
import { parseDurationMs } from '../mapping/duration.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'

const HELP = `
Shows Tandem at work on this machine alone: a stand-in Odoo, a small shop, and people who change things in both.
Needs no configuration and leaves nothing behind. Ctrl-C ends it with a comparison of both sides. A show for people: --json
changes nothing.

Examples:
  tandem demo
  tandem demo --for 30s`

interface DemoOptions {
  readonly for?: number
  readonly keep: boolean
}

export function demoCommand(perform: Perform): Command {
  return new Command('demo')
    .description('watch Tandem at work without any configuration')
    .option('--for <duration>', 'end by itself after so long, such as 30s', parseFor)
    .option('--keep', 'leave the files to look at', false)
    .addHelpText('after', HELP)
    .action(perform((invocation, command) => showDemo(invocation, command.opts<DemoOptions>())))
}

function parseFor(text: string): number {
  const ms = parseDurationMs(text)
  if (ms === null) throw new InvalidArgumentError('expected a duration such as 30s or 5m')
  return ms
}

export async function showDemo({ terminal, signal }: Invocation, options: Partial<DemoOptions>): Promise<ExitCode> {
  const { runDemo } = await import('../sandbox/demo.ts')
  await runDemo({
    signal,
    write: terminal.out,
    keep: options.keep ?? false,
    ...(options.for === undefined ? {} : { forMs: options.for }),
  })
  return 0
}
