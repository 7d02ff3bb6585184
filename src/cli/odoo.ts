import { Command } from 'commander'
import type { Perform } from './invocation.ts'
import { hooksCommand } from './odoo-hooks.ts'
import type { KeyOptions } from './odoo-keys.ts'
import { PASSWORD_VARIABLE } from './odoo-password.ts'

const HELP = `
rotate-key makes a new API key for the connection's user, tries it, and puts it where the configuration takes it from: into
the file of \${file:…} (in one step, with the same mode and owner), or, where it comes from a variable or stands in the
configuration, it prints what to change. Then it revokes the old key, unless a daemon runs, which would still use it:
restart the daemon, and revoke it with revoke-key.

Odoo asks for the user's password before it makes or revokes a key. Give it in a file (--password-file) or in the variable
${PASSWORD_VARIABLE}; without, the command says what to click in Odoo. It is not kept anywhere.

With --json, rotate-key: {"made":name|null,"written":file|null,"change":text|null,"revoked":name|null};
keys: {"keys":[{"id","name","endsAtMs"}]}; revoke-key: {"revoked":name}.

Examples:
  tandem odoo keys erp
  tandem odoo rotate-key erp --password-file /run/secrets/odoo-password
  tandem odoo revoke-key erp "Tandem erp 2026-11-21" --password-file /run/secrets/odoo-password`

/** The Odoo connector is loaded by the commands when they run: others need it only where the configuration does. */
export function odooCommand(perform: Perform): Command {
  const parent = new Command('odoo')
    .description('what is particular to Odoo: its API keys, and how it tells of changes')
    .addHelpText('after', HELP)
  const withPassword = (command: Command): Command =>
    command.option('--password-file <file>', "a file with the user's password")
  parent.addCommand(
    new Command('keys')
      .description("list the API keys of a connection's user")
      .argument('<connection>')
      .addHelpText('after', '\nExamples:\n  tandem odoo keys erp')
      .action(
        perform(async (invocation, command) => {
          const { showKeys, withConnection } = await import('./odoo-keys.ts')
          return withConnection(invocation, command.args[0], showKeys)
        }),
      ),
  )
  parent.addCommand(
    withPassword(
      new Command('rotate-key')
        .description('make a new API key, put it in place, revoke the old one')
        .argument('<connection>')
        .option('--days <days>', 'how long it lives; as long as Odoo lets it without')
        .option('--revoke <name>', 'which key is the old one, where the user has several')
        .addHelpText('after', '\nExamples:\n  tandem odoo rotate-key erp --password-file /run/secrets/odoo-password'),
    ).action(
      perform(async (invocation, command) => {
        const { rotate, withConnection } = await import('./odoo-keys.ts')
        return withConnection(invocation, command.args[0], (context) => rotate(context, command.opts<KeyOptions>()))
      }),
    ),
  )
  parent.addCommand(
    withPassword(
      new Command('revoke-key')
        .description('revoke an API key')
        .argument('<connection>')
        .argument('<name>')
        .addHelpText('after', '\nExamples:\n  tandem odoo revoke-key erp "Tandem erp 2026-11-21"'),
    ).action(
      perform(async (invocation, command) => {
        const { revoke, withConnection } = await import('./odoo-keys.ts')
        return withConnection(invocation, command.args[0], (context) =>
          revoke(context, command.args[1] ?? '', command.opts<KeyOptions>()),
        )
      }),
    ),
  )
  parent.addCommand(hooksCommand(perform))
  return parent
}
