import { SyncError } from '../../../contract/error.ts'
import type { Value } from '../../../contract/value.ts'
import { type HttpAnswer, requestText } from '../../../http/request-json.ts'
import { openRequest, sendStream, textOf } from '../../../http/stream-request.ts'
import { decodeBase64Member } from '../base64-stream.ts'
import { streamedBody } from '../streamed-args.ts'
import { odooError } from './errors.ts'
import type { Login } from './jsonrpc.ts'
import { type CallName, failedCall, type OdooHttp, readServerInfo, readUserId } from './odoo-http.ts'
import { peek } from './peek.ts'
import { callRoute } from './route.ts'
import { rpcArguments } from './rpc-arguments.ts'
import type { OdooCall, OdooTransport } from './transport.ts'
import { decodeMethodResponse, type MethodResponse } from './xmlrpc-decode.ts'
import { encodeMethodCall } from './xmlrpc-encode.ts'
import { readLostAnswer, readXmlRpcFault } from './xmlrpc-fault.ts'

const HEADERS = { 'content-type': 'text/xml', 'user-agent': 'Tandem' }

/** XML-RPC: `POST /xmlrpc/2/common` and `/xmlrpc/2/object`, Odoo 14 to 21. */
export function createXmlRpc(http: OdooHttp, login: Login): OdooTransport {
  let userId: number | null = null
  const paramsOf = async (call: OdooCall, signal: AbortSignal): Promise<readonly Value[]> => {
    const { args, kwargs } = rpcArguments(call)
    return [http.database, await transport.userId(signal), login.secret, call.model, call.method, args, kwargs]
  }
  const transport: OdooTransport = {
    route: (path, params, signal) => callRoute(http, path, params, {}, signal),

    async userId(signal) {
      if (userId !== null) return userId
      const name = { model: 'common', method: 'authenticate', changesData: false }
      const params = [http.database, login.user, login.secret, {}]
      userId = readUserId((await post(http, 'common', 'authenticate', params, name, signal)).result, login.user)
      return userId
    },

    async call(call, signal) {
      return (await post(http, 'object', 'execute_kw', await paramsOf(call, signal), call, signal)).result
    },

    async *content(call, field, signal) {
      yield* openContent(http, await paramsOf(call, signal), call, field, signal)
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

async function post(
  http: OdooHttp,
  service: string,
  method: string,
  params: readonly Value[],
  call: CallName,
  signal: AbortSignal,
): Promise<{ readonly answer: HttpAnswer; readonly result: Value }> {
  const request = {
    method: 'POST',
    path: `/xmlrpc/2/${service}`,
    headers: HEADERS,
    changesData: call.changesData,
  } as const
  const encode = (value: Value) => encodeMethodCall(method, value as readonly Value[])
  const answer =
    call.streamed === undefined
      ? await requestText(http.pool, { ...request, body: encode(params) }, signal)
      : await sendStream(
          http.pool,
          { ...request, body: streamedBody(encode, params, call.streamed, signal), answerBytes: 0 },
          signal,
        )
  return { answer, result: readResponse(http, answer, call) }
}

/** What the method returned. @throws SyncError */
function readResponse(http: OdooHttp, answer: HttpAnswer, call: CallName): Value {
  const response = decodeAnswer(http, answer, call)
  if (response.kind === 'result') return response.value
  const lost = readLostAnswer(response.code, response.text)
  if (lost?.isNone) return null
  if (lost !== null) throw unwritable(call)
  throw odooError(answer.status, readXmlRpcFault(response.code, response.text), failedCall(call, answer))
}

/** Nobody knows before how long a file is: the deadline of reading one is made for this much. */
const STREAMED_BYTES = 200_000_000
/** Where an answer says whether it is a result or a fault: `<?xml version='1.0'?>\n<methodResponse>\n<params>`. */
const HEAD_BYTES = 200

/** The file under `field` in the answer to `execute_kw`. An answer without a result is an error, and read whole. */
async function* openContent(
  http: OdooHttp,
  params: readonly Value[],
  call: OdooCall,
  field: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const body = encodeMethodCall('execute_kw', params)
  const request = { method: 'POST', path: '/xmlrpc/2/object', headers: HEADERS, body, changesData: false } as const
  const answer = await openRequest(http.pool, { ...request, answerBytes: STREAMED_BYTES }, signal)
  try {
    const { head, all } = await peek(answer.pieces, HEAD_BYTES)
    if (answer.status === 200 && /<methodResponse>\s*<params>/.test(head)) return yield* decodeBase64Member(all, field)
    readResponse(http, { status: answer.status, headers: answer.headers, text: await textOf(all) }, call)
  } finally {
    answer.close()
  }
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
