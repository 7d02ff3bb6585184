import type { Request } from '../../ledger/request.ts'
import { count } from '../../words.ts'
import { type Html, html, NOTHING } from './html.ts'
import { icon } from './icons.ts'

/** Work that takes a while: how far it is, and what came of it. */
export function jobPage(job: Request): Html {
  const mapping = String(job.args.mapping ?? '')
  const isOver = job.state === 'done' || job.state === 'failed'
  const refresh = isOver ? NOTHING : html` hx-get="/parts/jobs/${job.id}" hx-trigger="every 1s" hx-swap="innerHTML"`
  return html`<p class="crumbs"><a href="/mappings/${mapping}" dir="auto">${mapping}</a> / ${job.kind}</p>
    <div class="head"><h1>${job.kind} <span dir="auto">${mapping}</span></h1></div>
    <div id="job" aria-live="polite"${refresh}>${jobParts(job)}</div>`
}

export function jobParts({ id, kind, args, state, answer }: Request): Html {
  const mapping = String(args.mapping ?? '')
  const numbers = Object.entries(answer ?? {}).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  )
  const facts = html`<dl class="fields">${numbers.map(([name, value]) => html`<dt>${name}</dt><dd>${count(value)}</dd>`)}</dl>`
  if (state === 'failed') {
    const { message, hint } = answer ?? {}
    return html`<p class="notice bad">${icon('bad')}<span dir="auto">${String(message ?? 'It failed.')} ${typeof hint === 'string' ? hint : ''}</span></p>`
  }
  if (state === 'done') {
    return html`<div class="card"><p class="notice good">${icon('good')}<span>Done.</span></p>${facts}
      ${leftOf(answer)}<p><a class="button" href="/mappings/${mapping}">Back to ${mapping}</a></p></div>`
  }
  const [read, total] = [answer?.read, answer?.total]
  const bar =
    typeof read === 'number' && typeof total === 'number'
      ? html`<progress max="${total}" value="${read}" aria-label="${kind}"></progress>`
      : html`<progress aria-label="${kind}"></progress>`
  return html`<div class="card"><p>${state === 'open' ? 'Waiting for its turn…' : 'Under way…'}</p>${bar}${facts}
    <noscript><p><a href="/jobs/${id}">Look again</a></p></noscript></div>`
}

function leftOf(answer: Request['answer']): Html {
  const left = answer?.left
  if (!Array.isArray(left) || left.length === 0) return NOTHING
  return html`<p>Left as they are:</p><ul>${left.slice(0, 100).map((each) => {
    const { side = '', id = '', message = '' } = (each ?? {}) as Readonly<Record<string, unknown>>
    return html`<li dir="auto">${String(side)} ${String(id)}: ${String(message)}</li>`
  })}</ul>`
}
