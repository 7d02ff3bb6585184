import { type Html, html, NOTHING } from './html.ts'

/** A longer value is folded away behind its beginning. */
const LONG = 240

/** A field's value for people. Its direction is that of its own text. */
export function showValue(value: unknown): Html {
  if (value === null || value === undefined) return html`<span class="value empty">empty</span>`
  if (value === '') return html`<span class="value empty">empty text</span>`
  if (typeof value === 'boolean') return html`<span class="value">${value ? 'yes' : 'no'}</span>`
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, typeof value === 'object' ? 1 : 0)
  if (text.length <= LONG) return html`<span class="value" dir="auto">${text}</span>`
  return html`<details class="value"><summary dir="auto">${text.slice(0, LONG)}…</summary><span dir="auto">${text}</span></details>`
}

/** A field before and after. */
export function showChange(before: unknown, after: unknown): Html {
  return html`<span class="change"><del>${showValue(before)}</del> <span class="arrow" role="img" aria-label="became">→</span> <ins>${showValue(after)}</ins></span>`
}

/** Fields with their values, one a line; with `before`, what they were. */
export function showFields(
  after: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>> | null,
): Html {
  const names = Object.keys(after)
  if (names.length === 0) return NOTHING
  return html`<dl class="fields">${names.map(
    (name) =>
      html`<dt>${name}</dt><dd>${before === null ? showValue(after[name]) : showChange(before[name], after[name])}</dd>`,
  )}</dl>`
}
