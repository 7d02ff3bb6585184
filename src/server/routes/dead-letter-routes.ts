import { type Context, Hono } from 'hono'
import { DISPOSITION, type ErrorCode, SyncError } from '../../contract/error.ts'
import type { Fields } from '../../contract/value.ts'
import type { Side } from '../../mapping/mapping.ts'
import { type DeadLetterDetail, listDeadLetters, showDeadLetter } from '../../operations/dead-letters.ts'
import { discardDeadLetters } from '../../operations/discard-dead-letters.ts'
import { retryDeadLetters } from '../../operations/retry-dead-letters.ts'
import { plural } from '../../words.ts'
import { withKeys } from '../letter-names.ts'
import { BY_PAGE, type PageTools, sideOf, textOf, wantsPart } from '../page-tools.ts'
import { deadLetterPage, textOf as typedForm } from '../pages/dead-letter-page.ts'
import { deadLettersPage, type LetterFilter, retriedRow } from '../pages/dead-letters.ts'
import { PAGE_SIZE } from '../pages/pager.ts'
import { recordHref, recordName } from '../pages/record-address.ts'
import { outcomeOf, runJob } from '../run-job.ts'

export function deadLetterRoutes(tools: PageTools): Hono {
  const { site } = tools
  const routes = new Hono()
  routes.get('/dead-letters', (context) => showList(tools, context))
  routes.post('/dead-letters/retry', async (context) => {
    const form = await context.req.parseBody()
    const mapping = textOf(form.mapping) ?? ''
    const code = codeOf(textOf(form.code))
    const { retried } = await retryDeadLetters(site, {
      mapping,
      records: null,
      by: BY_PAGE,
      ...(code === null ? {} : { code }),
    })
    const text = `${plural(retried, 'dead letter')} of ${mapping} ${retried === 1 ? 'is' : 'are'} being tried again.`
    return tools.leave(context, `/dead-letters?mapping=${mapping}`, { tone: 'good', text })
  })
  const path = '/dead-letters/:mapping/:side/:id'
  routes.get(path, async (context) => {
    const { mapping, side, id } = addressOf(context)
    const letter = await readLetter(tools, { mapping, side, id })
    const content = deadLetterPage(letter, {}, site.clock.nowMs())
    return tools.show(context, { title: `Dead letter ${recordName(letter)}`, section: 'dead-letters', content })
  })
  routes.post(`${path}/retry`, async (context) => {
    const { mapping, side, id } = addressOf(context)
    const name = recordName(await readLetter(tools, { mapping, side, id }))
    await retryDeadLetters(site, { mapping, records: [{ side, id }], by: BY_PAGE })
    if (wantsPart(context)) return tools.part(context, retriedRow(name))
    return tools.leave(context, `/dead-letters?mapping=${mapping}`, {
      tone: 'good',
      text: `${name} is being tried again.`,
    })
  })
  routes.post(`${path}/discard`, async (context) => {
    const { mapping, side, id } = addressOf(context)
    const reason = textOf((await context.req.parseBody()).reason)
    if (reason === null) throw new SyncError('invalid', 'Say why, for those who ask later.')
    const name = recordName(await readLetter(tools, { mapping, side, id }))
    await discardDeadLetters(site, { mapping, records: [{ side, id }], reason, by: BY_PAGE })
    return tools.leave(context, `/dead-letters?mapping=${mapping}`, { tone: 'good', text: `${name} is discarded.` })
  })
  routes.post(`${path}/edit`, (context) => edit(tools, context))
  return routes
}

async function showList(tools: PageTools, context: Context): Promise<Response> {
  const { site } = tools
  const query = context.req.query()
  const code = codeOf(textOf(query.code))
  const filter: LetterFilter = {
    mapping: textOf(query.mapping),
    code,
    state: query.state === 'discarded' ? 'discarded' : 'dead',
  }
  const after = textOf(query.after)
  const { mapping, state } = filter
  const wanted = { mapping, state, ...(code === null ? {} : { code }) }
  const { letters, next } = await listDeadLetters(site, { ...wanted, limit: PAGE_SIZE, after })
  const kinds = await tools.counters.kinds({ mapping, state })
  const total = code === null ? [...kinds.values()].reduce((sum, each) => sum + each, 0) : (kinds.get(code) ?? 0)
  const kept = { mapping: mapping ?? '', code: code ?? '', state: state === 'dead' ? '' : state }
  const pager = {
    ...{ path: '/dead-letters', after, next, total, shown: letters.length },
    query: Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== '')),
  }
  const mappings = site.files.map(({ name }) => name)
  const named = await withKeys(site, letters)
  const content = deadLettersPage({ letters: named, mappings, filter, kinds, pager, nowMs: site.clock.nowMs() })
  return tools.show(context, { title: 'Dead letters', section: 'dead-letters', content })
}

/** Only what was typed anew is written. */
async function edit(tools: PageTools, context: Context): Promise<Response> {
  const { site } = tools
  const { mapping, side, id } = addressOf(context)
  const letter = await readLetter(tools, { mapping, side, id })
  const name = recordName(letter)
  const typed: Record<string, string> = {}
  for (const [field, value] of Object.entries(await context.req.parseBody())) {
    if (field.startsWith('value:') && typeof value === 'string')
      typed[field.slice('value:'.length)] = value.replaceAll('\r\n', '\n')
  }
  const changed = Object.entries(typed).filter(([field, text]) => text !== typedForm(letter.values[field] ?? null))
  const fields: Fields = Object.fromEntries(
    changed.map(([field, text]) => [field, text === '' && letter.values[field] === null ? null : text]),
  )
  const show = async (text: string): Promise<Response> => {
    const content = deadLetterPage(letter, typed, site.clock.nowMs())
    return tools.show(
      context,
      { title: `Dead letter ${name}`, section: 'dead-letters', content, notice: { tone: 'bad', text } },
      422,
    )
  }
  if (changed.length === 0) return show('Nothing was changed. To try it again as it is, use “Try again”.')
  const request = await runJob(site, { kind: 'edit', mapping, side, id, fields, by: BY_PAGE })
  if (request.state === 'failed') return show(outcomeOf(request, '').text)
  const left = request.answer?.left as
    | { readonly state: string; readonly fault: { readonly message: string } | null }
    | null
    | undefined
  if (left?.state === 'dead') {
    const text = `Written, and it failed again: ${left.fault?.message ?? 'see below'}`
    return tools.leave(context, recordHref('dead-letters', mapping, side, id), { tone: 'bad', text })
  }
  return tools.leave(context, `/dead-letters?mapping=${mapping}`, { tone: 'good', text: `${name} is mended.` })
}

async function readLetter({ site }: PageTools, { mapping, side, id }: Address): Promise<DeadLetterDetail> {
  const letter = await showDeadLetter(site, mapping, { side, id })
  const [named = letter] = await withKeys(site, [letter])
  return named
}

interface Address {
  readonly mapping: string
  readonly side: Side
  readonly id: string
}

function codeOf(text: string | null): ErrorCode | null {
  return text !== null && text in DISPOSITION ? (text as ErrorCode) : null
}

function addressOf(context: Context): Address {
  const { mapping = '', side: sideText = '', id = '' }: Record<string, string> = context.req.param()
  const side = sideOf(sideText)
  if (side === null) throw new SyncError('config', `"${sideText}" is no side.`)
  return { mapping, side, id }
}
