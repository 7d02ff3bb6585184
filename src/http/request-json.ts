import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import type { HttpPool } from './http-pool.ts'
import { parseJson } from './parse-json.ts'
import { spentForMs } from './rate-limit.ts'
import { parseRetryAfterMs } from './retry-after.ts'
import { transportError } from './transport-error.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Begins with a slash; the pool's own prefix is put in front. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Already encoded. */
  readonly body: string | null
  /** Decides whether a failure on the way is `inDoubt`. */
  readonly changesData: boolean
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export interface JsonAnswer extends HttpAnswer {
  /** undefined: the body is not JSON (an error page of a proxy, an empty answer). */
  readonly body: Value | undefined
}

/**
 * One HTTP call through the pool, within its pace and deadlines. Any status is an answer, redirects too: they are not
 * followed, because credentials must not cross origins. Never repeats a call. A 429 or 503 with `Retry-After` is an answer
 * too, and so is one whose rate-limit headers say that none is left; from then on every call is refused until that is over.
 * @throws SyncError `rate_limited` or `unavailable` during such a pause, with nothing sent;
 * SyncError `network` (also for a truncated or unreadable JSON answer with a 2xx), `timeout` or `too_large`.
 */
export async function requestJson(pool: HttpPool, request: HttpRequest, signal: AbortSignal): Promise<JsonAnswer> {
  const answer = await requestText(pool, request, signal)
  return { ...answer, body: decodeBody(pool, request, answer) }
}

/** The same for an answer that need not be JSON. @throws SyncError `network`, `timeout` or `too_large`. */
export async function requestText(pool: HttpPool, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  let isStarted = false
  try {
    return await pool.pace.run(() => {
      isStarted = true
      return send(pool, request, signal)
    }, signal)
  } catch (error) {
    if (error instanceof SyncError) throw error
    // A call whose signal aborts before its turn ends with the signal's own reason.
    throw transportError(error, {
      origin: pool.origin,
      changesData: request.changesData,
      ended: 'stopped',
      totalMs: pool.totalMs,
      mayBeSent: isStarted,
    })
  }
}

async function send(pool: HttpPool, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  let ended: 'deadline' | 'stopped' | null = null
  const controller = new AbortController()
  const end = (why: 'deadline' | 'stopped') => {
    ended ??= why
    controller.abort()
  }
  const stop = () => end('stopped')
  // A timer of our own, because AbortSignal.timeout could not be cleared and would outlive each of many short calls.
  const deadline = setTimeout(() => end('deadline'), pool.totalMs)
  signal.addEventListener('abort', stop)
  try {
    const { statusCode, headers, body } = await pool.sockets.request({
      method: request.method,
      path: pool.pathPrefix + request.path,
      headers: request.headers,
      body: request.body,
      signal: controller.signal,
    })
    holdWhereAsked(pool, statusCode, headers)
    return { status: statusCode, headers, text: await body.text() }
  } catch (error) {
    const { origin, totalMs } = pool
    throw transportError(error, { origin, changesData: request.changesData, ended, totalMs, mayBeSent: true })
  } finally {
    clearTimeout(deadline)
    signal.removeEventListener('abort', stop)
  }
}

/**
 * A server that says when to come back is left alone until then, by every call of this pool: after a 429 or 503 with
 * `Retry-After`, and after any answer that says that it was the last one allowed for now.
 */
export function holdWhereAsked(pool: HttpPool, status: number, headers: JsonAnswer['headers']): void {
  const isRefused = status === 429 || status === 503
  const header = headers['retry-after']
  const askedMs = isRefused ? parseRetryAfterMs(Array.isArray(header) ? header[0] : header, Date.now()) : null
  const ms = askedMs ?? spentForMs(headers, Date.now())
  if (ms !== null && ms > 0) pool.pace.hold(ms, status === 503 ? 'unavailable' : 'rate_limited')
}

/** undefined: not JSON. @throws SyncError `network` where an answer that should be JSON is not whole. */
export function decodeBody(
  pool: HttpPool,
  request: Pick<HttpRequest, 'path' | 'changesData'>,
  { status, headers, text }: HttpAnswer,
): Value | undefined {
  if (status === 204 || status === 205) return undefined
  const type = headers['content-type']
  if (typeof type !== 'string' || !/^[^;]*\bjson\b/i.test(type)) return undefined
  try {
    return parseJson(text)
  } catch (cause) {
    if (status >= 300) return undefined
    throw new SyncError('network', `The answer of ${pool.origin}${request.path} is not whole or not JSON`, {
      cause,
      inDoubt: request.changesData,
    })
  }
}
