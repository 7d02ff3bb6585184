import { asSyncError, SyncError } from '../../../contract/error.ts'
import type { OdooConnection } from '../connection.ts'
import { readRules } from './rule-store.ts'

/**
 * The address of the incoming webhook with this mark; null: there is none. Odoo's own `url` is made from its
 * `web.base.url`, which is not always where it is reached.
 * @throws SyncError where our user may not read automation rules.
 */
export async function readAddress(
  odoo: OdooConnection,
  url: string,
  mark: string,
  signal: AbortSignal,
): Promise<string | null> {
  const uuid = (await readRules(odoo, [mark], signal)).get(mark)?.uuid
  return uuid ? `${url.replace(/\/+$/, '')}/web/hook/${uuid}` : null
}

/** Where changes are sent: a secret that Odoo may change at any time. */
export interface WebhookAddress {
  /** @throws SyncError `config` that says what to do when it cannot be found. */
  current(signal: AbortSignal): Promise<string>
  /** It was not right: the next one is asked for anew. @throws SyncError `config` where there is nobody to ask. */
  forget(wrong: string): void
}

export interface WebhookAddressOptions {
  readonly mapping: string
  /** From the mapping; null: it is asked of Odoo. */
  readonly configured: string | null
  readonly odoo: OdooConnection
  readonly url: string
  readonly mark: string
}

export function webhookAddress({ mapping, configured, odoo, url, mark }: WebhookAddressOptions): WebhookAddress {
  let known = configured
  return {
    async current(signal) {
      known ??= await ask(mapping, odoo, url, mark, signal)
      return known
    },
    forget(wrong) {
      if (known !== wrong) return
      if (configured !== null) {
        throw new SyncError('config', `Odoo knows no webhook at the address that ${mapping} has (HTTP 404).`, {
          hint: 'Its secret was rotated, or the rule was deleted: put the new address where the mapping reads it from.',
        })
      }
      known = null
    },
  }
}

async function ask(
  mapping: string,
  odoo: OdooConnection,
  url: string,
  mark: string,
  signal: AbortSignal,
): Promise<string> {
  let address: string | null
  try {
    address = await readAddress(odoo, url, mark, signal)
  } catch (error) {
    const { code } = asSyncError(error)
    if (code !== 'forbidden' && code !== 'forbidden_record') throw error
    throw new SyncError('config', `Our user may not ask Odoo for the address of the webhook of ${mapping}.`, {
      cause: error,
      hint: 'Give it to the mapping (odoo: webhook): tandem odoo hooks install tells it when it makes the webhook.',
    })
  }
  if (address !== null) return address
  throw new SyncError('config', `The webhook that takes the changes of ${mapping} is not in Odoo.`, {
    hint: `Make it: tandem odoo hooks install ${mapping}.`,
  })
}
