import type { Counts } from '../../ledger/counts.ts'
import type { MappingState, RunNote } from '../../ledger/mapping-state.ts'
import { SIDES } from '../../mapping/mapping.ts'
import type { MappingStatus } from '../../operations/status.ts'
import { age, count } from '../../words.ts'
import { type Series, totalOf } from '../throughput-series.ts'
import { type Html, html, NOTHING } from './html.ts'
import { icon } from './icons.ts'
import { pauseForm, resumeForm } from './pause-forms.ts'
import { showTime } from './show-time.ts'
import { mappingState } from './states.ts'
import { chart } from './throughput.ts'

export interface MappingView {
  readonly status: MappingStatus
  readonly state: MappingState | null
  readonly file: string
  readonly sides: string
  readonly connections: readonly string[]
  readonly schedule: string
  readonly day: Series
  readonly nowMs: number
}

export function mappingPage(view: MappingView): Html {
  const { status, sides, file, connections } = view
  const { mapping } = status
  return html`<p class="crumbs"><a href="/">Overview</a> / mapping</p>
    <div class="head">
      <h1 dir="auto">${mapping}</h1>
      <span class="spread"></span>
      <div class="tools">
        <form method="post" action="/mappings/${mapping}/sync"><button>${icon('play')}Sync now</button></form>
        <form method="post" action="/mappings/${mapping}/verify"><button>${icon('good')}Verify</button></form>
        <a class="button" href="/mappings/${mapping}/resync">Resync…</a>
      </div>
    </div>
    <p class="lead"><span dir="auto">${sides}</span> · <span class="mono" dir="auto">${file}</span> · connections
      ${[...new Set(connections)].map((name, place) => html`${place > 0 ? ', ' : ''}<a href="/connections/${name}" dir="auto">${name}</a>`)}
    </p>
    <div id="mapping" data-refresh hx-get="/parts/mappings/${mapping}" hx-trigger="every 5s" hx-swap="innerMorph">
      ${mappingParts(view)}
    </div>
    <section aria-labelledby="stop-title">
      <h2 id="stop-title">${status.pausedBy === null ? 'Pause' : 'Paused'}</h2>
      <div class="card">${pauseOf(status)}</div>
    </section>`
}

export function mappingParts(view: MappingView): Html {
  const { status, state, day, nowMs, schedule } = view
  const { guards, reason, lagMs, links, lastSuccessAtMs, lastRunAtMs, mapping } = status
  const total = totalOf(day)
  return html`${reason !== null && guards.length === 0 ? html`<p class="notice bad">${icon('attention')}<span dir="auto">${reason}</span></p>` : NOTHING}
    ${guards.map(
      ({ message }) => html`<div class="notice bad">
        ${icon('attention')}
        <span dir="auto">A guard holds back: ${message} Look at it with a dry run before you agree.</span>
        <a class="button small" href="/mappings/${mapping}/guards">Agree…</a>
      </div>`,
    )}
    <dl class="facts">
      <div><dt>State</dt><dd>${mappingState(status)}</dd></div>
      <div><dt>Lag</dt><dd>${lagMs === null ? 'none' : age(lagMs)}<small>oldest change not applied</small></dd></div>
      <div><dt>Linked pairs</dt><dd>${count(links)}</dd></div>
      <div><dt>Applied in 24 hours</dt><dd>${count(total)}</dd></div>
      <div><dt>Last success</dt><dd>${showTime(lastSuccessAtMs, nowMs)}<small>last run ${showTime(lastRunAtMs, nowMs)}</small></dd></div>
      <div><dt>Schedule</dt><dd>${schedule}</dd></div>
    </dl>
    <section aria-labelledby="day-title">
      <h2 id="day-title">Changes applied, last 24 hours</h2>
      <div class="card">${chart(day, `${count(total)} changes applied in the last 24 hours, in slices of 15 minutes`)}</div>
    </section>
    <section aria-labelledby="counts-title">
      <h2 id="counts-title">What became of every change</h2>
      ${countsTable(status)}
    </section>
    <section aria-labelledby="runs-title">
      <h2 id="runs-title">Last runs that did something</h2>
      ${runsTable(state?.runs ?? [], nowMs)}
    </section>`
}

function pauseOf({ mapping, pausedBy, state }: MappingStatus): Html {
  if (pausedBy !== null) return resumeForm(`/mappings/${mapping}/resume`, pausedBy)
  if (state === 'paused') {
    return html`<p class="help">It stopped by itself. When the cause is mended, let it run again.</p>
      ${resumeForm(`/mappings/${mapping}/resume`, null)}`
  }
  return pauseForm(
    `/mappings/${mapping}/pause`,
    'Nothing of this mapping is read or written until somebody resumes it. What systems tell meanwhile is kept.',
  )
}

const COUNTERS: readonly (readonly [keyof Counts, string, string])[] = [
  ['captured', 'captured', 'every state that was met: the sum of all that follows'],
  ['applied', 'applied', 'written to the other side'],
  ['unchanged', 'unchanged', 'nothing to write: our own echo, or equal already'],
  ['superseded', 'superseded', 'a newer state of the same record came before it was applied'],
  ['pending', 'pending', 'on its way'],
  ['waiting', 'waiting', 'for a record that it refers to'],
  ['conflicts', 'conflicts', 'for a person to decide'],
  ['deadLetters', 'dead letters', 'for a person to mend'],
  ['discarded', 'discarded', 'given up by a person'],
]

function countsTable(status: MappingStatus): Html {
  const mapping = status.mapping
  const links: Partial<Record<keyof Counts, string>> = {
    conflicts: `/conflicts?mapping=${mapping}`,
    deadLetters: `/dead-letters?mapping=${mapping}`,
    discarded: `/dead-letters?mapping=${mapping}&state=discarded`,
  }
  return html`<div class="table">
    <table>
      <thead>
        <tr><th scope="col">Changes</th><td class="meaning"></td><th scope="col" class="number">met in Odoo</th><th scope="col" class="number">met in external</th></tr>
      </thead>
      <tbody>
        ${COUNTERS.map(
          ([name, words, meaning]) => html`<tr>
            <th scope="row">${links[name] === undefined ? words : html`<a href="${links[name]}">${words}</a>`}</th><td class="meaning">${meaning}</td>
            ${SIDES.map((side) => html`<td class="number">${count(status[side][name])}</td>`)}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

const DEPTHS: Readonly<Record<RunNote['depth'], string>> = {
  tail: 'newest changes',
  deep: 'deep scan',
  none: 'what was told',
}

function runsTable(runs: readonly RunNote[], nowMs: number): Html {
  if (runs.length === 0) return html`<div class="card empty-state">No run has done anything yet.</div>`
  return html`<div class="table">
    <table class="cards">
      <thead>
        <tr>
          <th scope="col">Begun</th><th scope="col">Read</th><th scope="col" class="number">Took</th>
          <th scope="col" class="number">Captured</th><th scope="col" class="number">Applied</th><th scope="col">Outcome</th>
        </tr>
      </thead>
      <tbody>
        ${runs.map(
          (run) => html`<tr>
            <td data-label="Begun">${showTime(run.startedAtMs, nowMs)}</td>
            <td data-label="Read">${DEPTHS[run.depth]}${run.swept ? ', sweep' : ''}</td>
            <td data-label="Took" class="number">${run.tookMs < 1000 ? `${run.tookMs} ms` : `${(run.tookMs / 1000).toFixed(1)} s`}</td>
            <td data-label="Captured" class="number">${count(Math.max(0, run.captured))}</td>
            <td data-label="Applied" class="number">${count(run.applied)}</td>
            <td data-label="Outcome" class="wide all">${outcomeOf(run)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

function outcomeOf({ fault, deadLetters, conflicts }: RunNote): Html {
  if (fault !== null) return html`<span class="some-bad">failed</span>: <span dir="auto">${fault.message}</span>`
  const parts = [
    ...(deadLetters > 0 ? [html`<span class="some-bad">${deadLetters} dead</span>`] : []),
    ...(conflicts > 0 ? [html`<span class="some-attention">${conflicts} in conflict</span>`] : []),
  ]
  if (parts.length === 0) return html`<span class="quiet">done</span>`
  return html`${parts.map((part, place) => html`${place > 0 ? ', ' : ''}${part}`)}`
}
