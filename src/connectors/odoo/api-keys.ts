import { SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { asRows, type OdooConnection, type OdooRow } from './connection.ts'
import { formatWriteDate, parseWriteDate } from './record-version.ts'

/** An API key of our own user as Odoo lists it. The key itself is shown once, when it is made. */
export interface ApiKey {
  readonly id: number
  readonly name: string
  /** null: it does not end. */
  readonly endsAtMs: number | null
}

/** @throws SyncError `forbidden_record` or `schema` where this Odoo keeps its keys from their owner. */
export async function listApiKeys(connection: OdooConnection, signal: AbortSignal): Promise<readonly ApiKey[]> {
  const uid = await connection.ownUserId(signal)
  // Keys of older versions do not end.
  const model = 'res.users.apikeys'
  const known = (await connection.call(model, 'fields_get', { attributes: ['type'] }, signal)) as OdooRow
  const fields = ['name', 'expiration_date'].filter((name) => name in known)
  const args = { domain: [['user_id', '=', uid]], fields, order: 'id' }
  const rows = asRows(await connection.call('res.users.apikeys', 'search_read', args, signal), 'res.users.apikeys')
  return rows.map(({ id, name, expiration_date }) => {
    const endsAtMs = parseWriteDate(expiration_date)
    return { id: Number(id), name: String(name), endsAtMs: Number.isNaN(endsAtMs) ? null : endsAtMs }
  })
}

/** How many days a new key of our user may live, longest first, as Odoo offers them. 0: for ever. Empty: keys do not end. */
export async function keyDurations(connection: OdooConnection, signal: AbortSignal): Promise<readonly number[]> {
  const args = { allfields: ['duration'], attributes: ['selection'] }
  const fields = (await connection.call('res.users.apikeys.description', 'fields_get', args, signal)) as OdooRow
  const selection = (fields.duration as OdooRow | undefined)?.selection
  const days = Array.isArray(selection) ? selection.map((option) => Number((option as readonly Value[])[0])) : []
  // -1 is "a date of your choice".
  return days.filter((each) => each >= 0).sort((a, b) => lengthOf(b) - lengthOf(a))
}

/** A key for ever is the longest. */
export function lengthOf(days: number): number {
  return days === 0 ? Number.POSITIVE_INFINITY : days
}

export interface NewApiKey {
  readonly name: string
  /** One of `keyDurations`; null: keys of this Odoo do not end. */
  readonly days: number | null
}

/**
 * Makes a new key for our own user, good for every kind of call. Not repeated: each call makes another one.
 * @throws SyncError `unauthorized` where the password is not the user's, `forbidden` where Odoo does not let it.
 */
export async function makeApiKey(
  connection: OdooConnection,
  { name, days }: NewApiKey,
  password: string,
  signal: AbortSignal,
): Promise<string> {
  const model = 'res.users.apikeys.description'
  const values = { name, ...(days === null ? {} : { duration: String(days) }) }
  const made = await connection.change(model, 'create', { vals_list: [values] }, signal)
  const shown = await withIdentity(connection, model, 'make_key', Array.isArray(made) ? made : [made], password, signal)
  const key = (shown.context as OdooRow | undefined)?.default_key
  if (typeof key === 'string' && key !== '') return key
  throw new SyncError('unexpected', 'Odoo did not show the new key', { hint: 'Make one by hand in Odoo.' })
}

/** Revokes a key. A key that is gone already is no error. */
export async function removeApiKey(
  connection: OdooConnection,
  id: number,
  password: string,
  signal: AbortSignal,
): Promise<void> {
  await withIdentity(connection, 'res.users.apikeys', 'remove', [id], password, signal)
}

/**
 * Calls a method that Odoo guards by asking for the password again. Called plainly it answers with a wizard; the wizard's
 * `run_check`, with the password in its context, makes the call in the same request, so no session is needed.
 */
async function withIdentity(
  connection: OdooConnection,
  model: string,
  method: string,
  ids: readonly Value[],
  password: string,
  signal: AbortSignal,
): Promise<OdooRow> {
  const asked = (await connection.change(model, method, { ids }, signal)) as OdooRow | null
  if (asked?.res_model !== 'res.users.identitycheck') return asked ?? {}
  const wizard = 'res.users.identitycheck'
  const wizards = [asked.res_id ?? 0]
  const context: Fields = { ...connection.context, password }
  try {
    // Up to 17 the wizard has the password in a field, which it empties itself; later ones take it from the context alone.
    await connection.change(wizard, 'write', { ids: wizards, vals: { password } }, signal)
    return ((await connection.change(wizard, 'run_check', { ids: wizards, context }, signal)) as OdooRow | null) ?? {}
  } catch (error) {
    // Up to 17 as a login that is refused, since then as a value.
    if (!(error instanceof SyncError) || !['invalid', 'unauthorized'].includes(error.code)) throw error
    throw new SyncError('unauthorized', `Odoo did not accept the password of the user: ${error.message}`, {
      hint: 'It asks for the password of the user of this connection; an API key is not taken in its place.',
    })
  }
}

/** When a key ends, in words. */
export function endOfKey({ endsAtMs }: ApiKey): string {
  return endsAtMs === null ? 'does not end' : `ends on ${formatWriteDate(endsAtMs)} UTC`
}
