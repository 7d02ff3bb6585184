import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { closeHttpPool, type HttpPool, openHttpPool } from '../../http/http-pool.ts'
import { valueAt } from '../../http/json-path.ts'
import { spentForMs } from '../../http/rate-limit.ts'
import { type JsonAnswer, requestJson } from '../../http/request-json.ts'
import { parseRetryAfterMs } from '../../http/retry-after.ts'
import { createAuthorizer } from './authorize.ts'
import type { Call } from './call-schema.ts'
import { messageIn, restError } from './errors.ts'
import type { RestSettings } from './settings.ts'
import { type Bindings, fill, fillPath, fillQuery } from './template.ts'

/** A call with its placeholders. */
export interface ClientCall {
  readonly call: Call
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly bindings: Bindings
  /** Added to the call's own query. */
  readonly query?: Readonly<Record<string, Value>>
  /** A whole path with its query, as a "next" link has it, in place of the call's own. */
  readonly address?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Decides whether a failure on the way is `inDoubt`. */
  readonly changesData: boolean
  /** Statuses without success that are an answer all the same: 404 to a read. */
  readonly expected?: readonly number[]
}

/** A REST API with our credentials. Knows calls and errors, and nothing of records. */
export interface RestClient {
  readonly origin: string
  /** @throws SyncError for every status that is neither a success nor expected. Never repeats a call that may have worked. */
  call(call: ClientCall, signal: AbortSignal): Promise<JsonAnswer>
  close(): Promise<void>
}

export function openRestClient(settings: RestSettings): RestClient {
  const pool = openPool(settings, settings.url)
  const authorizer = createAuthorizer(settings.auth, pool, (url) => openPool(settings, url))

  async function attempt(call: ClientCall, signal: AbortSignal, isSecond: boolean): Promise<JsonAnswer> {
    const credentials = await authorizer.credentials(signal)
    const request = requestOf(settings, pool, call, credentials)
    const answer = await requestJson(pool, request, signal)
    // 401 is decided before anything is done, so the call may be made again.
    if (answer.status === 401 && !isSecond && authorizer.refused(credentials)) return attempt(call, signal, true)
    return judge(settings, call, request.path, answer)
  }

  return {
    origin: pool.origin,
    call: (call, signal) => attempt(call, signal, false),
    async close() {
      await Promise.all([closeHttpPool(pool), authorizer.close()])
    },
  }
}

function openPool(settings: RestSettings, url: string): HttpPool {
  const { limits, timeouts } = settings
  return openHttpPool({
    url,
    limits: { concurrency: limits.concurrency, perSecond: limits.per_second },
    timeouts: {
      connectMs: timeouts.connect,
      headersMs: timeouts.answer,
      bodyMs: timeouts.body,
      totalMs: timeouts.total,
    },
    maxBodyBytes: limits.answer_bytes,
  })
}

function requestOf(
  settings: RestSettings,
  pool: HttpPool,
  { call, method, bindings, query, address, headers, changesData }: ClientCall,
  credentials: { readonly headers: Readonly<Record<string, string>>; readonly query: Readonly<Record<string, string>> },
) {
  const body = call.body === undefined ? undefined : fill(call.body, bindings)
  return {
    method: call.method ?? method,
    path:
      address === undefined
        ? fillPath(call.path, bindings) + fillQuery({ ...call.query, ...query, ...credentials.query }, bindings)
        : withinPool(pool, address, credentials.query),
    headers: {
      accept: 'application/json',
      'user-agent': 'Tandem',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...lowerCased(settings.headers),
      ...lowerCased(call.headers),
      ...headers,
      ...credentials.headers,
    },
    body: body === undefined ? null : JSON.stringify(body),
    changesData,
  }
}

/** @throws SyncError `unexpected` for an address on another server: our credentials do not go there. */
function withinPool(pool: HttpPool, address: string, query: Readonly<Record<string, string>>): string {
  const base = `${pool.origin}${pool.pathPrefix}/`
  const url = URL.parse(address, base)
  if (url?.origin !== pool.origin || !`${url.pathname}/`.startsWith(`${pool.pathPrefix}/`)) {
    throw new SyncError(
      'unexpected',
      `The API's next page is at ${address}, which is not under ${pool.origin}${pool.pathPrefix}`,
      {
        hint: 'Set the `url` of the connection to the address that the API itself uses.',
      },
    )
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url.pathname.slice(pool.pathPrefix.length) + url.search
}

function judge(settings: RestSettings, call: ClientCall, path: string, answer: JsonAnswer): JsonAnswer {
  const { status, body } = answer
  const name = `${call.call.method ?? call.method} ${path.split('?')[0]}`
  const isGood = status >= 200 && status < 300
  if (isGood) {
    const fault = settings.error === undefined ? undefined : valueAt(body, settings.error)
    if (fault === undefined || fault === null || (Array.isArray(fault) && fault.length === 0)) return answer
    const said = messageIn(fault) ?? messageIn({ errors: fault }) ?? 'without saying why'
    // What is wrong with a call that only reads is the call, not a record.
    throw new SyncError(call.changesData ? 'invalid' : 'schema', `The API refused ${name}: ${said}`)
  }
  if (call.expected?.includes(status) === true) return answer
  throw restError(status, body, {
    name,
    changesData: call.changesData,
    retryAfterMs:
      parseRetryAfterMs(headerOf(answer, 'retry-after'), Date.now()) ?? spentForMs(answer.headers, Date.now()),
    statuses: settings.statuses,
  })
}

export function headerOf(answer: JsonAnswer, name: string): string | undefined {
  const value = answer.headers[name]
  return Array.isArray(value) ? value[0] : value
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
