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

/** @param setup an administrator's connection, where the settings have one; closed with the services. */
export function openServices(
  settings: OdooSettings,
  connection: OdooConnection,
  setup: (OdooConnection & { close(): Promise<void> }) | null,
): OdooServices {
  const webhooks = openWebhookHttp(settings)
  return {
    settings,
    setup: setup ?? connection,
    webhooks,
    async close() {
      await webhooks.close()
      await setup?.close()
    },
  }
}
