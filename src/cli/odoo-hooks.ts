import { Command, Option } from 'commander'
import type { Config } from '../config/load-config.ts'
import { SyncError } from '../contract/error.ts'
import type { HookPart } from '../contract/hooks.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import { type HooksAction, isInstalled, performHooks } from '../operations/hooks.ts'
import { eachMapping } from './each-mapping.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { mappingsNamed, setupOf } from './setup.ts'

const HELP = `
Automation rules in Odoo by which it tells of changes at once (push: webhook or bus in the mapping) and takes changes
through a webhook of its own (apply: webhook). They are known by external ids of the module __tandem__: others are never
touched, and a second install changes nothing. Without them, changes are found by the scans, seconds later.

Only an administrator of Odoo may change automation rules, and the user of the connection should be none. --key-env names
an environment variable with the API key of one, for this one command.

install needs server.public_url (for push: webhook: the address at which Odoo reaches the daemon) and server.hook_secret
in the configuration; when either changes, or the mapping, install again. rotate gives the webhook that Odoo listens on a
new address; the daemon asks for it, or says so where it may not.

Without a name, list and install take all mappings that have an Odoo on that side. list exits 1 when something is missing
or not as it should be.
With --json, one object for each mapping: {"mapping","side","parts":[{"purpose","id","state","note"}]}, or
{"mapping","error"} where it could not be done.
  state   "created", "updated", "unchanged", "removed", "missing", "outdated"

Examples:
  tandem odoo hooks install customers --key-env ODOO_ADMIN_API_KEY
  tandem odoo hooks list --key-env ODOO_ADMIN_API_KEY`

/** What may be done for all mappings at once: it takes nothing away that is in use. */
const FOR_ALL: ReadonlySet<HooksAction> = new Set(['install', 'list'])

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
  for (const [action, description] of Object.entries(ACTIONS) as readonly [HooksAction, string][]) {
    parent.addCommand(
      new Command(action)
        .description(description)
        .argument(FOR_ALL.has(action) ? '[mapping...]' : '<mapping>')
        .addOption(new Option('--side <side>', 'which side of the mapping').choices(SIDES).default('odoo'))
        .option('--key-env <name>', 'the environment variable with the API key of an administrator')
        .option('--user <login>', "that administrator's login; Odoo 19 needs none")
        .addHelpText('after', `\nExamples:\n  tandem odoo hooks ${action} customers --key-env ODOO_ADMIN_API_KEY`)
        .action(
          perform((invocation, command) => hooks(invocation, action, command.args, command.opts<HooksOptions>())),
        ),
    )
  }
  return parent
}

async function hooks(
  invocation: Invocation,
  action: HooksAction,
  names: readonly string[],
  options: HooksOptions,
): Promise<ExitCode> {
  const { side, keyEnv, user } = options
  const setup = setupOf(invocation)
  const typeOf = (connection: string) => setup.config.connections.get(connection)?.type
  const taken = mappingsNamed(setup, names).filter(
    ({ definition }) => names.length > 0 || typeOf(definition[side].connection) === 'odoo',
  )
  if (taken.length === 0) throw new SyncError('config', `No mapping has an Odoo on its side ${side}.`)
  const key = keyEnv === undefined ? null : keyOf(invocation, keyEnv)
  return eachMapping(invocation, taken, async ({ name, definition }) => {
    const { connection } = definition[side]
    const config = key === null ? setup.config : withKey(setup.config, connection, key, user)
    const target = { mapping: name, side }
    const parts = await performHooks({ ...setup, config }, action, target, invocation.signal)
    if (invocation.json) invocation.terminal.out(JSON.stringify({ ...target, parts }))
    else show(invocation, name, parts)
    return isInstalled(parts) ? 0 : 1
  })
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

function show({ terminal }: Invocation, mapping: string, parts: readonly HookPart[]): void {
  if (parts.length === 0) terminal.out(`${mapping}: nothing is there`)
  const { green, yellow } = terminal.colors
  for (const { purpose, id, state, note } of parts) {
    const paint = state === 'missing' || state === 'outdated' ? yellow : green
    terminal.out(`${mapping}: ${paint(state)} ${purpose}${id === null ? '' : ` (automation rule ${id})`}`)
    if (note !== null) terminal.out(`    ${note}`)
  }
}
