import type { Value } from '../../../contract/value.ts'
import { decodeBase64Field } from '../base64-stream.ts'
import { type CallName, type OdooHttp, postRpc, readServerInfo, readUserId, streamRpc } from './odoo-http.ts'
import { callRoute } from './route.ts'
import { rpcArguments } from './rpc-arguments.ts'
import type { OdooTransport } from './transport.ts'

/** A user's name and his password, or one of his API keys: both work for calls by `jsonrpc` and `xmlrpc`. */
export interface Login {
  readonly user: string
  readonly secret: string
}

/** JSON-RPC: `POST /jsonrpc`, Odoo 14 to 21. */
export function createJsonRpc(http: OdooHttp, login: Login): OdooTransport {
  let userId: number | null = null
  const post = (service: string, method: string, args: readonly Value[], call: CallName, signal: AbortSignal) =>
    postRpc(http, '/jsonrpc', { service, method, args }, call, signal)
  const transport: OdooTransport = {
    route: (path, params, signal) => callRoute(http, path, params, {}, signal),

    async userId(signal) {
      if (userId !== null) return userId
      const name = { model: 'common', method: 'authenticate', changesData: false }
      const args = [http.database, login.user, login.secret, {}]
      userId = readUserId((await post('common', 'authenticate', args, name, signal)).result, login.user)
      return userId
    },

    async call(call, signal) {
      const { args, kwargs } = rpcArguments(call)
      const who = [http.database, await transport.userId(signal), login.secret]
      return (await post('object', 'execute_kw', [...who, call.model, call.method, args, kwargs], call, signal)).result
    },

    async *content(call, field, signal) {
      const { args, kwargs } = rpcArguments(call)
      const who = [http.database, await transport.userId(signal), login.secret]
      const params = { service: 'object', method: 'execute_kw', args: [...who, call.model, call.method, args, kwargs] }
      yield* decodeBase64Field(streamRpc(http, '/jsonrpc', params, call, signal), field)
    },

    async serverInfo(signal) {
      const beforeMs = Date.now()
      const name = { model: 'common', method: 'version', changesData: false }
      const { result, answer } = await post('common', 'version', [], name, signal)
      return readServerInfo(result, answer, beforeMs)
    },
  }
  return transport
}
