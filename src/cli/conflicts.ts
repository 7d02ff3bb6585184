import { Command } from 'commander'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { showChanges } from './show-changes.ts'

const HELP = `
Lists what both sides changed and a person has to decide, and records that cannot be joined without a person.
Exits 1 when there are any.

With --json, one object: {"conflicts":[{"mapping","side","id","key","odooId","externalId","fields":[{"field","odoo",
"external"}],"fault","sinceMs"}]}

Examples:
  tandem conflicts
  tandem conflicts customers`

export function conflictsCommand(perform: Perform): Command {
  return new Command('conflicts')
    .description('what both sides changed and a person has to decide')
    .argument('[mapping]', 'which mapping; all of them without')
    .addHelpText('after', HELP)
    .action(perform((invocation, command) => conflicts(invocation, command.args[0] ?? null)))
}

async function conflicts(invocation: Invocation, mapping: string | null): Promise<ExitCode> {
  const found = await showChanges(invocation, mapping, 'conflict', 'conflicts')
  return found > 0 ? 1 : 0
}
