import { Command } from 'commander'
import { addInitOptions, type InitOptions } from './init/options.ts'
import type { Perform } from './invocation.ts'

const HELP = `
From nothing to a first dry run: asks where Odoo and the other side are, checks both, lists their models, tables and fields,
proposes which fields correspond (by name, type and, where rows exist, by equal values), and writes config.yaml, a mapping with
comments, and schemas for editors. Then it runs check and a dry run. Nothing is written to either system.

Secrets never stand in config.yaml: a key that is typed in is kept in a file under secrets/ that only you can read; with
--odoo-key-env or --external-url-env, the environment keeps it. With --yes, or where no terminal is there, nothing is asked.

With --json, one object: {"files":[path],"mapping","key":{"odoo","external"},"fields":[{"odoo","external","isSure","reason"}]},
and neither check nor dry run.

Examples:
  tandem init
  tandem init --yes --odoo-url https://odoo.example.com --odoo-db prod --odoo-key-env ODOO_API_KEY \\
    --model res.partner --external-type postgres --external-url-env SHOP_PG_URL --collection customers`

export function initCommand(perform: Perform): Command {
  const command = new Command('init').description('write a configuration and a first mapping, step by step')
  return addInitOptions(command)
    .addHelpText('after', HELP)
    .action(
      perform(async (invocation, self) => {
        const options = self.opts<InitOptions>()
        const { terminal, json } = invocation
        const isAsking = !options.yes && !json && process.stdin.isTTY && terminal.isOutputInteractive
        // What asks is loaded by this command alone: every other one starts faster without.
        const [{ init }, { silentAsker, terminalAsker }] = await Promise.all([
          import('./init/run-init.ts'),
          import('./init/asker.ts'),
        ])
        return init(invocation, options, isAsking ? terminalAsker() : silentAsker(terminal.note))
      }),
    )
}
