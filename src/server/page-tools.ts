import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ConfigError } from '../config/config-error.ts'
import { asSyncError, type SyncError } from '../contract/error.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import { type Counters, createCounters } from './counters.ts'
import { errorPage } from './pages/error-page.ts'
import type { Html } from './pages/html.ts'
import { type Attention, type LayoutOptions, layout, type Notice } from './pages/layout.ts'
import type { ServerSite } from './site.ts'

/** Who does what is done here, as the history has it. */
export const BY_PAGE = 'status page'

const NOTICE_COOKIE = 'tandem_notice'
const NOTICE_SECONDS = 60
/** A cookie holds 4 kB. */
const NOTICE_LENGTH = 600

/** `notice`: what to say besides what was done before. */
type Page = Pick<LayoutOptions, 'title' | 'section' | 'content'> & Partial<Pick<LayoutOptions, 'notice'>>

/** What every route of pages needs. */
export interface PageTools {
  readonly site: ServerSite
  readonly counters: Counters
  show(context: Context, page: Page, status?: ContentfulStatusCode): Promise<Response>
  /** A part that takes the place of another one in a page that is already shown. */
  part(context: Context, content: Html): Promise<Response>
  /** Leads to a page, which says what was done. */
  leave(context: Context, path: string, notice: Notice): Response
  /** Says why something was not done: as a page, or in a part of one. */
  refuse(context: Context, error: unknown): Promise<Response>
}

export function createPageTools(site: ServerSite): PageTools {
  const hasLogin = site.config.server.token !== null
  const { redact } = site.config.redactor
  const counters = createCounters(site)
  const tools: PageTools = {
    site,
    counters,
    async show(context, page, status = 200) {
      const attention = await countAttention(site, counters)
      const told = takeNotice(context)
      return context.html(layout({ ...page, attention, notice: page.notice ?? told, hasLogin }), status)
    },
    async part(context, content) {
      return context.html(content)
    },
    leave(context, path, { tone, text }) {
      const shortened = redact(text).slice(0, NOTICE_LENGTH)
      setCookie(context, NOTICE_COOKIE, JSON.stringify({ tone, text: shortened }), {
        ...{ httpOnly: true, sameSite: 'Strict', path: '/', maxAge: NOTICE_SECONDS },
      })
      return context.redirect(path, 303)
    },
    refuse(context, thrown) {
      const error = failureOf(thrown)
      const title = STATUS_OF[error.code] === 404 ? 'There is no such thing' : 'This was not done'
      const content = errorPage(title, redact(error.message), error.hint === null ? null : redact(error.hint))
      return tools.show(context, { title, section: null, content }, STATUS_OF[error.code] ?? 422)
    },
  }
  return tools
}

/** What was asked for is not there; the system does not answer; somebody was faster. */
const STATUS_OF: Partial<Record<SyncError['code'], ContentfulStatusCode>> = {
  config: 404,
  changed: 409,
  ledger: 503,
  unavailable: 503,
}

export function failureOf(thrown: unknown): {
  readonly code: SyncError['code']
  readonly message: string
  readonly hint: string | null
} {
  if (thrown instanceof ConfigError) return { code: 'config', message: thrown.message, hint: null }
  return asSyncError(thrown)
}

async function countAttention(site: ServerSite, counters: Counters): Promise<Attention> {
  const known = new Set(await site.ledger.mappings())
  let [conflicts, deadLetters] = [0, 0]
  for (const { name } of site.files) {
    if (!known.has(name)) continue
    const counts = await site.ledger.counts(name)
    conflicts += await counters.conflicts(name, counts)
    deadLetters += counts.odoo.deadLetters + counts.external.deadLetters
    deadLetters += await site.ledger.countSteps(name, 'dead')
  }
  return { conflicts, deadLetters }
}

function takeNotice(context: Context): Notice | null {
  const text = getCookie(context, NOTICE_COOKIE)
  if (text === undefined) return null
  deleteCookie(context, NOTICE_COOKIE, { path: '/' })
  try {
    const notice = JSON.parse(text) as Partial<Notice>
    return { tone: notice.tone === 'bad' ? 'bad' : 'good', text: String(notice.text) }
  } catch {
    return null
  }
}

/** Whether only a part of the page is asked for. */
export function wantsPart(context: Context): boolean {
  return context.req.header('hx-request') === 'true'
}

/** A field of a form, or of the address; null where it is empty. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
}

/** A side as a path names it; null: none. */
export function sideOf(text: string | undefined): Side | null {
  return SIDES.find((side) => side === text) ?? null
}
