import { type Html, html, NOTHING } from './html.ts'

/** A page of a list leads to the next one by its place, so that a long list costs no more than a short one. */
export interface Pager {
  readonly path: string
  /** The filter, kept from page to page. */
  readonly query: Readonly<Record<string, string>>
  /** Of this page; null: the first. */
  readonly after: string | null
  /** Of the next; null: this is the last. */
  readonly next: string | null
  readonly shown: number
  /** How many there are in all, as far as that is known. */
  readonly total: number | null
}

export const PAGE_SIZE = 50

export function pager({ path, query, after, next, shown, total }: Pager): Html {
  if (after === null && next === null) return NOTHING
  const href = (place: string | null): string => {
    const search = new URLSearchParams(query)
    if (place !== null) search.set('after', place)
    const text = search.toString()
    return text === '' ? path : `${path}?${text}`
  }
  const words = total === null ? `${shown} shown` : `${shown} of ${new Intl.NumberFormat('en-US').format(total)} shown`
  return html`<nav class="pager" aria-label="Pages">
    <span>${words}</span>
    <span class="tools">
      ${after === null ? NOTHING : html`<a class="button small" href="${href(null)}">First page</a>`}
      ${next === null ? NOTHING : html`<a class="button small" href="${href(next)}" rel="next">Next page</a>`}
    </span>
  </nav>`
}
