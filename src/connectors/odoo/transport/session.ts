import { SyncError } from '../../../contract/error.ts'
import type { HttpAnswer } from '../../../http/request-json.ts'
import { decodeBase64Field } from '../base64-stream.ts'
import type { Login } from './jsonrpc.ts'
import { pythonName } from './odoo-fault.ts'
import { type OdooHttp, postRpc, readServerInfo, readUserId, streamRpc } from './odoo-http.ts'
import { callRoute } from './route.ts'
import { rpcArguments } from './rpc-arguments.ts'
import type { OdooTransport } from './transport.ts'

interface Session {
  readonly uid: number
  /** Odoo gives out a new id for the same session from time to time. */
  id: string
}

/**
 * A web session, as a browser has it: `/web/session/authenticate`, then `/web/dataset/call_kw` with the cookie. Takes the
 * password only; Odoo refuses an API key here. Every version has it, also where nothing else is open.
 */
export function createSession(http: OdooHttp, login: Login): OdooTransport {
  let current: Session | null = null
  let opening: Promise<Session> | null = null

  /** Calls that find the same session ended wait for one new one. */
  const openSession = async (ended: Session | null, signal: AbortSignal): Promise<Session> => {
    if (current !== null && current !== ended) return current
    opening ??= authenticate(http, login, signal).finally(() => {
      opening = null
    })
    current = await opening
    return current
  }

  return {
    userId: async (signal) => (await openSession(null, signal)).uid,

    async route(path, params, signal) {
      const send = ({ id }: Session) => callRoute(http, path, params, { cookie: `session_id=${id}` }, signal)
      const session = await openSession(null, signal)
      try {
        return await send(session)
      } catch (error) {
        if (!(error instanceof SyncError) || !isSessionEnded(error.cause)) throw error
        return send(await openSession(session, signal))
      }
    },

    async call(call, signal) {
      const { model, method } = call
      const params = { model, method, ...rpcArguments(call) }
      const send = async (session: Session) => {
        const cookie = { cookie: `session_id=${session.id}` }
        const reply = await postRpc(http, '/web/dataset/call_kw', params, call, signal, cookie)
        session.id = readSessionId(reply.answer) ?? session.id
        return reply.result
      }
      const session = await openSession(null, signal)
      try {
        return await send(session)
      } catch (error) {
        // Odoo looks at the session before it calls anything: the call was not made, also one that changes data.
        if (!isSessionEnded(error)) throw error
        return send(await openSession(session, signal))
      }
    },

    async *content(call, field, signal) {
      const { model, method } = call
      const params = { model, method, ...rpcArguments(call) }
      const send = (session: Session) => {
        const cookie = { cookie: `session_id=${session.id}` }
        return decodeBase64Field(streamRpc(http, '/web/dataset/call_kw', params, call, signal, cookie), field)
      }
      const session = await openSession(null, signal)
      try {
        yield* send(session)
      } catch (error) {
        // That is said in place of the answer: nothing was given yet.
        if (!isSessionEnded(error)) throw error
        yield* send(await openSession(session, signal))
      }
    },

    async serverInfo(signal) {
      const beforeMs = Date.now()
      const name = { model: 'common', method: 'version', changesData: false }
      const { result, answer } = await postRpc(http, '/web/webclient/version_info', {}, name, signal)
      return readServerInfo(result, answer, beforeMs)
    },
  }
}

async function authenticate(http: OdooHttp, login: Login, signal: AbortSignal): Promise<Session> {
  const name = { model: 'session', method: 'authenticate', changesData: false }
  const params = { db: http.database, login: login.user, password: login.secret }
  const { answer, result } = await postRpc(http, '/web/session/authenticate', params, name, signal).catch((error) => {
    throw pythonName(error) === 'odoo.exceptions.AccessError' ? noDatabase(http, error) : error
  })
  const uid = readUserId((result as { readonly uid?: number } | null)?.uid, login.user)
  const id = readSessionId(answer)
  if (id !== null) return { uid, id }
  throw new SyncError('unexpected', `${http.pool.origin} opened a session for ${login.user} and sent no cookie`, {
    hint: 'Look whether a proxy in front of Odoo takes the cookie `session_id` out of its answers.',
  })
}

/** Nothing else is forbidden before there is a user: since 15, Odoo says so of a database that it does not offer. */
function noDatabase(http: OdooHttp, cause: unknown): SyncError {
  return new SyncError('config', `${http.pool.origin} offers no database ${http.database}`, {
    cause,
    hint: 'Check `database` of the connection.',
  })
}

function isSessionEnded(error: unknown): boolean {
  return pythonName(error) === 'odoo.http.SessionExpiredException'
}

function readSessionId({ headers }: HttpAnswer): string | null {
  for (const cookie of [headers['set-cookie'] ?? []].flat()) {
    const id = /^session_id=([^;]+)/.exec(cookie)?.[1]
    if (id !== undefined) return id
  }
  return null
}
