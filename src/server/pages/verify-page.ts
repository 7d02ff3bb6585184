import type { Difference } from '../../engine/verify.ts'
import { count, plural } from '../../words.ts'
import type { Verification } from '../studies.ts'
import { type Html, html, NOTHING } from './html.ts'
import { icon } from './icons.ts'
import { storyHref } from './record-address.ts'
import { showValue } from './show-value.ts'

export function verificationPage(view: Verification): Html {
  const { id, mapping, state } = view
  const refresh =
    state === 'running' ? html` hx-get="/parts/verifications/${id}" hx-trigger="every 1s" hx-swap="innerHTML"` : NOTHING
  return html`<p class="crumbs"><a href="/mappings/${mapping}" dir="auto">${mapping}</a> / verify</p>
    <div class="head"><h1>Is <span dir="auto">${mapping}</span> in step?</h1></div>
    <p class="lead">Both sides are read in full and compared field by field, whatever the ledger says. Nothing is written. What changes meanwhile may show as a difference.</p>
    <div id="verification" aria-live="polite"${refresh}>${verificationParts(view)}</div>`
}

export function verificationParts({ id, mapping, state, found, findings, error }: Verification): Html {
  if (state === 'running') {
    return html`<div class="card"><p>Reading both sides… ${plural(found, 'difference')} so far.</p><progress aria-label="Verification"></progress>
      <noscript><p><a href="/verifications/${id}">Look again</a></p></noscript></div>`
  }
  if (error !== null) {
    return html`<p class="notice bad">${icon('bad')}<span dir="auto">${error}</span></p><p><a class="button" href="/mappings/${mapping}">Back</a></p>`
  }
  if (found === 0) {
    return html`<div class="card empty-state">${icon('good')}<strong>No differences: both sides say the same.</strong><a href="/mappings/${mapping}">Back to ${mapping}</a></div>`
  }
  return html`<div class="card"><p><strong>${plural(found, 'difference')}</strong>. A resync brings them in step.</p>
      <p class="tools"><a class="button main" href="/mappings/${mapping}/resync">Resync…</a><a class="button" href="/mappings/${mapping}">Back</a></p></div>
    <section><div class="table"><table class="cards">
      <thead><tr><th scope="col">Record</th><th scope="col">Difference</th><th scope="col">In Odoo</th><th scope="col">In external</th></tr></thead>
      <tbody>${findings.map((difference) => differenceRow(mapping, difference))}</tbody>
    </table></div>
    ${findings.length < found ? html`<p class="help">The first ${count(findings.length)} of ${count(found)} are shown.</p>` : NOTHING}</section>`
}

function differenceRow(mapping: string, difference: Difference): Html {
  if (difference.kind === 'unlinked') {
    const { side, id } = difference
    const href = storyHref(mapping, side === 'odoo' ? { odooId: id } : { externalId: id })
    const other = html`<span class="none">not there</span>`
    return html`<tr><th scope="row" class="wide all"><a href="${href}" dir="auto">${id}</a></th>
      <td class="all">only on one side</td>
      <td data-label="In Odoo">${side === 'odoo' ? id : other}</td><td data-label="In external">${side === 'external' ? id : other}</td></tr>`
  }
  const { odooId, externalId, key } = difference
  const name = html`<th scope="row" class="wide all"><a href="${storyHref(mapping, { odooId })}" dir="auto">${key ?? odooId}</a><span class="sub">Odoo ${odooId} ↔ external ${externalId}</span></th>`
  if (difference.kind === 'missing') {
    const gone = html`<span class="some-bad">gone</span>`
    return html`<tr>${name}<td class="all">linked, and gone</td>
      <td data-label="In Odoo">${difference.side === 'odoo' ? gone : 'there'}</td><td data-label="In external">${difference.side === 'external' ? gone : 'there'}</td></tr>`
  }
  return html`<tr>${name}<td class="all" dir="auto">${difference.field}</td>
    <td data-label="In Odoo" class="wide">${showValue(difference.odoo)}</td><td data-label="In external" class="wide">${showValue(difference.external)}</td></tr>`
}
