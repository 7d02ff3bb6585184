import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { showDemo } from './demo.ts'
import type { Perform } from './invocation.ts'
import { runUntilStopped } from './run.ts'

const HELP = `
Does the same as "run" where there is a configuration file, and the same as "demo" where there is none.

Examples:
  tandem start`

export function startCommand(perform: Perform): Command {
  return new Command('start')
    .description('run, or without a configuration file, the demo')
    .addHelpText('after', HELP)
    .action(
      perform(async (invocation) => {
        if (existsSync(invocation.config)) return runUntilStopped(invocation)
        invocation.terminal.note(`There is no ${invocation.config}: this is the demo.`)
        return showDemo(invocation, {})
      }),
    )
}
