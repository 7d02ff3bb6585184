import { Command, Option } from 'commander'
import type { Config } from '../config/load-config.ts'
import { SyncError } from '../contract/error.ts'
import type { HookPart } from '../contract/hooks.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import { type HooksAction, isInstalled, performHooks } from '../operations/hooks.ts'
import { mappingNamed } from '../operations/site.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { setupOf } from './setup.ts'

const HELP = `
Automation rules in Odoo by which it tells of changes at once (push: webhook or bus in the mapping) and takes changes
through a webhook of its own (apply: webhook). They are known by external ids of the module __tandem__: others are never
touched, and a second install changes nothing. Without them, changes are found by the scans, seconds later.

Only an administrator of Odoo may change automation rules, and the user of the connection should be none. --key-env names
an environment variable with the API key of one, for this one command.

install needs server.public_url (for push: webhook: the address at which Odoo reaches the daemon) and server.hook_secret
in the configuration; when either changes, or the mapping, install again. rotate gives the webhook that Odoo listens on a
new address; the daemon asks for it, or says so where it may not.

list exits 1 when something is missing or not as it should be.
With --json, one object: {"mapping","side","parts":[{"purpose","id","state","note"}]}
  state   "created", "updated", "unchanged", "removed", "missing", "outdated"

Examples:
  tandem odoo hooks install customers --key-env ODOO_ADMIN_API_KEY
  tandem odoo hooks list customers --key-env ODOO_ADMIN_API_KEY`

const ACTIONS = {
  install: 'make them, or make them right again',
  list: 'say what is there',
  remove: 'take them away',
  rotate: 'give the webhook that Odoo listens on a new secret',
} as const satisfies Record<HooksAction, string>

interface HooksOptions {
  readonly side: Side
  readonly keyEnv?: string
  readonly user?: string
}

export function hooksCommand(perform: Perform): Command {
  const parent = new Command('hooks')
    .description('the rules by which Odoo tells of changes and takes them')
    .addHelpText('after', HELP)
  for (const [action, description] of Object.entries(ACTIONS)) {
    parent.addCommand(
      new Command(action)
        .description(description)
        .argument('<mapping>')
        .addOption(new Option('--side <side>', 'which side of the mapping').choices(SIDES).default('odoo'))
        .option('--key-env <name>', 'the environment variable with the API key of an administrator')
        .option('--user <login>', "that administrator's login; Odoo 19 needs none")
        .addHelpText('after', `\nExamples:\n  tandem odoo hooks ${action} customers --key-env ODOO_ADMIN_API_KEY`)
        .action(
          perform((invocation, command) =>
            hooks(invocation, action as HooksAction, command.args[0] ?? '', command.opts<HooksOptions>()),
          ),
        ),
    )
  }
  return parent
}

async function hooks(
  invocation: Invocation,
  action: HooksAction,
  name: string,
  { side, keyEnv, user }: HooksOptions,
): Promise<ExitCode> {
  const setup = setupOf(invocation)
  const file = mappingNamed(setup, name)
  const connection = file.definition[side].connection
  const config =
    keyEnv === undefined ? setup.config : withKey(setup.config, connection, keyOf(invocation, keyEnv), user)
  const parts = await performHooks({ ...setup, config }, action, { mapping: name, side }, invocation.signal)
  if (invocation.json) invocation.terminal.out(JSON.stringify({ mapping: name, side, parts }))
  else show(invocation, parts)
  return isInstalled(parts) ? 0 : 1
}

function keyOf({ env }: Invocation, name: string): string {
  const key = env[name]
  if (key) return key
  throw new SyncError('config', `The environment variable ${name} is not set.`, {
    hint: 'It has to hold the API key of an administrator of Odoo, made under Preferences, Account Security.',
  })
}

/** The configuration with a key that only this command uses. */
function withKey(config: Config, connection: string, key: string, user: string | undefined): Config {
  config.redactor.add(key)
  const connections = new Map(config.connections)
  const known = connections.get(connection)
  const setup = { api_key: key, ...(user === undefined ? {} : { user }) }
  if (known) connections.set(connection, { ...known, settings: { ...known.settings, setup } })
  return { ...config, connections }
}

function show({ terminal }: Invocation, parts: readonly HookPart[]): void {
  if (parts.length === 0) terminal.out('nothing is there')
  const { green, yellow } = terminal.colors
  for (const { purpose, id, state, note } of parts) {
    const paint = state === 'missing' || state === 'outdated' ? yellow : green
    terminal.out(`${paint(state)} ${purpose}${id === null ? '' : ` (automation rule ${id})`}`)
    if (note !== null) terminal.out(`    ${note}`)
  }
}
