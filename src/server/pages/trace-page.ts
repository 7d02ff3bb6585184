import type { Story, TracedEntry, TracedStep } from '../../operations/trace.ts'
import { plural } from '../../words.ts'
import { showFault } from './fault.ts'
import { type Html, html, NOTHING } from './html.ts'
import { type IconName, icon } from './icons.ts'
import { isFields } from './is-fields.ts'
import { select } from './layout.ts'
import { pairName } from './pair-name.ts'
import { recordHref, storyHref } from './record-address.ts'
import { showMoment } from './show-time.ts'
import { showChange, showFields, showValue } from './show-value.ts'
import { pill } from './states.ts'

export interface FindView {
  readonly mappings: readonly string[]
  readonly mapping: string
  readonly text: string
  /** Where it was found; null: nothing was looked for. */
  readonly found: readonly Found[] | null
}

export interface Found {
  readonly mapping: string
  readonly key: string | null
  readonly odooId: string | null
  readonly externalId: string | null
}

export function findPage({ mappings, mapping, text, found }: FindView): Html {
  const all = new Map([['', 'all mappings'], ...mappings.map((name): [string, string] => [name, name])])
  return html`<div class="head"><h1>Find a record</h1></div>
    <p class="lead">The whole story of one record: what it is linked with, what was done with it and why, and what is still to be done.</p>
    <form method="get" action="/trace" class="card filters" role="search">
      <label for="find">Key or id</label>
      <input id="find" name="q" value="${text}" required autocomplete="off" dir="auto" placeholder="C-17" autofocus />
      ${select('mapping', 'in', all, mapping)}
      <button class="main">${icon('search')}Find</button>
    </form>
    ${found === null ? NOTHING : results(found, text)}`
}

function results(found: readonly Found[], text: string): Html {
  if (found.length === 0) {
    return html`<div class="card empty-state"><strong>No record “<span dir="auto">${text}</span>” is known.</strong>
      It was not met yet, or is outside of the mappings. A key has to be written exactly as it is there.</div>`
  }
  return html`<div class="table"><table>
    <thead><tr><th scope="col">Record</th><th scope="col">Mapping</th><th scope="col">Odoo</th><th scope="col">External</th></tr></thead>
    <tbody>${found.map(
      (each) => html`<tr>
        <th scope="row" class="wide"><a href="${storyHref(each.mapping, each)}" dir="auto">${each.key ?? each.odooId ?? each.externalId ?? ''}</a></th>
        <td dir="auto">${each.mapping}</td><td dir="auto">${each.odooId ?? '–'}</td><td dir="auto">${each.externalId ?? '–'}</td>
      </tr>`,
    )}</tbody></table></div>`
}

export interface StoryView {
  readonly story: Story
  /** How it was asked for. */
  readonly name: string
  /** The address of this page, to come back to. */
  readonly here: string
  /** Leads to the older part of the history; null: all of it is here. */
  readonly older: string | null
}

export function storyPage({ story, name, here, older }: StoryView): Html {
  const { mapping, links, changes, steps, history } = story
  const key = links[0]?.key ?? name
  return html`<p class="crumbs"><a href="/trace">Find a record</a> / <a href="/mappings/${mapping}" dir="auto">${mapping}</a></p>
    <div class="head"><h1 dir="auto">${key}</h1>
      ${links.map((link) =>
        link.state === 'live'
          ? pill('good', 'both', `Odoo ${link.odooId} ↔ external ${link.externalId}`)
          : pill(
              'idle',
              'idle',
              `Odoo ${link.odooId} ↔ external ${link.externalId}: ${link.state === 'odoo-gone' ? 'gone in Odoo' : 'gone in external'}`,
            ),
      )}
      ${links.length === 0 ? pill('idle', 'idle', 'not linked') : NOTHING}
    </div>
    <section aria-labelledby="left-title">
      <h2 id="left-title">Still to be done</h2>
      ${changes.length + steps.length === 0 ? html`<div class="card quiet">Nothing.</div>` : html`${told(changes).map((change) => leftOver(mapping, change))}${steps.map(stepCard)}`}
    </section>
    <section aria-labelledby="story-title">
      <h2 id="story-title">What happened, newest first</h2>
      ${history.length === 0 ? html`<div class="card quiet">The history holds nothing of it (any more).</div>` : html`<ol class="card story" reversed>${history.toReversed().map((entry) => storyEntry(mapping, entry, here))}</ol>`}
      ${older === null ? NOTHING : html`<p class="pager"><span></span><a class="button small" href="${older}">Show older</a></p>`}
    </section>`
}

const STATE_PILLS = {
  pending: pill('idle', 'waiting', 'pending'),
  waiting: pill('idle', 'waiting', 'waiting'),
  conflict: pill('attention', 'conflict', 'conflict'),
  dead: pill('bad', 'dead', 'dead letter'),
  discarded: pill('idle', 'idle', 'discarded'),
} as const

/** Where both sides of a pair captured the same conflict, one of the two tells of it. */
function told(changes: Story['changes']): Story['changes'] {
  const conflicts = changes.filter(({ state, conflicts: fields }) => state === 'conflict' && fields.length > 0)
  return conflicts.length < 2
    ? changes
    : changes.filter((change) => !conflicts.includes(change) || change === conflicts[0])
}

function leftOver(mapping: string, change: Story['changes'][number]): Html {
  const { state, side, id, kind, fault, conflicts, fields, waitsFor, firstCapturedAtMs, attempts } = change
  const place = state === 'conflict' ? 'conflicts' : state === 'dead' ? 'dead-letters' : null
  return html`<div class="card">
    <div class="section-head">${STATE_PILLS[state]}<span>${kind === 'gone' ? 'a delete' : 'a change'} of ${side === 'odoo' ? 'Odoo' : 'external'} <span class="mono" dir="auto">${id}</span>, met ${showMoment(firstCapturedAtMs)}${
      attempts > 0 ? html`, ${plural(attempts, 'attempt')}` : NOTHING
    }</span>
      ${place === null ? NOTHING : html`<a class="button small" href="${recordHref(place, mapping, side, id)}">${state === 'conflict' ? 'Decide' : 'Mend'}</a>`}
    </div>
    ${showFault(fault)}
    ${waitsFor.length === 0 ? NOTHING : html`<p>It waits for ${waitsFor.map((ref, index) => html`${index > 0 ? ', ' : ''}<a href="${storyHref(ref.mapping, ref.side === 'odoo' ? { odooId: ref.id } : { externalId: ref.id })}" dir="auto">${ref.mapping} ${ref.side} ${ref.id}</a>`)}.</p>`}
    ${conflicts.length === 0 ? NOTHING : html`<dl class="fields">${conflicts.map(({ field, odoo, external }) => html`<dt>${pairName(field)} in Odoo</dt><dd>${showValue(odoo)}</dd><dt>in external</dt><dd>${showValue(external)}</dd>`)}</dl>`}
    ${conflicts.length === 0 && Object.keys(fields).length > 0 ? html`<details><summary>captured values</summary>${showFields(fields, null)}</details>` : NOTHING}
  </div>`
}

function stepCard({ step, state, attempts, fault }: TracedStep): Html {
  if (state === 'idle') return NOTHING
  return html`<div class="card">
    <div class="section-head">${state === 'dead' ? STATE_PILLS.dead : STATE_PILLS.pending}<span>step ${step ?? 'to be found'}, ${plural(attempts, 'attempt')}</span></div>
    ${showFault(fault)}
  </div>`
}

type Look = readonly [tone: 'good' | 'attention' | 'bad' | '', icon: IconName, words: string]

const LOOKS: Readonly<Record<string, Look>> = {
  created: ['good', 'good', 'created in'],
  updated: ['good', 'right', 'updated in'],
  archived: ['', 'idle', 'archived in'],
  removed: ['', 'idle', 'deleted in'],
  adopted: ['good', 'both', 'joined'],
  conflict: ['attention', 'conflict', 'conflict in'],
  lost: ['attention', 'conflict', 'overruled in'],
  failed: ['bad', 'bad', 'failed in'],
  dead: ['bad', 'dead', 'became a dead letter of'],
  step: ['good', 'play', 'step in'],
  edited: ['good', 'right', 'mended by a person in'],
  retried: ['', 'play', 'tried again by a person, change of'],
  discarded: ['', 'idle', 'given up by a person, change of'],
  resolved: ['good', 'good', 'decided by a person in'],
  merged: ['', 'both', 'merged in'],
  unlinked: ['', 'idle', 'no longer linked, gone from'],
}

function storyEntry(mapping: string, entry: TracedEntry, here: string): Html {
  const { atMs, event, side, odooId, externalId, detail, isUndoable, id } = entry
  const [tone, picture, words] = LOOKS[event] ?? ['', 'idle', `${event} in`]
  const record = side === 'odoo' ? odooId : externalId
  const where = side === 'odoo' ? 'Odoo' : 'external'
  const name = event === 'lost' && isUndoable ? 'Let this value win after all' : 'Undo'
  return html`<li>
    <span class="at">${showMoment(atMs)}</span>
    <span class="${tone}">${icon(picture)}</span>
    <div>
      <strong>${words} ${where}</strong>${record === null ? NOTHING : html` <span class="mono" dir="auto">${record}</span>`}
      ${describeDetail(detail)}
    </div>
    ${
      isUndoable
        ? html`<form method="post" action="/trace/${mapping}/undo"><input type="hidden" name="entry" value="${id}" /><input type="hidden" name="here" value="${here}" /><button class="small">${name}</button></form>`
        : NOTHING
    }
  </li>`
}

function describeDetail(detail: TracedEntry['detail']): Html {
  const { before, after, field, value, winner, message, hint, code: _, odoo, external, ...rest } = detail
  const parts: Html[] = []
  if (isFields(after)) parts.push(showFields(after, isFields(before) ? before : null))
  else if (isFields(before)) parts.push(showFields(before, null))
  if (typeof field === 'string' && 'winner' in detail)
    parts.push(html`<dl class="fields"><dt>${pairName(field)}</dt><dd>${showChange(value, winner)}</dd></dl>`)
  else if (typeof field === 'string')
    parts.push(
      html`<dl class="fields"><dt>${pairName(field)} in Odoo</dt><dd>${showValue(odoo)}</dd><dt>in external</dt><dd>${showValue(external)}</dd></dl>`,
    )
  if (typeof message === 'string')
    parts.push(
      html`<p class="fault" dir="auto">${message}${typeof hint === 'string' ? html`<span class="hint" dir="auto">${hint}</span>` : NOTHING}</p>`,
    )
  const others = Object.fromEntries(Object.entries(rest).filter(([, each]) => each !== null && each !== undefined))
  if (Object.keys(others).length > 0) parts.push(showFields(others, null))
  return html`${parts}`
}
