import { type Context, Hono } from 'hono'
import { SyncError } from '../../contract/error.ts'
import type { Link } from '../../ledger/link.ts'
import { SIDES } from '../../mapping/mapping.ts'
import { knownMappings, mappingNamed } from '../../operations/site.ts'
import { trace } from '../../operations/trace.ts'
import { BY_PAGE, type PageTools, textOf } from '../page-tools.ts'
import { storyHref } from '../pages/record-address.ts'
import { type Found, findPage, storyPage } from '../pages/trace-page.ts'
import { outcomeOf, runJob } from '../run-job.ts'
import type { ServerSite } from '../site.ts'

const HISTORY_STEP = 100
const HISTORY_MOST = 5000

export function traceRoutes(tools: PageTools): Hono {
  const { site } = tools
  const routes = new Hono()
  routes.get('/trace', async (context) => {
    const text = textOf(context.req.query('q'))
    const mapping = textOf(context.req.query('mapping'))
    const found = text === null ? null : await find(site, mapping, text)
    const [only] = found ?? []
    if (only && found?.length === 1) return context.redirect(storyHref(only.mapping, only), 303)
    const mappings = site.files.map(({ name }) => name)
    const content = findPage({ mappings, mapping: mapping ?? '', text: text ?? '', found })
    return tools.show(context, { title: 'Find a record', section: 'trace', content })
  })
  routes.get('/trace/:mapping', (context) => showStory(tools, context))
  routes.post('/trace/:mapping/undo', async (context) => {
    const mapping = context.req.param('mapping')
    const form = await context.req.parseBody()
    const entry = Number(textOf(form.entry))
    if (!Number.isSafeInteger(entry)) throw new SyncError('invalid', 'Say which entry of the history.')
    const job = await runJob(site, { kind: 'undo', mapping, entry, force: false, by: BY_PAGE })
    return tools.leave(
      context,
      ownPath(textOf(form.here)) ?? `/trace/${mapping}`,
      outcomeOf(job, 'It is written back.'),
    )
  })
  return routes
}

async function showStory(tools: PageTools, context: Context): Promise<Response> {
  const { site } = tools
  const mapping = mappingNamed(site, context.req.param('mapping') ?? '').name
  const query = context.req.query()
  const [key, odoo, external] = [textOf(query.key), textOf(query.odoo), textOf(query.external)]
  if (key === null && odoo === null && external === null) return context.redirect(`/trace?mapping=${mapping}`, 303)
  const limit = Math.min(HISTORY_MOST, Math.max(HISTORY_STEP, Number(query.limit) || HISTORY_STEP))
  const story = await trace(site, { mapping, key, ids: { odoo, external }, limit })
  const name = key ?? (odoo === null ? `external ${external}` : `Odoo ${odoo}`)
  const { pathname, search } = new URL(context.req.url)
  const more = new URLSearchParams(search)
  more.set('limit', String(limit * 4))
  const isMore = story.history.length >= limit && limit < HISTORY_MOST
  const content = storyPage({ story, name, here: pathname + search, older: isMore ? `${pathname}?${more}` : null })
  return tools.show(context, { title: story.links[0]?.key ?? name, section: 'trace', content })
}

/** By key and by id of either side, in one mapping or all; what has no link yet, by its id. */
async function find(site: ServerSite, wanted: string | null, text: string): Promise<readonly Found[]> {
  const found: Found[] = []
  for (const mapping of await knownMappings(site, wanted)) {
    const links = new Map<number, Link>()
    for (const link of (await site.ledger.linksByKey(mapping, [text])).get(text) ?? []) links.set(link.id, link)
    for (const side of SIDES) {
      const { link = null, change = null } = (await site.ledger.known(mapping, side, [text])).get(text) ?? {}
      if (link) links.set(link.id, link)
      else if (change)
        found.push({
          mapping,
          key: null,
          odooId: side === 'odoo' ? text : null,
          externalId: side === 'external' ? text : null,
        })
    }
    for (const { key, odooId, externalId } of links.values()) found.push({ mapping, key, odooId, externalId })
    if (links.size > 0) continue
    const story = await trace(site, { mapping, key: text, ids: { odoo: null, external: null }, limit: 1 })
    if (story.changes.length + story.history.length > 0)
      found.push({ mapping, key: text, odooId: null, externalId: null })
  }
  return found
}

/** A page of ours, where a form says to which one to come back. */
export function ownPath(text: string | null): string | null {
  return text !== null && /^\/(?![/\\])[^\\]*$/.test(text) ? text : null
}
