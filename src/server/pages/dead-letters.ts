import type { DeadLetter } from '../../operations/dead-letters.ts'
import { count, plural } from '../../words.ts'
import { faultWords, showFault } from './fault.ts'
import { type Html, html, NOTHING } from './html.ts'
import { icon } from './icons.ts'
import { select } from './layout.ts'
import { type Pager, pager } from './pager.ts'
import { recordHref, recordName } from './record-address.ts'
import { showTime } from './show-time.ts'

export interface LetterFilter {
  readonly mapping: string | null
  readonly code: string | null
  readonly state: 'dead' | 'discarded'
}

export interface LetterList {
  readonly letters: readonly DeadLetter[]
  readonly mappings: readonly string[]
  readonly filter: LetterFilter
  /** How many there are of each reason, in the mappings that are shown. */
  readonly kinds: ReadonlyMap<string, number>
  readonly pager: Pager
  readonly nowMs: number
}

export function deadLettersPage(list: LetterList): Html {
  const { letters, mappings, filter, pager: pages, nowMs } = list
  const all = new Map([['', 'all mappings'], ...mappings.map((name): [string, string] => [name, name])])
  const states = new Map([
    ['dead', 'for a person to mend'],
    ['discarded', 'discarded'],
  ])
  return html`<div class="head">
      <h1>Dead letters</h1>
      <span class="quiet">${pages.total === null ? NOTHING : plural(pages.total, 'record')}</span>
    </div>
    <p class="lead">
      A change that cannot be applied without a person stands aside here, and everything else goes on. Mend the cause and
      try again, or give it up: the record is left as it is until it changes.
    </p>
    <form class="filters" method="get" action="/dead-letters">
      ${select('mapping', 'Mapping', all, filter.mapping ?? '')} ${select('code', 'Reason', reasons(list), filter.code ?? '')}
      ${select('state', 'State', states, filter.state)}
      <button class="small unscripted">Show</button>
    </form>
    ${filter.state === 'dead' && letters.length > 0 ? bulk(list) : NOTHING}
    ${letters.length === 0 ? noLetters(filter) : letterTable(letters, filter, nowMs)} ${pager(pages)}`
}

function reasons({ kinds, filter }: LetterList): ReadonlyMap<string, string> {
  const entries = [...kinds].map(([code, number]): [string, string] => [code, `${faultWords(code)} (${count(number)})`])
  if (filter.code !== null && !kinds.has(filter.code)) entries.push([filter.code, faultWords(filter.code)])
  return new Map([['', 'every reason'], ...entries])
}

/** Everything of a kind at once: one mapping, and one reason or all. */
function bulk({ filter, kinds }: LetterList): Html {
  const { mapping, code } = filter
  if (mapping === null) return html`<p class="help filters">Choose a mapping to try all of a kind again.</p>`
  const total = code === null ? [...kinds.values()].reduce((sum, each) => sum + each, 0) : (kinds.get(code) ?? 0)
  const kind = code === null ? '' : ` “${faultWords(code)}”`
  return html`<form method="post" action="/dead-letters/retry" class="filters">
    <input type="hidden" name="mapping" value="${mapping}" /><input type="hidden" name="code" value="${code ?? ''}" />
    <button>${icon('play')}Try all ${count(total)}${kind} again</button>
  </form>`
}

function noLetters({ state, mapping, code }: LetterFilter): Html {
  if (state === 'discarded') return html`<div class="card empty-state"><strong>Nothing was given up.</strong></div>`
  const isFiltered = mapping !== null || code !== null
  return html`<div class="card empty-state">
    ${icon('good')}<strong>No dead letters${isFiltered ? ' of this kind' : ''}.</strong>
    ${isFiltered ? html`<a href="/dead-letters">Show all</a>` : 'What cannot be applied would come here with its reason, and stop nobody else.'}
  </div>`
}

function letterTable(letters: readonly DeadLetter[], filter: LetterFilter, nowMs: number): Html {
  const isDead = filter.state === 'dead'
  return html`<div class="table">
    <table class="cards">
      <thead>
        <tr>
          <th scope="col">Record</th>
          <th scope="col">Why</th>
          <th scope="col" class="number">Attempts</th>
          <th scope="col">Since</th>
          ${isDead ? html`<th scope="col"><span class="hidden">Actions</span></th>` : NOTHING}
        </tr>
      </thead>
      <tbody>
        ${letters.map((letter) => letterRow(letter, isDead, nowMs))}
      </tbody>
    </table>
  </div>`
}

function letterRow(letter: DeadLetter, isDead: boolean, nowMs: number): Html {
  const { mapping, side, id, key, kind, step, attempts, fault, sinceMs } = letter
  const href = recordHref('dead-letters', mapping, side, id)
  const name = recordName({ key, side, id })
  const what = kind === 'step' ? `step ${step ?? ''}` : kind === 'gone' ? 'delete' : 'change'
  return html`<tr>
    <th scope="row" class="wide all">
      ${isDead ? html`<a href="${href}" dir="auto">${name}</a>` : html`<span dir="auto">${name}</span>`}
      <span class="sub"><span dir="auto">${mapping}</span> · ${what} of ${side} <span dir="auto">${id}</span></span>
    </th>
    <td class="wide all">
      <strong>${fault === null ? 'unknown' : faultWords(fault.code)}</strong>${showFault(fault)}
    </td>
    <td class="number" data-label="Attempts">${attempts}</td>
    <td data-label="Since">${showTime(sinceMs, nowMs)}</td>
    ${
      isDead
        ? html`<td class="all">
            <form method="post" action="${href}/retry" hx-post="${href}/retry" hx-target="closest tr" hx-swap="outerHTML">
              <button class="small" aria-label="Try ${name} again">Try again</button>
            </form>
          </td>`
        : NOTHING
    }
  </tr>`
}

/** Takes the place of a row that was tried again. */
export function retriedRow(name: string): Html {
  return html`<tr><td colspan="5" role="status"><span class="quiet"><strong dir="auto">${name}</strong> is being tried again.</span></td></tr>`
}
