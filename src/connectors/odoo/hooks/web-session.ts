import { SyncError } from '../../../contract/error.ts'
import type { Fields, Value } from '../../../contract/value.ts'
import type { WebhookHttp } from './webhook-http.ts'

export interface WebSession {
  /** For the header `cookie`. */
  readonly cookie: string
  /** What the server calls its websocket's protocol: it closes a line that names another one. null: before 16, where there is long polling. */
  readonly websocketVersion: string | null
}

export interface Login {
  readonly url: string
  readonly database: string
  readonly user: string
  readonly password: string
}

/** Opens a session, which Odoo does for a password and for no API key. @throws SyncError `unauthorized` */
export async function openWebSession(http: WebhookHttp, login: Login, signal: AbortSignal): Promise<WebSession> {
  const { url, database: db, user, password } = login
  const params = { db, login: user, password }
  const body = { jsonrpc: '2.0', method: 'call', params }
  const answer = await http.post(`${url.replace(/\/+$/, '')}/web/session/authenticate`, body, signal)
  const { result, error } = (answer.body ?? {}) as { readonly result?: Value; readonly error?: Value }
  const info = result as Fields | null | undefined
  if (answer.status !== 200 || error !== undefined || typeof info?.uid !== 'number') {
    throw new SyncError('unauthorized', `Odoo opens no session for the user ${user} (HTTP ${answer.status}).`, {
      hint: 'Check user and password of the connection; a key is no password, and two-factor authentication rules it out.',
    })
  }
  const cookie = [answer.headers['set-cookie'] ?? []].flat().find((each) => each.startsWith('session_id='))
  if (cookie === undefined) throw new SyncError('unexpected', 'Odoo answered a login without a session.')
  const version = info.websocket_worker_version
  return { cookie: cookie.split(';')[0] ?? '', websocketVersion: typeof version === 'string' ? version : null }
}
