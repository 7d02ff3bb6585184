import type { CollectionRequest } from '../../../contract/connector.ts'
import { SyncError } from '../../../contract/error.ts'
import type { Feed } from '../../../contract/feed.ts'
import type { OdooServices } from '../services.ts'
import type { OdooSpec } from '../spec.ts'
import { listenOnBus } from './bus.ts'
import { openWebSession } from './web-session.ts'

/** What a feed gets where the mapping says `push: bus`. @throws SyncError `config` that says what is missing. */
export function busFeed(spec: OdooSpec, request: CollectionRequest, services: OdooServices): Pick<Feed, 'listen'> {
  if (spec.push !== 'bus') return {}
  const { settings, webhooks } = services
  const { url, database, user, password } = settings
  if (user === undefined || password === undefined) {
    throw new SyncError('config', 'push: bus needs a web session, which Odoo opens for a password and for no key.', {
      hint: 'Give the connection user and password, or use push: webhook.',
    })
  }
  const channel = request.pushTo?.token
  if (channel === undefined) {
    throw new SyncError('config', 'push: bus needs a secret from which the name of its channel is made.', {
      hint: `Set server: { hook_secret: "\${TANDEM_HOOK_SECRET}" } to at least 22 random characters.`,
    })
  }
  const options = {
    model: spec.model,
    url: settings.websocket_url ?? url,
    channel,
    session: (signal: AbortSignal) => openWebSession(webhooks, { url, database, user, password }, signal),
  }
  return { listen: (from, hear, signal) => listenOnBus(options, from, hear, signal) }
}
