import { Hono } from 'hono'
import { SIDES } from '../../mapping/mapping.ts'
import { connectionStatus } from '../../operations/connection-status.ts'
import { pause, resume } from '../../operations/pause.ts'
import { checkConnectionName } from '../../operations/site.ts'
import { connectionRow } from '../overview-data.ts'
import { BY_PAGE, type PageTools, textOf } from '../page-tools.ts'
import { connectionPage } from '../pages/connection-page.ts'

export function connectionRoutes(tools: PageTools): Hono {
  const { site } = tools
  const routes = new Hono()
  const path = '/connections/:connection'
  routes.get(path, async (context) => {
    const connection = context.req.param('connection')
    checkConnectionName(site, connection)
    const row = connectionRow(site, await connectionStatus(site.ledger, connection, true))
    const mappings = site.files
      .filter(({ definition }) => SIDES.some((side) => definition[side].connection === connection))
      .map(({ name }) => name)
    const content = connectionPage({ ...row, mappings, nowMs: site.clock.nowMs() })
    return tools.show(context, { title: connection, section: 'overview', content })
  })
  routes.post(`${path}/pause`, async (context) => {
    const connection = context.req.param('connection')
    const { reason } = await context.req.parseBody()
    await pause(site, { target: { kind: 'connection', connection }, reason: textOf(reason), by: BY_PAGE })
    return tools.leave(context, `/connections/${connection}`, { tone: 'good', text: `${connection} is paused.` })
  })
  routes.post(`${path}/resume`, async (context) => {
    const connection = context.req.param('connection')
    await resume(site, { target: { kind: 'connection', connection }, by: BY_PAGE })
    return tools.leave(context, `/connections/${connection}`, { tone: 'good', text: `${connection} runs again.` })
  })
  return routes
}
