import { SyncError } from '../../../contract/error.ts'
import type { Value } from '../../../contract/value.ts'
import { type HttpAnswer, requestText } from '../../../http/request-json.ts'
import { heldArgs } from '../streamed-args.ts'
import { odooError } from './errors.ts'
import type { Login } from './jsonrpc.ts'
import { type CallName, failedCall, type OdooHttp, readServerInfo, readUserId } from './odoo-http.ts'
import { rpcArguments } from './rpc-arguments.ts'
import type { OdooCall, OdooTransport } from './transport.ts'
import { decodeMethodResponse, type MethodResponse } from './xmlrpc-decode.ts'
import { encodeMethodCall } from './xmlrpc-encode.ts'
import { readLostAnswer, readXmlRpcFault } from './xmlrpc-fault.ts'

const HEADERS = { 'content-type': 'text/xml', 'user-agent': 'Tandem' }

/** XML-RPC: `POST /xmlrpc/2/common` and `/xmlrpc/2/object`, Odoo 14 to 21. */
export function createXmlRpc(http: OdooHttp, login: Login): OdooTransport {
  let userId: number | null = null
  const transport: OdooTransport = {
    async userId(signal) {
      if (userId !== null) return userId
      const name = { model: 'common', method: 'authenticate', changesData: false }
      const params = [http.database, login.user, login.secret, {}]
      userId = readUserId((await post(http, 'common', 'authenticate', params, name, signal)).result, login.user)
      return userId
    },

    async call(asked, signal) {
      const call = await holdStreamed(asked, signal)
      const { args, kwargs } = rpcArguments(call)
      const who = [http.database, await transport.userId(signal), login.secret]
      const params = [...who, call.model, call.method, args, kwargs]
      return (await post(http, 'object', 'execute_kw', params, call, signal)).result
    },

    async *stream(call, signal) {
      yield Buffer.from(JSON.stringify(await transport.call(call, signal)))
    },

    async serverInfo(signal) {
      const beforeMs = Date.now()
      const name = { model: 'common', method: 'version', changesData: false }
      const { result, answer } = await post(http, 'common', 'version', [], name, signal)
      return readServerInfo(result, answer, beforeMs)
    },
  }
  return transport
}

/** XML is not streamed: the call with its files as base64, in memory. */
async function holdStreamed(call: OdooCall, signal: AbortSignal): Promise<OdooCall> {
  const { streamed, ...rest } = call
  return streamed === undefined ? rest : { ...rest, args: await heldArgs(call.args, streamed, signal) }
}

async function post(
  http: OdooHttp,
  service: string,
  method: string,
  params: readonly Value[],
  call: CallName,
  signal: AbortSignal,
): Promise<{ readonly answer: HttpAnswer; readonly result: Value }> {
  const path = `/xmlrpc/2/${service}`
  const body = encodeMethodCall(method, params)
  const request = { method: 'POST', path, headers: HEADERS, body, changesData: call.changesData } as const
  const answer = await requestText(http.pool, request, signal)
  const response = decodeAnswer(http, answer, call)
  if (response.kind === 'result') return { answer, result: response.value }
  const lost = readLostAnswer(response.code, response.text)
  if (lost?.isNone) return { answer, result: null }
  if (lost !== null) throw unwritable(call)
  throw odooError(answer.status, readXmlRpcFault(response.code, response.text), failedCall(call, answer))
}

function decodeAnswer(http: OdooHttp, answer: HttpAnswer, call: CallName): MethodResponse {
  // Odoo answers a fault with 200, and since 19 with the status that fits its error.
  const type = answer.headers['content-type']
  if (typeof type !== 'string' || !/^[^;]*\bxml\b/i.test(type)) {
    throw odooError(answer.status, undefined, failedCall(call, answer))
  }
  try {
    return decodeMethodResponse(answer.text)
  } catch (cause) {
    if (answer.status >= 300) throw odooError(answer.status, undefined, failedCall(call, answer))
    throw new SyncError('network', `The answer of ${http.pool.origin} to ${call.model}.${call.method} is not whole`, {
      cause,
      inDoubt: call.changesData,
    })
  }
}

/** Seen for whole numbers beyond 32 bits, None inside of a list, and Python's own types. */
function unwritable({ model, method, changesData }: CallName): SyncError {
  return new SyncError('unsupported', `The answer of ${model}.${method} holds a value that XML-RPC cannot carry`, {
    inDoubt: changesData,
    hint: 'Use `protocol: jsonrpc` for this connection.',
  })
}
