import type { Fields } from '../../contract/value.ts'
import { asRows, type OdooConnection, type OdooRow } from './connection.ts'

/** `search_read` of any model. References come as ids, where the server can be told so, and else as `[id, name]`. */
export async function searchRead(
  connection: OdooConnection,
  model: string,
  args: Fields,
  signal: AbortSignal,
): Promise<readonly OdooRow[]> {
  // `load: ''` keeps Odoo from computing the display name of every many2one.
  const load = (await connection.capabilities.searchReadTakesLoad(signal)) ? { load: '' } : {}
  return asRows(await connection.call(model, 'search_read', { ...args, ...load }, signal), model)
}
