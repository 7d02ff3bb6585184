import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { asSyncError } from '../contract/error.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { AccessSettings } from './access/access-settings.ts'
import { admission } from './access/admission.ts'
import { secureHeaders } from './access/secure-headers.ts'
import { refuse } from './answers.ts'
import { apiRoutes } from './api/api-routes.ts'
import { assetRoutes } from './assets.ts'
import { healthRoute } from './health-route.ts'
import { type HookRouteOptions, hookRoutes } from './hook-routes.ts'
import { metricsRoute } from './metrics-route.ts'
import { pageRoutes } from './page-routes.ts'
import { BrokenOff } from './read-body.ts'
import { readinessRoute } from './readiness-route.ts'
import { loginRoutes } from './routes/login-routes.ts'
import type { ServerSite } from './site.ts'
import { createAllStudies } from './studies.ts'
import { type WebhookRouteOptions, webhookRoutes } from './webhooks/webhook-routes.ts'

export interface WebAppOptions extends HookRouteOptions {
  readonly ledger: Pick<Ledger, 'mappings'>
  /** What connections tell by webhooks; absent: none does. */
  readonly webhooks?: Omit<WebhookRouteOptions, 'inbox'>
  /** What people and programs look at and change; without it only hooks and the health are served. */
  readonly site?: ServerSite
  readonly metrics?: Pick<Metrics, 'scrape'> | undefined
  /** A defect of ours: told, and answered with a bare 500. */
  readonly onDefect: (message: string) => void
}

/** More than any form of ours has. */
const MAX_BODY_BYTES = 1024 * 1024

/** Everything that the server answers. */
export function createWebApp(options: WebAppOptions): Hono {
  const app = new Hono()
  app.route('/', healthRoute(options.ledger))
  app.route('/', hookRoutes(options))
  if (options.webhooks) app.route('/', webhookRoutes({ ...options.webhooks, inbox: options.inbox }))
  const { site } = options
  if (site) {
    app.route('/', readinessRoute(site))
    app.route('/', guarded(site, options.metrics))
  }
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

/** The pages, the API and the metrics, behind what decides who may use them. */
function guarded(site: ServerSite, metrics: WebAppOptions['metrics']): Hono {
  const settings: AccessSettings = site.config.server
  const routes = new Hono()
  const guards = [
    secureHeaders(),
    admission(settings, site.clock.nowMs),
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (context) => refuse(context, 413, 'too_large', `More than ${MAX_BODY_BYTES} bytes are not taken.`),
    }),
  ]
  // What hooks are told at is not named here: a wrong address of theirs is not there, for whoever asks.
  for (const path of ['/', '/:place{(?!hooks(?:/|$)).+}']) routes.use(path, ...guards)
  routes.route('/', loginRoutes(settings.token, site.clock.nowMs))
  routes.route('/', assetRoutes())
  if (metrics) routes.route('/', metricsRoute(metrics))
  const studies = createAllStudies(site)
  routes.route('/', apiRoutes(site, studies))
  routes.route('/', pageRoutes(site, studies))
  return routes
}
