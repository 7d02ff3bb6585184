import type { Context, MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { isLoopback } from '../../config/config-schema.ts'
import { refuse } from '../answers.ts'
import type { AccessSettings } from './access-settings.ts'
import { isOwnHost, isOwnOrigin } from './hosts.ts'
import { isSameSecret } from './same-secret.ts'
import { newSession, SESSION_MS, sessionEndsMs } from './session.ts'

export const SESSION_COOKIE = 'tandem_session'
/** Open to whoever may reach the server: the way in, and what it looks like. */
const OPEN_PATHS = /^\/(?:login$|assets\/)/

/**
 * Stands before everything that people and programs use. In turn: is it us who are called, does a change come from a page
 * of ours, and does the caller have the token, as a header or, after the login, as a cookie.
 */
export function admission(settings: AccessSettings, nowMs: () => number): MiddlewareHandler {
  const isOpenToOthers = settings.publicUrl !== null && !isLoopback(new URL(settings.publicUrl).hostname)
  return async (context, next) => {
    const { hostname, host, pathname } = new URL(context.req.url)
    if (!isOwnHost(settings, hostname)) return refuseHost(context, hostname)
    if (isOpenToOthers && settings.token === null) return refuseWithoutToken(context)
    const isApi = pathname.startsWith('/api/') || pathname === '/metrics'
    if (!['GET', 'HEAD'].includes(context.req.method)) {
      const site = context.req.header('sec-fetch-site') ?? null
      const origin = context.req.header('origin') ?? null
      const isOwn = isOwnOrigin(settings, { site, origin, host }, !isApi)
      if (!isOwn) return refuse(context, 403, 'origin', 'A change has to come from a page of this server.')
    }
    if (settings.token === null || OPEN_PATHS.test(pathname)) return next()
    if (isAdmitted(context, settings.token, nowMs())) return next()
    if (isApi) return refuseCaller(context)
    const to = context.req.method === 'GET' ? `?to=${encodeURIComponent(pageOf(context))}` : ''
    // A part of a page that is loaded by itself: the whole page goes to the login.
    if (context.req.header('hx-request')) return context.body(null, 401, { 'hx-redirect': `/login${to}` })
    return context.redirect(`/login${to}`, 303)
  }
}

/** The page that the person looks at, also where only a part of it is asked for. */
function pageOf(context: Context): string {
  const shown = context.req.header('hx-current-url')
  const { pathname, search } = new URL(shown && URL.canParse(shown) ? shown : context.req.url)
  return pathname + search
}

function isAdmitted(context: Context, token: string, nowMs: number): boolean {
  const [scheme = '', given = ''] = (context.req.header('authorization') ?? '').split(' ')
  if (given !== '') return scheme.toLowerCase() === 'bearer' && isSameSecret(given, token)
  const endsMs = sessionEndsMs(token, getCookie(context, SESSION_COOKIE) ?? '', nowMs)
  if (endsMs === null) return false
  if (endsMs - nowMs < SESSION_MS / 2) giveSession(context, token, nowMs)
  return true
}

/** Logs a browser in, or keeps it logged in. */
export function giveSession(context: Context, token: string, nowMs: number): void {
  setCookie(context, SESSION_COOKIE, newSession(token, nowMs), {
    httpOnly: true,
    sameSite: 'Strict',
    path: '/',
    maxAge: SESSION_MS / 1000,
    secure: isEncrypted(context),
  })
}

/** Whether the browser's side of the line is encrypted, as far as a proxy says so. */
export function isEncrypted(context: Context): boolean {
  return (
    context.req.header('x-forwarded-proto') === 'https' || context.req.header('origin')?.startsWith('https:') === true
  )
}

function refuseHost(context: Context, hostname: string): Response {
  return refuse(context, 421, 'host', `This server is not called "${hostname}".`, {}, 'Its names are in server.hosts.')
}

function refuseWithoutToken(context: Context): Response {
  const hint = `Set one: server: { token: "\${TANDEM_TOKEN}" }`
  return refuse(context, 403, 'token', 'Others reach this server (server.public_url), so it needs a token.', {}, hint)
}

function refuseCaller(context: Context): Response {
  const headers = { 'www-authenticate': 'Bearer realm="tandem"' }
  return refuse(context, 401, 'unauthorized', 'The token is missing or wrong.', headers, 'Authorization: Bearer TOKEN')
}
