import { Hono } from 'hono'
import { ConfigError } from '../config/config-error.ts'
import { asSyncError, SyncError } from '../contract/error.ts'
import { createPageTools } from './page-tools.ts'
import { conflictRoutes } from './routes/conflict-routes.ts'
import { connectionRoutes } from './routes/connection-routes.ts'
import { deadLetterRoutes } from './routes/dead-letter-routes.ts'
import { mappingRoutes } from './routes/mapping-routes.ts'
import { overviewRoutes } from './routes/overview-routes.ts'
import { resyncRoutes } from './routes/resync-routes.ts'
import { traceRoutes } from './routes/trace-routes.ts'
import { verifyRoutes } from './routes/verify-routes.ts'
import type { ServerSite } from './site.ts'
import type { AllStudies } from './studies.ts'

/** The status page: what a person sees and does. */
export function pageRoutes(site: ServerSite, studies: AllStudies): Hono {
  const tools = createPageTools(site)
  const routes = new Hono()
  const parts = [
    overviewRoutes(tools),
    resyncRoutes(tools, studies),
    verifyRoutes(tools, studies),
    mappingRoutes(tools),
    connectionRoutes(tools),
    conflictRoutes(tools),
    deadLetterRoutes(tools),
    traceRoutes(tools),
  ]
  for (const part of parts) {
    part.onError((error, context) => {
      // What was expected to fail is told to whoever asked; a defect also to the log.
      if (error instanceof SyncError || error instanceof ConfigError) return tools.refuse(context, error)
      site.onDefect(`A request to ${context.req.method} ${context.req.routePath} failed: ${asSyncError(error).message}`)
      return tools.refuse(context, new SyncError('unexpected', 'This failed here; the log says why.'))
    })
    routes.route('/', part)
  }
  return routes
}
