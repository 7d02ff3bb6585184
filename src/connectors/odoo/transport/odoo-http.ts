import { SyncError } from '../../../contract/error.ts'
import type { Fields, Value } from '../../../contract/value.ts'
import type { HttpPool } from '../../../http/http-pool.ts'
import type { HttpAnswer, JsonAnswer } from '../../../http/request-json.ts'
import { parseRetryAfterMs } from '../../../http/retry-after.ts'
import { type FailedCall, odooError } from './errors.ts'
import { peek } from './peek.ts'
import { type JsonPost, openJson, postJson, wholeAnswer } from './post-json.ts'
import type { OdooCall, ServerInfo } from './transport.ts'

/** What all transports of one connection send with. */
export interface OdooHttp {
  readonly pool: HttpPool
  readonly database: string
}

/** How a call is told of in errors, and whether its failure can be in doubt. */
export type CallName = Pick<FailedCall, 'model' | 'method' | 'changesData'> & Pick<OdooCall, 'streamed'>

export const JSON_HEADERS = { 'content-type': 'application/json', 'user-agent': 'Tandem' }

export function headerText(answer: HttpAnswer, name: string): string | undefined {
  const value = answer.headers[name]
  return Array.isArray(value) ? value[0] : value
}

export function failedCall(call: CallName, answer: HttpAnswer): FailedCall {
  const { model, method, changesData } = call
  return { model, method, changesData, retryAfterMs: parseRetryAfterMs(headerText(answer, 'retry-after'), Date.now()) }
}

/** `answer.body` of a JSON-RPC call, with its error, if it has one, as the SyncError. */
export interface RpcReply {
  readonly answer: JsonAnswer
  readonly result: Value
}

/**
 * A call of one of Odoo's JSON-RPC routes. Odoo answers 200 also to a call that failed; before 15 it leaves `result` out
 * where it is None.
 * @throws SyncError
 */
export async function postRpc(
  http: OdooHttp,
  path: string,
  params: Fields,
  call: CallName,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<RpcReply> {
  const answer = await postJson(http, rpcPost(path, params, call, headers), signal)
  return readReply(answer, call)
}

/**
 * The same for a call that only reads, as the bytes of the answer's JSON. An answer without a result is an error, and read
 * whole.
 */
export async function* streamRpc(
  http: OdooHttp,
  path: string,
  params: Fields,
  call: CallName,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array> {
  const post = rpcPost(path, params, call, headers)
  const answer = await openJson(http, post, signal)
  try {
    const { head, all } = await peek(answer.pieces, SHORTEST_HEAD)
    const isResult = answer.status === 200 && HAS_RESULT.test(head)
    if (!isResult) readReply(await wholeAnswer(http, post, { ...answer, pieces: all }), call)
    yield* all
  } finally {
    answer.close()
  }
}

/** Where an answer says whether it is a result or an error. Odoo writes the protocol's own members first. */
const HAS_RESULT = /^\s*\{(?:\s*"(?:jsonrpc|id)"\s*:\s*(?:"[^"]*"|\d+|null)\s*,)*\s*"result"/
const SHORTEST_HEAD = 200

function rpcPost(
  path: string,
  params: Fields,
  { changesData, streamed }: CallName,
  headers: Readonly<Record<string, string>>,
): JsonPost {
  const args = { jsonrpc: '2.0', method: 'call', params, id: 1 }
  return { path, headers: { ...JSON_HEADERS, ...headers }, args, changesData, streamed }
}

function readReply(answer: JsonAnswer, call: CallName): RpcReply {
  const reply = answer.body
  if (typeof reply !== 'object' || reply === null || Array.isArray(reply) || !('jsonrpc' in reply)) {
    throw odooError(answer.status, undefined, failedCall(call, answer))
  }
  const { result, error } = reply as { readonly result?: Value; readonly error?: { readonly data?: Value } | null }
  if (error !== undefined && error !== null) throw odooError(answer.status, error.data, failedCall(call, answer))
  return { answer, result: result ?? null }
}

/** The server's version from `common.version` or the like, and its clock from the answer. */
export function readServerInfo(result: Value | undefined, answer: HttpAnswer, beforeMs: number): ServerInfo {
  const middleMs = (beforeMs + Date.now()) / 2
  const dateMs = Date.parse(headerText(answer, 'date') ?? '')
  return {
    version: readVersion(result),
    // The header is cut to whole seconds: half a second is the best guess for what was cut off.
    clockOffsetMs: Number.isNaN(dateMs) ? null : Math.round(dateMs + 500 - middleMs),
  }
}

function readVersion(result: Value | undefined): string | null {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return null
  const { server_version, version } = result as Fields
  const text = server_version ?? version
  return typeof text === 'string' ? text : null
}

/** What a login answered: the user's id, or false where Odoo did not let us in. */
export function readUserId(uid: Value | undefined, login: string): number {
  if (typeof uid === 'number') return uid
  throw new SyncError('unauthorized', `Odoo does not let the user ${login} in`, {
    hint: 'Check `user`, and `api_key` or `password`; for a user with two-factor authentication, use an API key.',
  })
}
