import type { PlannedStep } from '../../engine/dry-run-newcomers.ts'
import type { Rehearsal } from '../../operations/dry-run.ts'
import { count } from '../../words.ts'
import type { DryRun } from '../studies.ts'
import { attribute, type Html, html, NOTHING } from './html.ts'
import { icon } from './icons.ts'
import { showMoment } from './show-time.ts'
import { showFields } from './show-value.ts'

/** What was chosen, as it stands in the form. */
export interface ResyncForm {
  readonly from: string
  readonly since: string
  readonly ids: string
  readonly keys: string
}

export function resyncPage(mapping: string, form: ResyncForm, error: string | null): Html {
  const side = (value: string, words: string): Html =>
    html`<label><input type="radio" name="from" value="${value}"${attribute('checked', form.from === value)} /> ${words}</label>`
  return html`<p class="crumbs"><a href="/mappings/${mapping}" dir="auto">${mapping}</a> / resync</p>
    <div class="head"><h1>Resync <span dir="auto">${mapping}</span></h1></div>
    <p class="lead">Reads records anew and brings the other side in line, whatever was synced before. First comes a dry run: what would change is shown, and nothing is written.</p>
    ${error === null ? NOTHING : html`<p class="notice bad" role="alert">${icon('bad')}<span dir="auto">${error}</span></p>`}
    <form method="post" action="/mappings/${mapping}/resync" class="card form">
      <fieldset>
        <legend>Whose values win</legend>
        ${side('', 'each field’s as the mapping says')}
        ${side('odoo', 'Odoo’s')}
        ${side('external', 'External’s')}
      </fieldset>
      <div class="row"><label for="since">Only what changed since</label>
        <input id="since" name="since" value="${form.since}" placeholder="2d, 6h, 2026-11-21 08:30" autocomplete="off" />
        <span class="help">Empty: everything.</span></div>
      <div class="row"><label for="keys">Only these records, by key</label>
        <input id="keys" name="keys" value="${form.keys}" placeholder="C-17, C-18" autocomplete="off" dir="auto" /></div>
      <div class="row"><label for="ids">Only these records, by id on the side that wins (otherwise Odoo)</label>
        <input id="ids" name="ids" value="${form.ids}" placeholder="42, 43" autocomplete="off" dir="auto" /></div>
      <div class="tools"><button class="main">Dry run</button><a class="button" href="/mappings/${mapping}">Cancel</a></div>
    </form>`
}

export function rehearsalPage(view: DryRun): Html {
  const { id, mapping, subject, state } = view
  const refresh =
    state === 'running' ? html` hx-get="/parts/rehearsals/${id}" hx-trigger="every 1s" hx-swap="innerHTML"` : NOTHING
  return html`<p class="crumbs"><a href="/mappings/${mapping}" dir="auto">${mapping}</a> / <a href="/mappings/${mapping}/resync">resync</a> / dry run</p>
    <div class="head"><h1>Dry run: resync <span dir="auto">${mapping}</span></h1></div>
    <p class="lead">${describeRehearsal(subject)}</p>
    <div id="rehearsal" aria-live="polite"${refresh}>${rehearsalParts(view)}</div>`
}

export function rehearsalParts(view: DryRun): Html {
  const { id, mapping, state, found, findings: steps, sums, error } = view
  if (state === 'running') {
    return html`<div class="card"><p>Reading both sides… ${count(found)} found so far.</p><progress aria-label="Dry run"></progress>
      <noscript><p><a href="/rehearsals/${id}">Look again</a></p></noscript></div>`
  }
  if (error !== null) {
    return html`<p class="notice bad">${icon('bad')}<span dir="auto">${error}</span></p><p><a class="button" href="/mappings/${mapping}/resync">Back</a></p>`
  }
  if (found === 0) {
    return html`<div class="card empty-state">${icon('good')}<strong>Nothing would change.</strong><a href="/mappings/${mapping}">Back to ${mapping}</a></div>`
  }
  return html`<div class="card">
      <p><strong>${summaryOf(sums)}</strong>. Nothing was written yet.</p>
      <form method="post" action="/rehearsals/${id}/confirm" class="tools">
        <button class="main">Do it</button><a class="button" href="/mappings/${mapping}/resync">Change the choice</a>
      </form>
    </div>
    <section>${stepTable(steps)}
      ${steps.length < found ? html`<p class="help">The first ${count(steps.length)} of ${count(found)} are shown.</p>` : NOTHING}
    </section>`
}

const ACTIONS: Readonly<Record<PlannedStep['action'], string>> = {
  create: 'to create',
  adopt: 'to join',
  update: 'to update',
  archive: 'to archive',
  remove: 'to delete',
  unlink: 'gone on one side',
  missing: 'missing',
  wait: 'waiting',
  conflict: 'in conflict',
  step: 'to call',
  guard: 'held back by a guard',
  error: 'impossible',
}

export function summaryOf(sums: DryRun['sums']): string {
  const parts = Object.entries(sums).map(
    ([action, times]) => `${count(times)} ${ACTIONS[action as PlannedStep['action']]}`,
  )
  return parts.length === 0 ? 'Nothing to do' : parts.join(', ')
}

function stepTable(steps: readonly PlannedStep[]): Html {
  return html`<div class="table"><table class="cards">
    <thead><tr><th scope="col">Record</th><th scope="col">What</th><th scope="col">Where</th><th scope="col">Values</th></tr></thead>
    <tbody>${steps.map(
      ({ action, side, odooId, externalId, key, before, after, message }) => html`<tr>
        <th scope="row" class="wide all" dir="auto">${key ?? odooId ?? externalId ?? ''}<span class="sub">${odooId === null ? NOTHING : html`Odoo ${odooId}`}${odooId !== null && externalId !== null ? ' ↔ ' : ''}${externalId === null ? NOTHING : html`external ${externalId}`}</span></th>
        <td data-label="What">${ACTIONS[action]}</td>
        <td data-label="Where">${action === 'adopt' ? 'both' : side === 'odoo' ? 'Odoo' : 'external'}</td>
        <td data-label="Values" class="wide all">${message === null ? NOTHING : html`<p class="fault" dir="auto">${message}</p>`}${showFields(after, action === 'update' || action === 'archive' ? before : null)}</td>
      </tr>`,
    )}</tbody></table></div>`
}

function describeRehearsal(rehearsal: Rehearsal): Html {
  if (rehearsal.kind === 'sync') return html`A sync.`
  const { from, sinceMs, ids, keys } = rehearsal.options
  const parts: Html[] = [
    from === null ? html`each field as the mapping says` : html`${from === 'odoo' ? 'Odoo' : 'external'}’s values win`,
    ...(sinceMs === null ? [] : [html`changed since ${showMoment(sinceMs)}`]),
    ...(keys === null ? [] : [html`keys <span dir="auto">${keys.join(', ')}</span>`]),
    ...(ids === null ? [] : [html`ids <span dir="auto">${ids.join(', ')}</span>`]),
  ]
  return html`${parts.map((part, place) => html`${place > 0 ? '; ' : ''}${part}`)}.`
}
