import type { OpenGuard } from '../../operations/open-guards.ts'
import { type Html, html } from './html.ts'

export function guardsPage(mapping: string, guards: readonly OpenGuard[]): Html {
  if (guards.length === 0)
    return html`<div class="card empty-state"><h1>No guard of <span dir="auto">${mapping}</span> holds anything back.</h1><a href="/mappings/${mapping}">Back</a></div>`
  return html`<p class="crumbs"><a href="/mappings/${mapping}" dir="auto">${mapping}</a> / guards</p>
    <div class="head"><h1>Agree to what a guard holds back</h1></div>
    <form method="post" action="/mappings/${mapping}/guards" class="card form">
      <ul>${guards.map(({ message }) => html`<li dir="auto">${message}</li>`)}</ul>
      <p class="help">If you agree, this is carried out on the other side. What comes later is weighed anew. To see each record first: <code>tandem sync ${mapping} --dry-run</code>.</p>
      <label><input type="checkbox" name="agree" value="yes" required /> I have looked at it, and it is meant</label>
      <div class="tools"><button class="danger">Agree</button><a class="button" href="/mappings/${mapping}">Cancel</a></div>
    </form>`
}
