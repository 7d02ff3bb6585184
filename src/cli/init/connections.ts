import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { CONNECTORS } from '../../connectors/index.ts'
import type { Connector } from '../../contract/connector.ts'
import { asSyncError, SyncError } from '../../contract/error.ts'
import type { Invocation } from '../invocation.ts'
import type { Asker } from './asker.ts'
import { folderSettings, restSettings } from './described.ts'
import { EXTERNAL_TYPES, type ExternalType, type InitOptions } from './options.ts'
import { fromEnvironment, kept, placeholder, plain, type Setting } from './setting.ts'

/** A connection that answered. The caller closes it. */
export interface Connected {
  readonly name: string
  readonly type: string
  readonly settings: readonly Setting[]
  readonly connector: Connector
}

const SIGN_IN = 'Odoo: Preferences → Account Security → New API Key, as a user made for Tandem'

/** Asks where Odoo is until it answers. @throws SyncError where nobody can be asked again. */
export async function connectOdoo(
  invocation: Invocation,
  asker: Asker,
  options: InitOptions,
  side: { readonly name: string; readonly flags: 'odoo' | 'external' },
): Promise<Connected> {
  const { name, flags } = side
  const given =
    flags === 'odoo'
      ? {
          url: options.odooUrl,
          db: options.odooDb,
          user: options.odooUser,
          env: options.odooKeyEnv,
          file: options.odooKeyFile,
        }
      : {
          url: options.externalUrl,
          db: options.externalDb,
          user: options.externalUser,
          env: options.externalKeyEnv,
          file: undefined,
        }
  return untilItAnswers(invocation, asker, options, async () => {
    const url =
      given.url ?? (await asker.text({ message: 'Where is Odoo? (https://odoo.example.com)', flag: `--${flags}-url` }))
    const database =
      given.db ?? (await asker.text({ message: 'Which database?', flag: `--${flags}-db`, initial: databaseOf(url) }))
    const user =
      given.user ??
      (await asker.text({
        message: 'Which login? (needed before Odoo 19; otherwise leave it empty)',
        flag: `--${flags}-user`,
        isOptional: true,
      }))
    const key = await keyOf(invocation, asker, { env: given.env, file: given.file, name, flag: `--${flags}-key-env` })
    const settings = [
      plain('url', url),
      plain('database', database),
      ...(user === '' ? [] : [plain('user', user)]),
      key,
    ]
    return { name, type: 'odoo', settings }
  })
}

/** Asks what and where the other side is until it answers. */
export async function connectExternal(invocation: Invocation, asker: Asker, options: InitOptions): Promise<Connected> {
  const type = (options.externalType ??
    (await asker.choose({
      message: 'What is on the other side?',
      flag: '--external-type',
      choices: [
        { value: 'postgres', label: 'PostgreSQL', hint: 'tables' },
        { value: 'mysql', label: 'MariaDB or MySQL', hint: 'tables' },
        { value: 'sqlite', label: 'SQLite', hint: 'tables in a file' },
        { value: 'rest', label: 'a JSON API', hint: 'a shop, a CRM' },
        { value: 'files', label: 'files in a folder', hint: 'CSV or JSON' },
        { value: 'odoo', label: 'another Odoo' },
      ],
    }))) as ExternalType
  if (!EXTERNAL_TYPES.includes(type)) throw new SyncError('config', `There is no type "${type}".`)
  if (type === 'odoo') return connectOdoo(invocation, asker, options, { name: 'other', flags: 'external' })
  const name = 'shop'
  return untilItAnswers(invocation, asker, options, async () => {
    if (type === 'sqlite') {
      const file = options.externalFile ?? (await asker.text({ message: 'Which file?', flag: '--external-file' }))
      return { name, type, settings: [plain('file', file)] }
    }
    if (type === 'rest') return { name, type, settings: await restSettings(invocation, asker, options) }
    if (type === 'files') return { name, type, settings: await folderSettings(invocation, asker, options) }
    if (options.externalUrlEnv !== undefined) {
      return { name, type, settings: [fromEnvironment(invocation, 'url', options.externalUrlEnv)] }
    }
    const message = `Where is it? (${type}://user:password@host/database)`
    const url = options.externalUrl ?? (await asker.secret({ message, flag: '--external-url or --external-url-env' }))
    return { name, type, settings: [hasPassword(url) ? kept('url', url, `${name}_url`) : plain('url', url)] }
  })
}

/** @param ask the settings; asked again where the system refuses them and a person is there. */
async function untilItAnswers(
  invocation: Invocation,
  asker: Asker,
  options: InitOptions,
  ask: () => Promise<Omit<Connected, 'connector'>>,
): Promise<Connected> {
  for (;;) {
    const answers = await ask()
    const connector = await open(invocation, answers)
    try {
      await asker.working(
        `Asking ${answers.name}`,
        () => connector.check(invocation.signal),
        ({ server, user }) => `${answers.name}: ${server ?? 'it answers'}${user === null ? '' : `, as ${user}`}`,
      )
      return { ...answers, connector }
    } catch (thrown) {
      await connector[Symbol.asyncDispose]()
      const error = asSyncError(thrown)
      // What the command line says stays what it is, however often it is tried.
      const isAsked =
        !options.yes && (answers.type === 'odoo' ? options.odooUrl === undefined : isExternalAsked(options))
      if (!isAsked || invocation.signal.aborted) throw error
      asker.say(error.advice)
    }
  }
}

/** Whether another answer may come where the other side is. */
function isExternalAsked({ externalUrl, externalFolder }: InitOptions): boolean {
  return externalUrl === undefined && externalFolder === undefined
}

async function open(
  invocation: Invocation,
  { name, type, settings }: Omit<Connected, 'connector'>,
): Promise<Connector> {
  const factory = await CONNECTORS[type]?.()
  if (!factory) throw new SyncError('config', `There is no connector "${type}".`)
  const values = Object.fromEntries(settings.map((each) => [each.name, each.value]))
  return factory({ type, ...values }, name, { folder: dirname(resolve(invocation.config)) })
}

async function keyOf(
  invocation: Invocation,
  asker: Asker,
  {
    env,
    file,
    name,
    flag,
  }: {
    readonly env: string | undefined
    readonly file: string | undefined
    readonly name: string
    readonly flag: string
  },
): Promise<Setting> {
  if (env !== undefined) return fromEnvironment(invocation, 'api_key', env)
  if (file !== undefined) {
    const path = resolve(dirname(resolve(invocation.config)), file)
    const value = readSecret(path)
    return { name: 'api_key', written: placeholder(`file:${file}`), value, secretFile: null }
  }
  const value = await asker.secret({ message: `The API key (${SIGN_IN})`, flag })
  return kept('api_key', value, `${name}_api_key`)
}

function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new SyncError('config', `The file ${path} cannot be read.`, { cause: error })
  }
}

function hasPassword(url: string): boolean {
  return URL.canParse(url) && (new URL(url).password !== '' || new URL(url).searchParams.has('password'))
}

/** "acme" of "https://acme.odoo.com": what the database is called there. */
function databaseOf(url: string): string {
  return URL.canParse(url) ? (new URL(url).hostname.split('.')[0] ?? '') : ''
}
