import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Setup } from '../app.ts'
import { replaceSecretFile, type SecretReplacement } from '../config/replace-secret-file.ts'
import { type SecretOrigin, secretOrigin } from '../config/secret-origin.ts'
import {
  type ApiKey,
  endOfKey,
  keyDurations,
  lengthOf,
  listApiKeys,
  makeApiKey,
  type NewApiKey,
  removeApiKey,
} from '../connectors/odoo/api-keys.ts'
import type { OdooConnection } from '../connectors/odoo/connection.ts'
import { openOdooConnection } from '../connectors/odoo/index.ts'
import { asSyncError, SyncError } from '../contract/error.ts'
import { isLedgerLocked } from '../ledger/sqlite/lock.ts'
import { didYouMean } from '../mapping/suggestion.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation } from './invocation.ts'
import { PASSWORD_VARIABLE } from './odoo-password.ts'
import { setupOf } from './setup.ts'

export interface KeyOptions {
  readonly passwordFile?: string
  readonly days?: string
  readonly revoke?: string
}

export interface KeyContext {
  readonly invocation: Invocation
  readonly setup: Setup
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly connection: OdooConnection
}

/** Opens the connection that a command names. @throws SyncError `config` when there is none of that name to an Odoo. */
export async function withConnection(
  invocation: Invocation,
  name = '',
  work: (context: KeyContext) => Promise<ExitCode>,
): Promise<ExitCode> {
  const setup = setupOf(invocation)
  const configured = setup.config.connections.get(name)
  if (configured?.type !== 'odoo') {
    const names = [...setup.config.connections.values()].filter(({ type }) => type === 'odoo').map((each) => each.name)
    const known = names.length === 0 ? 'none is of type odoo' : `there are ${names.join(', ')}`
    throw new SyncError('config', `There is no connection "${name}" to an Odoo${didYouMean(name, names)}; ${known}.`)
  }
  const settings = { type: configured.type, ...configured.settings }
  const connection = openOdooConnection(settings, name)
  try {
    return await work({ invocation, setup, name, settings, connection })
  } finally {
    await connection.close()
  }
}

export async function showKeys({ invocation, connection }: KeyContext): Promise<ExitCode> {
  const keys = await listApiKeys(connection, invocation.signal)
  if (invocation.json) invocation.terminal.out(JSON.stringify({ keys }))
  else for (const key of keys) invocation.terminal.out(`${key.name}: ${endOfKey(key)}`)
  return 0
}

function passwordOf({ invocation, settings }: KeyContext, { passwordFile }: KeyOptions): string | null {
  if (passwordFile === undefined) {
    const own = typeof settings.password === 'string' ? settings.password : null
    return invocation.env[PASSWORD_VARIABLE] || own
  }
  try {
    return readFileSync(passwordFile, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new SyncError('config', `The password cannot be read: ${asSyncError(error).message}`)
  }
}

function originOf({ setup, name }: KeyContext): SecretOrigin {
  const { file } = setup.config
  return secretOrigin(readFileSync(file, 'utf8'), ['connections', name, 'api_key'], dirname(file))
}

export async function rotate(context: KeyContext, options: KeyOptions): Promise<ExitCode> {
  const { invocation, connection, setup, name } = context
  const { terminal, signal, json } = invocation
  if (typeof context.settings.api_key !== 'string') {
    throw new SyncError('config', `The connection ${name} uses no API key.`, {
      hint: 'Let api_key take a key of its user from a file; then it can be rotated.',
    })
  }
  const origin = originOf(context)
  const password = passwordOf(context, options)
  if (password === null) {
    const steps = handSteps(context, origin)
    if (json) terminal.out(JSON.stringify({ made: null, written: null, change: steps.join('\n'), revoked: null }))
    else for (const step of steps) terminal.out(step)
    return 1
  }
  const before = await listApiKeys(connection, signal)
  const old = oldKey(before, options.revoke)
  const days = await daysOf(connection, options, signal)
  const file = origin.kind === 'file' ? replaceSecretFile(origin.path) : null
  const label = `Tandem ${name} ${new Date().toISOString().slice(0, 19)}`
  const key = await makeAndTry(context, { name: label, days }, password, file)
  file?.commit(key)
  const change = file ? null : changeText(context, origin, key)
  const isKept = !file || old === null || isLedgerLocked(setup.config.ledger.file)
  // With the new key: the old one may be what is being revoked.
  if (!isKept) await withKey(context, key, (fresh) => removeApiKey(fresh, old.id, password, signal))
  const written = origin.kind === 'file' ? origin.path : null
  if (json) {
    terminal.out(JSON.stringify({ made: label, written, change, revoked: isKept ? null : old.name }))
    return 0
  }
  terminal.out(`${name}: made the key "${label}", and it works`)
  if (written !== null) terminal.out(`written to ${written}`)
  if (change !== null) terminal.out(change)
  for (const line of afterwards(context, before, old, isKept)) terminal.out(line)
  return 0
}

/** A key that cannot be used is not left behind. */
async function makeAndTry(
  context: KeyContext,
  wanted: NewApiKey,
  password: string,
  file: SecretReplacement | null,
): Promise<string> {
  const { connection, invocation } = context
  const { signal } = invocation
  try {
    const key = await makeApiKey(connection, wanted, password, signal)
    const uid = await connection.ownUserId(signal)
    const isOurs = await withKey(context, key, async (fresh) => (await fresh.ownUserId(signal)) === uid)
    if (isOurs) return key
    throw new SyncError('unexpected', 'The new key belongs to another user')
  } catch (error) {
    file?.cancel()
    throw error
  }
}

async function withKey<T>(
  { settings, name }: KeyContext,
  key: string,
  work: (connection: OdooConnection) => Promise<T>,
): Promise<T> {
  const fresh = openOdooConnection({ ...settings, api_key: key, password: undefined }, name)
  try {
    return await work(fresh)
  } finally {
    await fresh.close()
  }
}

/** The key in use, where that is certain: nothing but the name can be asked of Odoo. */
function oldKey(keys: readonly ApiKey[], named: string | undefined): ApiKey | null {
  if (named === undefined) return keys.length === 1 ? (keys[0] ?? null) : null
  const found = keys.filter(({ name }) => name === named)
  const [only] = found
  if (only && found.length === 1) return only
  const names = keys.map(({ name }) => `"${name}"`).join(', ')
  throw new SyncError('config', `${found.length} keys of the user are called "${named}"; there are ${names}.`)
}

async function daysOf(connection: OdooConnection, { days }: KeyOptions, signal: AbortSignal): Promise<number | null> {
  const offered = await keyDurations(connection, signal)
  if (offered.length === 0) return null
  if (days === undefined) {
    // A key for ever is only made where someone asks for it.
    return offered.find((each) => each !== 0) ?? 0
  }
  const wanted = Number(days)
  if (offered.includes(wanted)) return wanted
  const known = offered
    .toSorted((a, b) => lengthOf(a) - lengthOf(b))
    .map((each) => (each === 0 ? '0 (for ever)' : each))
  throw new SyncError(
    'config',
    `Odoo does not offer a key for ${days} days to this user; it offers ${known.join(', ')}.`,
  )
}

function changeText({ setup, name }: KeyContext, origin: SecretOrigin, key: string): string {
  if (origin.kind === 'variable')
    return `Set the variable where Tandem gets it from (a .env file, the service):\n${origin.name}=${key}`
  return `Put it into ${setup.config.file} as connections.${name}.api_key, or better into a file, as api_key: "\${file:…}":\n${key}`
}

function afterwards(
  { setup, name }: KeyContext,
  before: readonly ApiKey[],
  old: ApiKey | null,
  isKept: boolean,
): readonly string[] {
  if (!isKept && old) return [`revoked the old key "${old.name}"`]
  const restart = isLedgerLocked(setup.config.ledger.file) ? 'The daemon uses the old key until it is restarted. ' : ''
  if (old) return [`${restart}The old key still works. Then revoke it: tandem odoo revoke-key ${name} "${old.name}"`]
  const names = before.map((key) => `"${key.name}"`).join(', ')
  return [
    `${restart}The user has several keys (${names}), and Odoo does not tell which one was in use. Revoke it: tandem odoo revoke-key ${name} <name>`,
  ]
}

function handSteps({ setup, name }: KeyContext, origin: SecretOrigin): readonly string[] {
  const place = {
    file: origin.kind === 'file' ? `the file ${origin.path}` : '',
    variable: origin.kind === 'variable' ? `the variable ${origin.name}` : '',
    text: `${setup.config.file}, connections.${name}.api_key`,
  }[origin.kind]
  return [
    `Odoo asks for the password of the user before it makes a key. Give it with --password-file or ${PASSWORD_VARIABLE}, or do it by hand:`,
    '1. Sign in to Odoo as the user of this connection.',
    '2. Open My Profile (Preferences), tab Security (Account Security), New API Key; give a name and the longest duration.',
    `3. Put the key into ${place}.`,
    '4. Restart Tandem, and see that it works: tandem check.',
    '5. Delete the old key in the same place.',
  ]
}

export async function revoke(context: KeyContext, named: string, options: KeyOptions): Promise<ExitCode> {
  const { invocation, connection } = context
  const { terminal, signal, json } = invocation
  const password = passwordOf(context, options)
  if (password === null) {
    throw new SyncError('config', 'Odoo asks for the password of the user before it revokes a key.', {
      hint: `Give it with --password-file or ${PASSWORD_VARIABLE}, or delete the key in Odoo: My Profile, tab Security.`,
    })
  }
  const keys = await listApiKeys(connection, signal)
  const key = oldKey(keys, named)
  if (key) await removeApiKey(connection, key.id, password, signal)
  if (json) terminal.out(JSON.stringify({ revoked: named }))
  else terminal.out(`revoked the key "${named}"`)
  return 0
}
