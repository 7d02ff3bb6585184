import { SIDES, type Side } from '../../mapping/mapping.ts'
import type { ConflictDetail } from '../../operations/conflicts.ts'
import { plural } from '../../words.ts'
import type { Writers } from '../conflict-writers.ts'
import { showFault } from './fault.ts'
import { attribute, type Html, html, NOTHING } from './html.ts'
import { icon } from './icons.ts'
import { select } from './layout.ts'
import { type Pager, pager } from './pager.ts'
import { pairName } from './pair-name.ts'
import { recordHref, recordName, storyHref } from './record-address.ts'
import { showTime } from './show-time.ts'
import { showValue } from './show-value.ts'

/** A conflict with what both sides had when they were last in step, as far as the history tells. */
export interface ConflictView extends ConflictDetail {
  /** By the pair's name, in the terms of a side; a pair that is missing is not known. */
  readonly base: Readonly<Record<string, Partial<Record<Side, unknown>>>>
  readonly writers: Writers
}

export interface ConflictList {
  readonly conflicts: readonly ConflictView[]
  readonly mappings: readonly string[]
  readonly mapping: string | null
  readonly total: number
  readonly pager: Pager
  readonly nowMs: number
}

export function conflictsPage({ conflicts, mappings, mapping, total, pager: pages, nowMs }: ConflictList): Html {
  const all = new Map([['', 'all mappings'], ...mappings.map((name): [string, string] => [name, name])])
  return html`<div class="head">
      <h1>Conflicts</h1>
      <span class="quiet">${plural(total, 'record')}</span>
      <span class="spread"></span>
      ${
        mapping !== null && total > 1
          ? html`<a class="button" href="/conflicts/all?mapping=${mapping}">Decide all of ${mapping}…</a>`
          : NOTHING
      }
    </div>
    <p class="lead">
      Both sides changed the same field since they were last in step, and the mapping leaves it to a person. Everything
      else of these records goes on. The value that loses stays in the history.
    </p>
    <form class="filters" method="get" action="/conflicts">
      ${select('mapping', 'Mapping', all, mapping ?? '')}
      <button class="small unscripted">Show</button>
    </form>
    ${conflicts.length === 0 ? noConflicts() : conflicts.map((each) => conflictCard(each, nowMs))} ${pager(pages)}`
}

function noConflicts(): Html {
  return html`<div class="card empty-state">
    ${icon('good')}<strong>There is nothing to decide.</strong>
    Fields that both sides changed come here where a mapping says <code>conflict: manual</code>.
  </div>`
}

export function conflictCard(conflict: ConflictView, nowMs: number): Html {
  const { mapping, side, id, key, odooId, externalId, fault, fields, sinceMs } = conflict
  const name = recordName({ key, side, id })
  const action = recordHref('conflicts', mapping, side, id)
  const href = storyHref(mapping, {
    key,
    odooId: odooId ?? (side === 'odoo' ? id : null),
    externalId: externalId ?? (side === 'external' ? id : null),
  })
  const label = `${mapping} ${name}`
  return html`<article class="card conflict" aria-label="${label}" id="conflict-${mapping}-${side}-${id}">
    <div class="section-head">
      <h2><a href="${href}" dir="auto">${name}</a></h2>
      <span class="quiet"><span dir="auto">${mapping}</span>${odooId === null ? NOTHING : html` · Odoo ${odooId}`}${
        externalId === null ? NOTHING : html` · external ${externalId}`
      } · since ${showTime(sinceMs, nowMs)}</span>
    </div>
    ${showFault(fault)}
    ${fields.length === 0 ? html`<p class="help">Mend it in one of the two systems: the next change of the record is decided anew.</p>` : decision(conflict, action, nowMs)}
  </article>`
}

function decision(conflict: ConflictView, action: string, nowMs: number): Html {
  const { fields } = conflict
  return html`<form method="post" action="${action}" hx-post="${action}" hx-target="closest article" hx-swap="outerHTML">
    <div class="table">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">Field</th><th scope="col">When last in step</th><th scope="col">In Odoo</th><th scope="col">In external</th>
          </tr>
        </thead>
        <tbody>
          ${fields.map((field) => fieldRow(conflict, field, nowMs))}
        </tbody>
      </table>
    </div>
    <div class="tools">
      <button name="take" value="odoo">${icon('right')}Odoo’s ${fields.length > 1 ? 'values win' : 'value wins'}</button>
      <button name="take" value="external">${icon('left')}External’s ${fields.length > 1 ? 'values win' : 'value wins'}</button>
      ${fields.length > 1 ? html`<button name="take" value="chosen">As chosen above</button>` : NOTHING}
    </div>
  </form>`
}

function fieldRow(conflict: ConflictView, field: ConflictView['fields'][number], nowMs: number): Html {
  const base = conflict.base[field.field]
  const isChoice = conflict.fields.length > 1
  const name = pairName(field.field)
  const cell = (side: Side): Html => {
    const value = html`${showValue(field[side])}${whoChanged(conflict, side, nowMs)}`
    if (!isChoice) return value
    const input = html`<input type="radio" name="field:${field.field}" value="${side}" aria-label="${name}: ${side}"${attribute('checked', side === 'odoo')} />`
    return html`<label class="pick">${input}<span>${value}</span></label>`
  }
  return html`<tr>
    <th scope="row" class="wide all" dir="auto">${name}</th>
    <td data-label="When last in step" class="wide all">${base === undefined ? html`<span class="none" title="The history does not hold it (any more)">not known</span>` : showBase(base)}</td>
    <td data-label="In Odoo" class="wide">${cell('odoo')}</td>
    <td data-label="In external" class="wide">${cell('external')}</td>
  </tr>`
}

function showBase(base: Partial<Record<Side, unknown>>): Html {
  const known = SIDES.filter((side) => side in base)
  return showValue(known[0] === undefined ? null : base[known[0]])
}

function whoChanged({ changes, writers }: ConflictView, side: Side, nowMs: number): Html {
  const change = changes[side]
  if (change === null) return html`<span class="who">no change was told of this side</span>`
  const name = writers[side]
  const who =
    change.byUs === true
      ? 'by Tandem’s own user'
      : name !== null
        ? html`by <span dir="auto">${name}</span>`
        : change.byUs === false
          ? 'by somebody there'
          : 'by whom is not known'
  const when = change.changedAtMs ?? change.capturedAtMs
  const verb = change.changedAtMs === null ? 'met' : 'changed'
  return html`<span class="who">${verb} ${showTime(when, nowMs)}, ${who}</span>`
}

/** Takes the place of a card whose conflict was decided. */
export function conflictOutcome(name: string, outcome: { readonly tone: 'good' | 'bad'; readonly text: string }): Html {
  return html`<article class="card" role="status" aria-label="${name}">
    <p class="notice ${outcome.tone}" dir="auto">${icon(outcome.tone)}<span dir="auto"><strong>${name}</strong>: ${outcome.text}</span></p>
  </article>`
}

export function resolveAllPage(mapping: string, total: number): Html {
  return html`<p class="crumbs"><a href="/conflicts?mapping=${mapping}">Conflicts</a> / decide all</p>
    <div class="head"><h1>Decide all conflicts of <span dir="auto">${mapping}</span></h1></div>
    <form method="post" action="/conflicts/all" class="card form">
      <input type="hidden" name="mapping" value="${mapping}" />
      <fieldset>
        <legend>Whose values win in ${plural(total, 'record')}?</legend>
        <label><input type="radio" name="take" value="odoo" required /> Odoo’s: external gets them</label>
        <label><input type="radio" name="take" value="external" required /> External’s: Odoo gets them</label>
      </fieldset>
      <p class="help">A record that was changed since stays as it is. What loses is kept in the history, and can be undone one by one.</p>
      <div class="tools"><button class="main">Decide all</button><a class="button" href="/conflicts?mapping=${mapping}">Cancel</a></div>
    </form>`
}
