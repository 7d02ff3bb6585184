import { Hono } from 'hono'
import { deleteCookie } from 'hono/cookie'
import { giveSession, SESSION_COOKIE } from '../access/admission.ts'
import { isSameSecret } from '../access/same-secret.ts'
import { textOf } from '../page-tools.ts'
import { bareLayout } from '../pages/layout.ts'
import { loginPage } from '../pages/login-page.ts'
import { ownPath } from './trace-routes.ts'

/** The way in for people, where a token is configured. */
export function loginRoutes(token: string | null, nowMs: () => number): Hono {
  const routes = new Hono()
  routes.get('/login', (context) => {
    const to = ownPath(context.req.query('to') ?? null) ?? '/'
    if (token === null) return context.redirect(to, 303)
    return context.html(bareLayout('Log in', loginPage(to, null)))
  })
  routes.post('/login', async (context) => {
    const form = await context.req.parseBody()
    const to = ownPath(textOf(form.to)) ?? '/'
    if (token === null) return context.redirect(to, 303)
    if (!isSameSecret(textOf(form.token) ?? '', token)) {
      return context.html(bareLayout('Log in', loginPage(to, 'That is not the token.')), 401)
    }
    giveSession(context, token, nowMs())
    return context.redirect(to, 303)
  })
  routes.post('/logout', (context) => {
    deleteCookie(context, SESSION_COOKIE, { path: '/' })
    return context.redirect('/login', 303)
  })
  return routes
}
