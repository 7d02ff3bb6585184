import { closeHttpPool, openHttpPool } from '../../../http/http-pool.ts'
import type { OdooSettings } from '../settings.ts'
import { createAuto } from './auto.ts'
import { createJson2 } from './json2.ts'
import { createJsonRpc, type Login } from './jsonrpc.ts'
import type { OdooHttp } from './odoo-http.ts'
import { createSession } from './session.ts'
import type { OdooTransport, Protocol } from './transport.ts'
import { createXmlRpc } from './xmlrpc.ts'

export interface OpenTransport extends OdooTransport {
  close(): Promise<void>
}

/** The transport that the settings ask for, with sockets of its own. Sends nothing yet. */
export function openTransport(settings: OdooSettings): OpenTransport {
  const pool = openHttpPool({
    url: settings.url,
    limits: { concurrency: settings.limits.concurrency, perSecond: settings.limits.per_second },
    timeouts: {
      connectMs: settings.timeouts.connect,
      headersMs: settings.timeouts.answer,
      bodyMs: settings.timeouts.body,
      totalMs: settings.timeouts.total,
    },
    maxBodyBytes: settings.limits.answer_bytes,
  })
  const http: OdooHttp = { pool, database: settings.database }
  const { protocol } = settings
  const possible = createPossible(http, settings)
  // The settings' schema has seen to it that the credentials are there.
  const transport = (protocol === 'auto' ? null : possible.get(protocol)) ?? createAuto(possible)
  return { ...transport, close: () => closeHttpPool(pool) }
}

/** Every protocol that the credentials allow, the best first. */
function createPossible(http: OdooHttp, settings: OdooSettings): ReadonlyMap<Protocol, OdooTransport> {
  const { user, api_key: apiKey, password } = settings
  const possible = new Map<Protocol, OdooTransport>()
  if (apiKey !== undefined) possible.set('json2', createJson2(http, apiKey))
  const secret = apiKey ?? password
  if (user === undefined || secret === undefined) return possible
  const login: Login = { user, secret }
  possible.set('jsonrpc', createJsonRpc(http, login))
  possible.set('xmlrpc', createXmlRpc(http, login))
  if (password !== undefined) possible.set('session', createSession(http, { user, secret: password }))
  return possible
}
