import type { ConnectionStatus } from '../../operations/connection-status.ts'
import { ENDING_MS } from '../../operations/ending-keys.ts'
import { plural } from '../../words.ts'
import { type Html, html, NOTHING } from './html.ts'
import { icon } from './icons.ts'
import { pauseForm, resumeForm } from './pause-forms.ts'
import { showMoment, showTime } from './show-time.ts'
import { connectionState, pill } from './states.ts'

export interface ConnectionView {
  readonly status: ConnectionStatus
  readonly type: string
  readonly limits: string
  /** Those that use it. */
  readonly mappings: readonly string[]
  readonly nowMs: number
}

export function connectionPage({ status, type, limits, mappings, nowMs }: ConnectionView): Html {
  const { connection, reason, untilMs, sinceMs, server, recognisedAtMs, pausedBy, keys, state } = status
  const isTroubled = state !== null && state !== 'closed'
  return html`<p class="crumbs"><a href="/">Overview</a> / connection</p>
    <div class="head"><h1 dir="auto">${connection}</h1></div>
    ${
      isTroubled
        ? html`<p class="notice bad">${icon('bad')}<span dir="auto">${reason ?? 'It does not answer'}${
            untilMs === null ? NOTHING : html` (tried again ${showTime(untilMs, nowMs)})`
          }</span></p>`
        : NOTHING
    }
    <dl class="facts">
      <div><dt>Circuit breaker</dt><dd>${connectionState(status)}<small>${sinceMs === null ? 'no trouble since the start' : html`since ${showTime(sinceMs, nowMs)}`}</small></dd></div>
      <div><dt>System</dt><dd dir="auto">${server ?? 'not asked yet'}<small>type ${type}</small></dd></div>
      <div><dt>Limits</dt><dd>${limits}</dd></div>
      <div><dt>Database recognised</dt><dd>${showTime(recognisedAtMs, nowMs, 'not yet')}</dd></div>
    </dl>
    <section aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      ${keys.length === 0 ? html`<div class="card quiet">No key is known that ends.</div>` : keyTable(keys, nowMs)}
    </section>
    <section aria-labelledby="used-title">
      <h2 id="used-title">Used by</h2>
      <div class="card">
        ${mappings.length === 0 ? 'no mapping' : mappings.map((name, place) => html`${place > 0 ? ', ' : ''}<a href="/mappings/${name}" dir="auto">${name}</a>`)}
      </div>
    </section>
    <section aria-labelledby="stop-title">
      <h2 id="stop-title">${pausedBy === null ? 'Pause' : 'Paused'}</h2>
      <div class="card">
        ${
          pausedBy === null
            ? pauseForm(
                `/connections/${connection}/pause`,
                `${plural(mappings.length, 'mapping')} would not run until somebody resumes it.`,
              )
            : resumeForm(`/connections/${connection}/resume`, pausedBy)
        }
      </div>
    </section>`
}

function keyTable(keys: ConnectionStatus['keys'], nowMs: number): Html {
  return html`<div class="table">
    <table>
      <thead><tr><th scope="col">Key</th><th scope="col">Ends</th><th scope="col">State</th></tr></thead>
      <tbody>
        ${keys.map(
          ({ name, endsAtMs }) => html`<tr>
            <th scope="row" class="wide" dir="auto">${name}</th>
            <td>${showTime(endsAtMs, nowMs)}<span class="sub">${showMoment(endsAtMs)}</span></td>
            <td>${
              endsAtMs <= nowMs
                ? pill('bad', 'bad', 'ended')
                : endsAtMs - nowMs <= ENDING_MS
                  ? pill('attention', 'key', 'ends soon')
                  : pill('good', 'good', 'valid')
            }</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}
