import type { CollectionRequest, Problem } from '../../../contract/connector.ts'
import { SyncError } from '../../../contract/error.ts'
import type { Feed } from '../../../contract/feed.ts'
import type { OdooServices } from '../services.ts'
import type { OdooSpec } from '../spec.ts'
import { listenOnBus } from './bus.ts'
import { pollBus } from './bus-poll.ts'
import { openWebSession } from './web-session.ts'

/** What a feed gets where the mapping says `push: bus`. Where something is missing, opening the line says so. */
export function busFeed(spec: OdooSpec, request: CollectionRequest, services: OdooServices): Pick<Feed, 'listen'> {
  if (spec.push !== 'bus') return {}
  const { settings, webhooks } = services
  const { url, database, user, password, websocket_url } = settings
  const channel = request.pushTo?.token
  return {
    async listen(from, hear, signal) {
      const [problem] = busProblems(spec, request, services)
      if (problem || channel === undefined || user === undefined || password === undefined) {
        const { message, hint } = problem ?? { message: 'push: bus cannot work.', hint: null }
        throw new SyncError('config', message, hint === null ? {} : { hint })
      }
      const session = await openWebSession(webhooks, { url, database, user, password }, signal)
      signal.throwIfAborted()
      const bus = { model: spec.model, url: websocket_url ?? url, channel, session }
      const { websocketVersion } = session
      if (websocketVersion !== null) await listenOnBus(bus, websocketVersion, from, hear, signal)
      else await pollBus(bus, settings.timeouts.connect, from, hear, signal)
    },
  }
}

/** What `push: bus` lacks. The scans go on without it. */
export function busProblems(spec: OdooSpec, request: CollectionRequest, services: OdooServices): readonly Problem[] {
  if (spec.push !== 'bus') return []
  const problems: Problem[] = []
  const { user, password } = services.settings
  if (user === undefined || password === undefined) {
    problems.push({
      severity: 'warning',
      message: 'push: bus needs a web session, which Odoo opens for a password and for no key.',
      hint: 'Give the connection user and password, or use push: webhook.',
    })
  }
  if (request.pushTo === undefined) {
    problems.push({
      severity: 'warning',
      message: 'push: bus needs a secret from which the name of its channel is made.',
      hint: `Set server: { hook_secret: "\${TANDEM_HOOK_SECRET}" } to at least 22 random characters.`,
    })
  }
  return problems
}
