import type { OdooConnection } from './connection.ts'
import { openWebhookHttp, type WebhookHttp } from './hooks/webhook-http.ts'
import type { OdooSettings } from './settings.ts'

/** What the collections of a connection use besides its calls. */
export interface OdooServices {
  readonly settings: OdooSettings
  /** The connection that may change automation rules: an administrator's where one is given. */
  readonly setup: OdooConnection
  readonly webhooks: WebhookHttp
  close(): Promise<void>
}

export function openServices(
  settings: OdooSettings,
  connection: OdooConnection,
  open: (settings: OdooSettings) => OdooConnection,
): OdooServices {
  const setup = settings.setup ? open({ ...settings, ...settings.setup }) : connection
  const webhooks = openWebhookHttp(settings)
  return {
    settings,
    setup,
    webhooks,
    async close() {
      await webhooks.close()
      if (setup !== connection) await setup.transport.close()
    },
  }
}
