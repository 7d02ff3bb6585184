import { Command } from 'commander'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'

const HELP = `
Shows Tandem at work on this machine alone: a stand-in Odoo, a small shop and people who change things in both.
Needs no configuration and leaves nothing behind. Ctrl-C ends it.`

export function demoCommand(perform: Perform): Command {
  return new Command('demo')
    .description('watch Tandem at work without any configuration')
    .addHelpText('after', HELP)
    .action(perform(showDemo))
}

export async function showDemo({ terminal, signal }: Invocation): Promise<ExitCode> {
  const { runDemo } = await import('../sandbox/demo.ts')
  await runDemo({ signal, write: terminal.out })
  return 0
}
