import { asSyncError, SyncError } from '../../../contract/error.ts'
import type { Value } from '../../../contract/value.ts'
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
  const triggers = await choices(odoo, 'base.automation', 'trigger', signal)
  const states = await choices(odoo, 'ir.actions.server', 'state', signal)
  for (const rule of rules) {
    if (triggers.has(rule.trigger) && states.has(rule.action.state)) continue
    const isAnswer = rule.trigger === 'on_webhook' ? 'apply: rpc' : 'push: bus, or leave it to the scans'
    throw new SyncError('config', `This Odoo has no webhooks: it cannot ${rule.purpose} by one. They came with 17.`, {
      hint: `Use ${isAnswer}.`,
    })
  }
}

async function mayDo(odoo: OdooConnection, model: string, operation: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await odoo.call(model, 'has_access', { operation }, signal)) === true
  } catch (error) {
    const { code } = asSyncError(error)
    if (code !== 'schema') throw error
    throw new SyncError('config', `Odoo has no ${model}.`, {
      cause: error,
      hint: 'Install the module Automation Rules (base_automation).',
    })
  }
}

async function choices(
  odoo: OdooConnection,
  model: string,
  field: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const args = { allfields: [field], attributes: ['selection'] }
  const described = (await odoo.call(model, 'fields_get', args, signal)) as Readonly<Record<string, Value>> | null
  const { selection = [] } = (described?.[field] ?? {}) as { readonly selection?: readonly (readonly string[])[] }
  return new Set(selection.map(([value]) => value ?? ''))
}
