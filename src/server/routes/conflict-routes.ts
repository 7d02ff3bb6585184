import { type Context, Hono } from 'hono'
import { SyncError } from '../../contract/error.ts'
import type { Side } from '../../mapping/mapping.ts'
import { listConflicts, showConflict } from '../../operations/conflicts.ts'
import type { ResolveJob } from '../../operations/resolve-conflicts.ts'
import { knownMappings, mappingNamed } from '../../operations/site.ts'
import { viewOf, viewsOf } from '../conflict-views.ts'
import { BY_PAGE, failureOf, type PageTools, sideOf, textOf, wantsPart } from '../page-tools.ts'
import { conflictCard, conflictOutcome, conflictsPage, resolveAllPage } from '../pages/conflicts.ts'
import { html } from '../pages/html.ts'
import { PAGE_SIZE } from '../pages/pager.ts'
import { recordName } from '../pages/record-address.ts'
import { outcomeOf, runJob, startJob } from '../run-job.ts'
import type { ServerSite } from '../site.ts'

export function conflictRoutes(tools: PageTools): Hono {
  const { site } = tools
  const routes = new Hono()
  routes.get('/conflicts', (context) => showList(tools, context))
  routes.get('/conflicts/all', async (context) => {
    const mapping = mappingNamed(site, context.req.query('mapping') ?? '').name
    const content = resolveAllPage(mapping, await countConflicts(tools, [mapping]))
    return tools.show(context, { title: `Decide all conflicts of ${mapping}`, section: 'conflicts', content })
  })
  routes.post('/conflicts/all', async (context) => {
    const form = await context.req.parseBody()
    const take = sideOf(textOf(form.take) ?? undefined)
    if (take === null) throw new SyncError('invalid', 'Say whose values win.')
    const job: ResolveJob = {
      kind: 'resolve',
      mapping: textOf(form.mapping) ?? '',
      records: null,
      take,
      fields: {},
      by: BY_PAGE,
    }
    return context.redirect(`/jobs/${await startJob(site, job)}`, 303)
  })
  routes.get('/conflicts/:mapping/:side/:id', async (context) => {
    const { mapping, side, id } = addressOf(context)
    const conflict = await viewOf(site, await showConflict(site, mapping, { side, id }))
    const name = recordName(conflict)
    const content = html`<p class="crumbs"><a href="/conflicts?mapping=${mapping}">Conflicts</a> / <span dir="auto">${name}</span></p>
      <div class="head"><h1>Conflict of <span dir="auto">${name}</span></h1></div>
      ${conflictCard(conflict, site.clock.nowMs())}`
    return tools.show(context, { title: `Conflict of ${name}`, section: 'conflicts', content })
  })
  routes.post('/conflicts/:mapping/:side/:id', (context) => resolve(tools, context))
  return routes
}

async function showList(tools: PageTools, context: Context): Promise<Response> {
  const { site } = tools
  const mapping = textOf(context.req.query('mapping'))
  const after = textOf(context.req.query('after'))
  const { conflicts, next } = await listConflicts(site, { mapping, limit: PAGE_SIZE, after })
  const details = await Promise.all(
    conflicts.map(({ mapping: name, side, id }) => showConflict(site, name, { side, id })),
  )
  const views = await viewsOf(site, details)
  const total = await countConflicts(tools, await knownMappings(site, mapping))
  const pager = {
    path: '/conflicts',
    query: mapping === null ? {} : { mapping },
    after,
    next,
    shown: views.length,
    total,
  }
  const mappings = site.files.map(({ name }) => name)
  const content = conflictsPage({ conflicts: views, mappings, mapping, total, pager, nowMs: site.clock.nowMs() })
  return tools.show(context, { title: 'Conflicts', section: 'conflicts', content })
}

async function countConflicts({ site, counters }: PageTools, mappings: readonly string[]): Promise<number> {
  let total = 0
  for (const name of mappings) total += await counters.conflicts(name, await site.ledger.counts(name))
  return total
}

interface Address {
  readonly mapping: string
  readonly side: Side
  readonly id: string
}

function addressOf(context: Context): Address {
  const { mapping = '', side: sideText = '', id = '' }: Record<string, string> = context.req.param()
  const side = sideOf(sideText)
  if (side === null) throw new SyncError('config', `"${sideText}" is no side.`)
  return { mapping, side, id }
}

/** A click: one side's values, or for each field the one that was chosen. */
async function resolve(tools: PageTools, context: Context): Promise<Response> {
  const { site } = tools
  const { mapping, side, id } = addressOf(context)
  const form = await context.req.parseBody()
  const take = sideOf(textOf(form.take) ?? undefined)
  const fields: Record<string, { readonly take: Side }> = {}
  for (const [name, value] of Object.entries(form)) {
    const chosen = sideOf(typeof value === 'string' ? value : undefined)
    if (form.take === 'chosen' && name.startsWith('field:') && chosen)
      fields[name.slice('field:'.length)] = { take: chosen }
  }
  if (take === null && Object.keys(fields).length === 0) throw new SyncError('invalid', 'Say whose values win.')
  const conflict = await showConflict(site, mapping, { side, id }).catch(() => null)
  const name = recordName({ key: conflict?.key ?? null, side, id })
  const outcome = await decide(site, { kind: 'resolve', mapping, records: [{ side, id }], take, fields, by: BY_PAGE })
  if (wantsPart(context)) return tools.part(context, conflictOutcome(name, outcome))
  return tools.leave(context, `/conflicts?mapping=${mapping}`, { ...outcome, text: `${name}: ${outcome.text}` })
}

async function decide(
  site: ServerSite,
  job: ResolveJob,
): Promise<{ readonly tone: 'good' | 'bad'; readonly text: string }> {
  try {
    const request = await runJob(site, job)
    const [left] = (request.answer?.left ?? []) as readonly { readonly message?: string }[]
    if (left) return { tone: 'bad', text: left.message ?? 'It is left as it is.' }
    return outcomeOf(request, 'decided, and written.')
  } catch (error) {
    const { message, hint } = failureOf(error)
    return { tone: 'bad', text: [message, hint].filter(Boolean).join(' ') }
  }
}
