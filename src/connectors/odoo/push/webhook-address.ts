import type { OdooConnection } from '../connection.ts'
import { readRules } from './rule-store.ts'

/**
 * The address of the incoming webhook with this mark; null: there is none. Odoo's own `url` is made from its
 * `web.base.url`, which is not always where it is reached.
 * @throws SyncError `forbidden_record` where our user may not read automation rules.
 */
export async function hookAddress(odoo: OdooConnection, mark: string, signal: AbortSignal): Promise<string | null> {
  const uuid = (await readRules(odoo, [mark], signal)).get(mark)?.uuid
  return uuid ? `${odoo.url}/web/hook/${uuid}` : null
}
