import { Hono } from 'hono'
import { readOverview } from '../overview-data.ts'
import type { PageTools } from '../page-tools.ts'
import { overviewPage, overviewParts } from '../pages/overview.ts'

export function overviewRoutes(tools: PageTools): Hono {
  const routes = new Hono()
  routes.get('/', async (context) => {
    const content = overviewPage(await readOverview(tools))
    return tools.show(context, { title: 'Overview', section: 'overview', content })
  })
  routes.get('/parts/overview', async (context) => tools.part(context, overviewParts(await readOverview(tools))))
  return routes
}
