import { Hono } from 'hono'
import { confirmGuards } from '../../operations/confirm-guards.ts'
import { openGuards } from '../../operations/open-guards.ts'
import { pause, resume } from '../../operations/pause.ts'
import { mappingNamed } from '../../operations/site.ts'
import { describeSides, readDay, readStatus } from '../overview-data.ts'
import { BY_PAGE, type PageTools, textOf } from '../page-tools.ts'
import { guardsPage } from '../pages/guards-page.ts'
import { type MappingView, mappingPage, mappingParts } from '../pages/mapping-page.ts'
import { outcomeOf, runJob } from '../run-job.ts'
import type { ServerSite } from '../site.ts'
import { describeSchedule } from './describe-schedule.ts'

export function mappingRoutes(tools: PageTools): Hono {
  const { site } = tools
  const routes = new Hono()
  const path = '/mappings/:mapping'
  routes.get(path, async (context) => {
    const view = await readMapping(site, context.req.param('mapping'))
    return tools.show(context, { title: view.status.mapping, section: 'overview', content: mappingPage(view) })
  })
  routes.get(`/parts${path}`, async (context) =>
    tools.part(context, mappingParts(await readMapping(site, context.req.param('mapping')))),
  )
  routes.post(`${path}/pause`, async (context) => {
    const mapping = context.req.param('mapping')
    const { reason } = await context.req.parseBody()
    await pause(site, { target: { kind: 'mapping', mapping }, reason: textOf(reason), by: BY_PAGE })
    return tools.leave(context, `/mappings/${mapping}`, { tone: 'good', text: `${mapping} is paused.` })
  })
  routes.post(`${path}/resume`, async (context) => {
    const mapping = context.req.param('mapping')
    await resume(site, { target: { kind: 'mapping', mapping }, by: BY_PAGE })
    return tools.leave(context, `/mappings/${mapping}`, { tone: 'good', text: `${mapping} runs again.` })
  })
  routes.post(`${path}/sync`, async (context) => {
    const mapping = context.req.param('mapping')
    const job = await runJob(site, { kind: 'sync', mapping, sweeps: false, confirms: false })
    return tools.leave(context, `/mappings/${mapping}`, outcomeOf(job, `${mapping} was brought in step.`))
  })
  routes.get(`${path}/guards`, async (context) => {
    const mapping = mappingNamed(site, context.req.param('mapping')).name
    const content = guardsPage(mapping, openGuards(await site.ledger.state(mapping)))
    return tools.show(context, { title: `Guards of ${mapping}`, section: 'overview', content })
  })
  routes.post(`${path}/guards`, async (context) => {
    const mapping = context.req.param('mapping')
    const { agree } = await context.req.parseBody()
    if (agree !== 'yes') return context.redirect(`/mappings/${mapping}/guards`, 303)
    await confirmGuards(site, { mapping, by: BY_PAGE })
    return tools.leave(context, `/mappings/${mapping}`, { tone: 'good', text: 'What was held back is carried out.' })
  })
  return routes
}

async function readMapping(site: ServerSite, name: string): Promise<MappingView> {
  const file = mappingNamed(site, name)
  const nowMs = site.clock.nowMs()
  const status = (await readStatus(site)).mappings.find(({ mapping }) => mapping === name)
  if (!status) throw new Error(`no status of ${name}`)
  const { odoo, external, schedule } = file.definition
  return {
    status,
    state: status.state === 'new' ? null : await site.ledger.state(name),
    file: file.file,
    sides: describeSides(file),
    connections: [odoo.connection, external.connection],
    schedule: describeSchedule(schedule),
    day: await readDay(site, name, nowMs),
    nowMs,
  }
}
