import { type Command, Option } from 'commander'
import type { Direction } from '../../mapping/mapping.ts'

export const EXTERNAL_TYPES = ['postgres', 'mysql', 'sqlite', 'odoo', 'rest', 'files'] as const
export type ExternalType = (typeof EXTERNAL_TYPES)[number]

/** Everything that can be said instead of being asked. */
export interface InitOptions {
  readonly odooUrl?: string
  readonly odooDb?: string
  readonly odooUser?: string
  readonly odooKeyEnv?: string
  readonly odooKeyFile?: string
  readonly model?: string
  readonly externalType?: ExternalType
  readonly externalUrl?: string
  readonly externalUrlEnv?: string
  readonly externalFile?: string
  readonly externalFolder?: string
  readonly externalFiles?: string
  readonly externalPath?: string
  readonly externalItems?: string
  readonly externalDb?: string
  readonly externalUser?: string
  readonly externalKeyEnv?: string
  readonly collection?: string
  readonly mapping?: string
  readonly direction?: Direction
  readonly key?: string
  readonly yes: boolean
  readonly dryRun: boolean
}

export function addInitOptions(command: Command): Command {
  return command
    .option('--odoo-url <url>', 'where Odoo is: https://odoo.example.com')
    .option('--odoo-db <name>', 'its database')
    .option('--odoo-user <login>', 'the login of the user; needed before Odoo 19')
    .option('--odoo-key-env <name>', 'the environment variable that holds the API key')
    .option('--odoo-key-file <file>', 'the file that holds the API key')
    .option('--model <model>', 'which records of Odoo: res.partner')
    .addOption(new Option('--external-type <type>', 'the kind of the other side').choices(EXTERNAL_TYPES))
    .option(
      '--external-url <url>',
      'where it is (postgres, mysql, odoo, rest); one with a password is kept in a file of its own',
    )
    .option('--external-url-env <name>', 'the environment variable that holds its address')
    .option('--external-file <file>', "its file (sqlite), relative to the configuration's folder")
    .option('--external-folder <folder>', 'where files arrive (files)')
    .option('--external-files <pattern>', 'which of them (files): customers-*.csv')
    .option('--external-path <path>', 'the path of a list (rest): /customers')
    .option('--external-items <path>', 'where in the answer the list is (rest): data')
    .option('--external-db <name>', 'its database (odoo)')
    .option('--external-user <login>', 'the login of the user there (odoo)')
    .option('--external-key-env <name>', 'the environment variable that holds the API key (odoo) or token (rest) there')
    .option('--collection <name>', 'which table there; for odoo, which model')
    .option('--mapping <name>', 'the name of the mapping')
    .addOption(new Option('--direction <direction>', 'where changes flow').choices(['both', 'to-odoo', 'from-odoo']))
    .option('--key <odoo=external>', 'the fields that name a record on both sides')
    .option('-y, --yes', 'ask nothing: take what is proposed', false)
    .option('--no-dry-run', 'write the files, and leave it at that')
}
