import { type Html, html, NOTHING } from './html.ts'
import { icon } from './icons.ts'

export function errorPage(title: string, message: string, hint: string | null): Html {
  return html`<div class="card empty-state">
    <span class="some-bad">${icon('attention')}</span>
    <strong><h1>${title}</h1></strong>
    <p dir="auto">${message}</p>
    ${hint === null ? NOTHING : html`<p dir="auto">${hint}</p>`}
    <p><a href="/">To the overview</a></p>
  </div>`
}
