import type { CollectionRequest } from '../../../contract/connector.ts'
import type { OdooModel } from '../model.ts'
import type { OdooServices } from '../services.ts'
import type { WebhookSink } from './apply-webhook.ts'
import { markOf } from './rules.ts'
import { webhookAddress } from './webhook-address.ts'

/** Where the mapping says that changes go through a webhook; null: it does not. */
export function webhookSink(model: OdooModel, request: CollectionRequest, services: OdooServices): WebhookSink | null {
  const { spec, connection } = model
  if (spec.apply === 'rpc' || request.key === undefined) return null
  const mapping = request.consumer
  return {
    model,
    keyField: request.key,
    http: services.webhooks,
    address: webhookAddress({
      mapping,
      configured: spec.webhook,
      odoo: connection,
      url: services.settings.url,
      mark: markOf({ mapping, spec }, 'apply'),
    }),
  }
}
