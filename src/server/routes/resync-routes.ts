import { Hono } from 'hono'
import { SyncError } from '../../contract/error.ts'
import type { ResyncOptions } from '../../engine/resync.ts'
import { parseSince } from '../../operations/parse-since.ts'
import { mappingNamed } from '../../operations/site.ts'
import { type PageTools, sideOf, textOf } from '../page-tools.ts'
import { jobPage, jobParts } from '../pages/job-page.ts'
import { type ResyncForm, rehearsalPage, rehearsalParts, resyncPage } from '../pages/resync-page.ts'
import { startJob } from '../run-job.ts'
import type { AllStudies } from '../studies.ts'

const EMPTY: ResyncForm = { from: '', since: '', ids: '', keys: '' }

/** What is chosen, then what would change, then the work itself. */
export function resyncRoutes(tools: PageTools, { dryRuns }: AllStudies): Hono {
  const { site } = tools
  const routes = new Hono()
  const path = '/mappings/:mapping/resync'
  routes.get(path, async (context) => {
    const mapping = mappingNamed(site, context.req.param('mapping')).name
    return tools.show(context, {
      title: `Resync ${mapping}`,
      section: 'overview',
      content: resyncPage(mapping, EMPTY, null),
    })
  })
  routes.post(path, async (context) => {
    const mapping = mappingNamed(site, context.req.param('mapping')).name
    const body = await context.req.parseBody()
    const form = Object.fromEntries(
      Object.keys(EMPTY).map((name) => [name, textOf(body[name]) ?? '']),
    ) as unknown as ResyncForm
    const sinceMs = form.since === '' ? null : parseSince(form.since, site.clock.nowMs())
    if (form.since !== '' && sinceMs === null) {
      const error = `“${form.since}” is no time: write 2d, 6h, 2026-11-21 or 2026-11-21 08:30.`
      return tools.show(
        context,
        { title: `Resync ${mapping}`, section: 'overview', content: resyncPage(mapping, form, error) },
        422,
      )
    }
    const [ids, keys] = [listOf(form.ids), listOf(form.keys)]
    if (ids !== null && keys !== null) {
      const error = 'Name records by key or by id, not both.'
      return tools.show(
        context,
        { title: `Resync ${mapping}`, section: 'overview', content: resyncPage(mapping, form, error) },
        422,
      )
    }
    const options: ResyncOptions = { from: sideOf(form.from), sinceMs, ids, keys }
    return context.redirect(`/rehearsals/${dryRuns.begin(mapping, { kind: 'resync', options })}`, 303)
  })
  routes.get('/rehearsals/:id', async (context) => {
    const view = dryRuns.find(context.req.param('id'))
    if (!view) throw goneError()
    return tools.show(context, {
      title: `Dry run of ${view.mapping}`,
      section: 'overview',
      content: rehearsalPage(view),
    })
  })
  routes.get('/parts/rehearsals/:id', async (context) => {
    const view = dryRuns.find(context.req.param('id'))
    if (!view) throw goneError()
    // When it is over, the whole page comes anew, without the asking.
    if (view.state !== 'running') context.header('hx-refresh', 'true')
    return tools.part(context, rehearsalParts(view))
  })
  routes.post('/rehearsals/:id/confirm', async (context) => {
    const view = dryRuns.take(context.req.param('id'))
    if (view?.subject.kind !== 'resync') throw goneError()
    const { mapping, subject } = view
    const id = await startJob(site, { kind: 'resync', mapping, options: subject.options })
    return context.redirect(`/jobs/${id}`, 303)
  })
  routes.get('/jobs/:id', async (context) => {
    const job = await site.ledger.findRequest(Number(context.req.param('id')))
    if (!job) throw new SyncError('config', 'There is no such job (any more).')
    return tools.show(context, {
      title: `${job.kind} ${String(job.args.mapping ?? '')}`,
      section: 'overview',
      content: jobPage(job),
    })
  })
  routes.get('/parts/jobs/:id', async (context) => {
    const job = await site.ledger.findRequest(Number(context.req.param('id')))
    if (!job) throw new SyncError('config', 'There is no such job (any more).')
    if (job.state === 'done' || job.state === 'failed') context.header('hx-refresh', 'true')
    return tools.part(context, jobParts(job))
  })
  return routes
}

function listOf(text: string): readonly string[] | null {
  const names = text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
  return names.length === 0 ? null : names
}

function goneError(): SyncError {
  return new SyncError('config', 'This dry run is not there any more.', {
    hint: 'Begin it anew from the page of its mapping.',
  })
}
