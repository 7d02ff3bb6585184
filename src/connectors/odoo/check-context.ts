import { SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { installedLanguages } from './beyond-fields.ts'
import { asRows, type OdooConnection } from './connection.ts'

/**
 * Whether the language and the companies of a collection exist for our user. Odoo itself refuses every call in others, with
 * a message that does not say which ones there are.
 * @throws SyncError `schema` that names the one that does not.
 */
export async function checkContext(connection: OdooConnection, context: Fields, signal: AbortSignal): Promise<void> {
  if (typeof context.lang === 'string') {
    const installed = await installedLanguages(connection, signal)
    if (!installed.includes(context.lang)) {
      throw new SyncError('schema', `the language "${context.lang}" is not installed in Odoo`, {
        hint: `Install it there, or take one of ${installed.join(', ')}.`,
      })
    }
  }
  const wanted = context.allowed_company_ids
  if (!Array.isArray(wanted)) return
  const args = { ids: [await connection.ownUserId(signal)], fields: ['company_ids'] }
  const [user] = asRows(await connection.call('res.users', 'read', args, signal), 'res.users')
  const allowed: readonly Value[] = Array.isArray(user?.company_ids) ? user.company_ids : []
  const refused = (wanted as readonly Value[]).filter((id) => !allowed.includes(id))
  if (refused.length === 0) return
  throw new SyncError('schema', `our user may not work in company ${refused.join(', ')}, or there is none`, {
    hint: `Allow it in the user's settings in Odoo; it may work in ${allowed.join(', ')}.`,
  })
}
