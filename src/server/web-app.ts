import { Hono } from 'hono'
import { asSyncError } from '../contract/error.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { refuse } from './answers.ts'
import { healthRoute } from './health-route.ts'
import { type HookRouteOptions, hookRoutes } from './hook-routes.ts'
import { BrokenOff } from './read-body.ts'
import { type WebhookRouteOptions, webhookRoutes } from './webhooks/webhook-routes.ts'

export interface WebAppOptions extends HookRouteOptions, WebhookRouteOptions {
  readonly ledger: Pick<Ledger, 'mappings'>
  /** A defect of ours: told, and answered with a bare 500. */
  readonly onDefect: (message: string) => void
}

/** Everything that the server answers. */
export function createWebApp(options: WebAppOptions): Hono {
  const app = new Hono()
  app.route('/', healthRoute(options.ledger))
  app.route('/', hookRoutes(options))
  app.route('/', webhookRoutes(options))
  app.notFound((context) => refuse(context, 404, 'not_found', 'There is nothing here.'))
  app.onError((error, context) => {
    if (error instanceof BrokenOff) return context.body(null, 400)
    options.onDefect(
      `A request to ${context.req.method} ${context.req.routePath} failed: ${asSyncError(error).message}`,
    )
    return refuse(context, 500, 'unexpected', 'This failed here; the log says why.')
  })
  return app
}
