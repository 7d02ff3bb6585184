import type { Problem, Report } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Fields } from '../../contract/value.ts'
import { asRows, type OdooConnection, type OdooRow } from './connection.ts'
import { parseWriteDate } from './record-version.ts'

/** How long before a key's end an operator is told. */
const KEY_WARNING_MS = 14 * 24 * 3_600_000

/** @throws SyncError when Odoo cannot be reached or refuses the key. */
export async function checkConnection(
  connection: OdooConnection,
  wallClockMs: number,
  signal: AbortSignal,
): Promise<Report> {
  const server = await connection.transport.serverInfo(signal)
  const uid = await connection.ownUserId(signal)
  const [user] = await rows(connection, 'res.users', 'read', { ids: [uid], fields: ['login'] }, signal)
  const problems: Problem[] = []
  if (await connection.capabilities.isInGroup(uid, 'base.group_system', signal)) {
    problems.push({
      severity: 'warning',
      message: `The user ${String(user?.login)} is an administrator of Odoo`,
      hint: 'Use the key of a user that has only the rights which the mappings need.',
    })
  }
  problems.push(...(await checkKeys(connection, uid, wallClockMs, signal)))
  return {
    server: server.version === null ? 'Odoo' : `Odoo ${server.version}`,
    user: typeof user?.login === 'string' ? user.login : String(uid),
    clockOffsetMs: server.clockOffsetMs,
    identity: await readIdentity(connection, signal),
    problems,
  }
}

/** Which of the user's keys is ours cannot be asked: each one that ends soon is worth a word. */
async function checkKeys(
  connection: OdooConnection,
  uid: number,
  wallClockMs: number,
  signal: AbortSignal,
): Promise<Problem[]> {
  const args = { domain: [['user_id', '=', uid]], fields: ['name', 'expiration_date'] }
  const keys = await ifAllowed(() => rows(connection, 'res.users.apikeys', 'search_read', args, signal))
  const problems: Problem[] = []
  for (const key of keys ?? []) {
    const endsMs = parseWriteDate(key.expiration_date)
    if (Number.isNaN(endsMs) || endsMs - wallClockMs > KEY_WARNING_MS) continue
    problems.push({
      severity: 'warning',
      message: `The user's API key "${String(key.name)}" ends on ${String(key.expiration_date)} UTC`,
      hint: 'If it is the one of this connection, make a new one in Odoo before that and change `api_key`.',
    })
  }
  return problems
}

/** Odoo's own name of the database. Only administrators may read it; a copy made by Odoo's manager gets a new one. */
async function readIdentity(connection: OdooConnection, signal: AbortSignal): Promise<string | null> {
  const args = { domain: [['key', '=', 'database.uuid']], fields: ['value'] }
  const found = await ifAllowed(() => rows(connection, 'ir.config_parameter', 'search_read', args, signal))
  const uuid = found?.[0]?.value
  return typeof uuid === 'string' ? uuid : null
}

/** null where our user may not, or this Odoo has no such model or field. */
async function ifAllowed<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof SyncError && /^(forbidden|forbidden_record|schema|invalid)$/.test(error.code)) return null
    throw error
  }
}

async function rows(
  connection: OdooConnection,
  model: string,
  method: string,
  args: Fields,
  signal: AbortSignal,
): Promise<readonly OdooRow[]> {
  return asRows(await connection.call(model, method, args, signal), model)
}
