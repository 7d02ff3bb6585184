import { asSyncError, SyncError } from '../../../contract/error.ts'
import type { Access } from '../capabilities.ts'
import type { OdooConnection } from '../connection.ts'
import type { Rule } from './rules.ts'

const MODELS = ['base.automation', 'ir.actions.server', 'ir.model.data'] as const

/**
 * Whether this Odoo has what the rules need, and whether we may touch it.
 * @throws SyncError `config` where it has not, `forbidden` where we may not; both say what to do.
 */
export async function requireAutomation(
  odoo: OdooConnection,
  rules: readonly Rule[],
  what: 'read' | 'change',
  signal: AbortSignal,
): Promise<void> {
  const operations = what === 'read' ? (['read'] as const) : (['read', 'create', 'write', 'unlink'] as const)
  for (const model of MODELS) {
    for (const operation of operations) {
      if (await mayDo(odoo, model, operation, signal)) continue
      throw new SyncError(
        'forbidden',
        `Our user may not ${operation} ${model}, which takes an administrator of Odoo.`,
        {
          hint: 'Give this one command the API key of one: --key-env ODOO_ADMIN_API_KEY.',
        },
      )
    }
  }
  const webhooks = await odoo.capabilities.webhooks(signal)
  const wantsOutgoing = rules.some(({ action }) => action.state === 'webhook')
  const wantsIncoming = rules.some(({ trigger }) => trigger === 'on_webhook')
  if ((webhooks.outgoing || !wantsOutgoing) && (webhooks.incoming || !wantsIncoming)) return
  throw new SyncError('config', 'This Odoo has no webhooks: they came with 17.', {
    hint: 'Use push: bus, which every version has, or push: none, which leaves it to the scans; and apply: rpc.',
  })
}

async function mayDo(odoo: OdooConnection, model: string, operation: Access, signal: AbortSignal): Promise<boolean> {
  try {
    return await odoo.capabilities.mayAccess(model, operation, signal)
  } catch (error) {
    const { code } = asSyncError(error)
    if (code !== 'schema') throw error
    throw new SyncError('config', `Odoo has no ${model}.`, {
      cause: error,
      hint: 'Install the module Automation Rules (base_automation).',
    })
  }
}
