import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { closeHttpPool, type HttpPool } from '../../http/http-pool.ts'
import { textAt, valueAt } from '../../http/json-path.ts'
import { type HttpRequest, requestJson } from '../../http/request-json.ts'
import { restError } from './errors.ts'
import type { Auth } from './settings.ts'
import { fillPath, fillQuery } from './template.ts'
import { createTokenSource, type FetchedToken, type TokenSource } from './token.ts'

/** What a call carries so that the API knows us. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Set where the credential is a token that can be made anew. */
  readonly token: string | null
}

/** Credentials for each call. */
export interface Authorizer {
  credentials(signal: AbortSignal): Promise<Credentials>
  /** The API answered 401: true where another call with new credentials may succeed. */
  refused(credentials: Credentials): boolean
  close(): Promise<void>
}

/** How pools are opened, for a token server of its own address. */
export type OpenPool = (url: string) => HttpPool

/** @param pool the API's own, for a `login` call. */
export function createAuthorizer(auth: Auth, pool: HttpPool, openPool: OpenPool): Authorizer {
  if ('oauth2' in auth) {
    const { token_url } = auth.oauth2
    const { origin, pathname, search } = new URL(token_url)
    const tokenPool = openPool(origin)
    const source = createTokenSource(oauth2Fetch(auth.oauth2, tokenPool, pathname + search), () => performance.now())
    return withToken(
      source,
      (token) => ({ authorization: `Bearer ${token}` }),
      () => closeHttpPool(tokenPool),
    )
  }
  if ('login' in auth) {
    const { header, format } = auth.login
    const source = createTokenSource(loginFetch(auth.login, pool), () => performance.now())
    return withToken(source, (token) => ({ [header.toLowerCase()]: format.replace('{token}', token) }))
  }
  const fixed: Credentials = { headers: fixedHeaders(auth), query: fixedQuery(auth), token: null }
  return { credentials: async () => fixed, refused: () => false, close: async () => {} }
}

function withToken(
  source: TokenSource,
  headersFor: (token: string) => Readonly<Record<string, string>>,
  close: () => Promise<void> = async () => {},
): Authorizer {
  return {
    async credentials(signal) {
      const token = await source.current(signal)
      return { headers: headersFor(token), query: {}, token }
    },
    refused({ token }) {
      if (token === null) return false
      source.refused(token)
      return true
    },
    close,
  }
}

function fixedHeaders(auth: Auth): Readonly<Record<string, string>> {
  if ('bearer' in auth) return { authorization: `Bearer ${auth.bearer}` }
  if ('header' in auth) return { [auth.header.name.toLowerCase()]: auth.header.value }
  if ('basic' in auth) return { authorization: basic(auth.basic.user, auth.basic.password) }
  return {}
}

function fixedQuery(auth: Auth): Readonly<Record<string, string>> {
  return 'query' in auth ? { [auth.query.name]: auth.query.value } : {}
}

/** RFC 7617, with the name and password in UTF-8. */
function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

type Oauth2 = Extract<Auth, { oauth2: unknown }>['oauth2']

/** RFC 6749, 4.4 and 6. A server that gives a new refresh token with each answer is followed while the daemon runs. */
function oauth2Fetch(settings: Oauth2, pool: HttpPool, path: string) {
  let refreshToken = settings.refresh_token
  return async (signal: AbortSignal): Promise<FetchedToken> => {
    const form = new URLSearchParams(
      refreshToken === undefined
        ? { grant_type: 'client_credentials' }
        : { grant_type: 'refresh_token', refresh_token: refreshToken },
    )
    if (settings.scope !== undefined) form.set('scope', settings.scope)
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' }
    const secret = settings.client_secret
    // RFC 6749, 2.3.1: in the header, both are form-encoded before they are joined.
    if (settings.client_in === 'header' && secret !== undefined) {
      headers.authorization = basic(encodeURIComponent(settings.client_id), encodeURIComponent(secret))
    } else {
      form.set('client_id', settings.client_id)
      if (secret !== undefined) form.set('client_secret', secret)
    }
    const body = await fetchToken(
      pool,
      { method: 'POST', path, headers, body: form.toString(), changesData: false },
      signal,
    )
    refreshToken = textAt(body, 'refresh_token') ?? refreshToken
    const lives = valueAt(body, 'expires_in')
    return { token: tokenIn(body, 'access_token'), livesMs: Number(lives) > 0 ? Number(lives) * 1000 : null }
  }
}

type Login = Extract<Auth, { login: unknown }>['login']

function loginFetch(settings: Login, pool: HttpPool) {
  return async (signal: AbortSignal): Promise<FetchedToken> => {
    const request: HttpRequest = {
      method: settings.method ?? 'POST',
      path: fillPath(settings.path, {}) + fillQuery(settings.query, {}),
      headers: { 'content-type': 'application/json', accept: 'application/json', ...settings.headers },
      body: settings.body === undefined ? null : JSON.stringify(settings.body),
      changesData: false,
    }
    const body = await fetchToken(pool, request, signal)
    return { token: tokenIn(body, settings.token), livesMs: settings.lives ?? null }
  }
}

/** @throws SyncError `unauthorized` where the credentials are refused, which a token server may say with 400, too. */
async function fetchToken(pool: HttpPool, request: HttpRequest, signal: AbortSignal): Promise<Value | undefined> {
  const answer = await requestJson(pool, request, signal)
  if (answer.status >= 200 && answer.status < 300) return answer.body
  const statuses = { 400: 'unauthorized', 403: 'unauthorized', 422: 'unauthorized' } as const
  const name = `${request.method} ${pool.pathPrefix}${request.path}, which should give a token`
  throw restError(answer.status, answer.body, { name, changesData: false, retryAfterMs: null, statuses })
}

function tokenIn(body: Value | undefined, path: string): string {
  const token = textAt(body, path)
  if (token !== null && token !== '') return token
  throw new SyncError('config', `The answer that should give a token has none at "${path}"`, {
    hint: 'Correct the path in the `auth` of the connection.',
  })
}
