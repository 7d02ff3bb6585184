import type { Credential, Identity, Problem, Report } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Fields } from '../../contract/value.ts'
import { listApiKeys } from './api-keys.ts'
import { asRows, type OdooConnection, type OdooRow } from './connection.ts'
import { formatWriteDate } from './record-version.ts'

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
  const credentials = await readKeys(connection, signal)
  problems.push(...keyProblems(credentials, wallClockMs + (server.clockOffsetMs ?? 0)))
  return {
    server: server.version === null ? 'Odoo' : `Odoo ${server.version}`,
    user: typeof user?.login === 'string' ? user.login : String(uid),
    clockOffsetMs: server.clockOffsetMs,
    identity: await readIdentity(connection, signal),
    credentials,
    problems,
  }
}

/** The user's keys that end by themselves. Which of them is ours cannot be asked. */
async function readKeys(connection: OdooConnection, signal: AbortSignal): Promise<Credential[]> {
  const keys = await ifAllowed(() => listApiKeys(connection, signal))
  return (keys ?? []).flatMap(({ name, endsAtMs }) => (endsAtMs === null ? [] : [{ name, endsAtMs }]))
}

function keyProblems(keys: readonly Credential[], nowMs: number): Problem[] {
  return keys
    .filter(({ endsAtMs }) => endsAtMs - nowMs <= KEY_WARNING_MS)
    .map(({ name, endsAtMs }) => ({
      severity: 'warning',
      message: `The user's API key "${name}" ends on ${formatWriteDate(endsAtMs)} UTC`,
      hint: 'If it is the one of this connection: tandem odoo rotate-key, or make a new one in Odoo and change `api_key`.',
    }))
}

/**
 * `uuid` is Odoo's own name of the database: only administrators may read it; Odoo's database manager gives a copy a new
 * one, a copy made by PostgreSQL keeps it. `born` is for everyone: when the first company was made, which is when the
 * database was.
 */
async function readIdentity(connection: OdooConnection, signal: AbortSignal): Promise<Identity | null> {
  const traits: Record<string, string> = {}
  const uuid = await ifAllowed(() =>
    rows(
      connection,
      'ir.config_parameter',
      'search_read',
      { domain: [['key', '=', 'database.uuid']], fields: ['value'] },
      signal,
    ),
  )
  if (typeof uuid?.[0]?.value === 'string') traits.uuid = uuid[0].value
  // The main company cannot be deleted: base.main_company is the parent or the sibling of all that follow.
  const first = await ifAllowed(() =>
    rows(
      connection,
      'res.company',
      'search_read',
      { domain: [], fields: ['create_date'], order: 'id', limit: 1 },
      signal,
    ),
  )
  const born = first?.[0]?.create_date
  if (typeof born === 'string') traits.born = born
  return Object.keys(traits).length === 0 ? null : { traits, marks: {} }
}

/**
 * The next number of a sequence of the database, from a wizard that everyone may open: it is thrown away by Odoo within
 * hours, and nothing else comes of it. Sequences are in every backup and never go back by themselves, whatever people
 * delete.
 */
export async function drawMarks(connection: OdooConnection, signal: AbortSignal): Promise<Identity['marks']> {
  const created = await ifAllowed(() =>
    connection.change('base.language.export', 'create', { vals_list: [{}] }, signal),
  )
  const number: unknown = Array.isArray(created) ? created[0] : created
  return typeof number === 'number' ? { wizard: number } : {}
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
