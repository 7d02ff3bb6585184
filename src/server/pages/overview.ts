import type { ConnectionStatus } from '../../operations/connection-status.ts'
import { ENDING_MS } from '../../operations/ending-keys.ts'
import type { MappingStatus, Status } from '../../operations/status.ts'
import { age, count, plural } from '../../words.ts'
import { type Series, totalOf } from '../throughput-series.ts'
import { type Html, html, NOTHING } from './html.ts'
import { type IconName, icon } from './icons.ts'
import { showTime } from './show-time.ts'
import { connectionState, counted, mappingState } from './states.ts'
import { chart, sparkline } from './throughput.ts'

export interface MappingRow {
  readonly status: MappingStatus
  /** "erp res.partner ↔ shop customers". */
  readonly sides: string
  /** Records in conflict. */
  readonly conflicts: number
  /** By the hour. */
  readonly hours: Series
}

export interface ConnectionRow {
  readonly status: ConnectionStatus
  readonly type: string
  /** What the configuration says of it: "4 in flight, 10 a second". */
  readonly limits: string
}

export interface Overview {
  readonly status: Status
  readonly mappings: readonly MappingRow[]
  readonly connections: readonly ConnectionRow[]
  /** Of all mappings together, finer than by the hour. */
  readonly day: Series
  readonly nowMs: number
}

/** Everything at a glance; refreshes itself. */
export function overviewPage(overview: Overview): Html {
  return html`<div class="head"><h1>Overview</h1></div>
    <div id="overview" data-refresh hx-get="/parts/overview" hx-trigger="every 5s" hx-swap="innerMorph">
      ${overviewParts(overview)}
    </div>`
}

export function overviewParts(overview: Overview): Html {
  const { mappings, connections, day, nowMs } = overview
  const total = totalOf(day)
  return html`${calls(callsOf(overview), mappings)}
    <section aria-labelledby="mappings-title">
      <h2 id="mappings-title">Mappings</h2>
      ${mappings.length === 0 ? noMappings() : mappingTable(mappings, nowMs)}
    </section>
    <section aria-labelledby="day-title">
      <div class="section-head">
        <h2 id="day-title">Changes applied, last 24 hours</h2>
        <span class="quiet">${count(total)} in all</span>
      </div>
      <div class="card">${chart(day, `${count(total)} changes applied in the last 24 hours, in slices of 15 minutes`)}</div>
    </section>
    <section aria-labelledby="connections-title">
      <h2 id="connections-title">Connections</h2>
      ${connectionTable(connections, nowMs)}
    </section>`
}

/** Something that a person should look at. */
interface Call {
  readonly tone: 'bad' | 'attention'
  readonly icon: IconName
  readonly text: Html
  readonly href: string
  readonly action: string
}

function callsOf({ mappings, connections, nowMs }: Overview): readonly Call[] {
  return [...mappings.flatMap(mappingCalls), ...connections.flatMap(({ status }) => connectionCalls(status, nowMs))]
}

function mappingCalls({ status, conflicts }: MappingRow): readonly Call[] {
  const { mapping, state, reason, pausedBy, guards, odoo, external, deadSteps } = status
  const href = `/mappings/${mapping}`
  const name = html`<strong dir="auto">${mapping}</strong>`
  const calls: Call[] = guards.map(({ message }) => ({
    ...{ tone: 'bad', icon: 'attention', href, action: 'Look at it' },
    text: html`${name}: a guard holds back: <span dir="auto">${message}</span>`,
  }))
  if (reason !== null && (state === 'back-off' || guards.length === 0)) {
    const isWanted = pausedBy !== null
    calls.push({
      ...{ tone: isWanted ? 'attention' : 'bad', icon: isWanted ? 'paused' : 'attention', href, action: 'Look at it' },
      text: html`${name}: <span dir="auto">${reason}</span>`,
    })
  }
  if (conflicts > 0) {
    calls.push({
      ...{ tone: 'attention', icon: 'conflict', href: `/conflicts?mapping=${mapping}`, action: 'Decide' },
      text: html`${name}: ${plural(conflicts, 'conflict')} to decide`,
    })
  }
  const letters = odoo.deadLetters + external.deadLetters + deadSteps
  if (letters > 0) {
    calls.push({
      ...{ tone: 'bad', icon: 'dead', href: `/dead-letters?mapping=${mapping}`, action: 'See why' },
      text: html`${name}: ${plural(letters, 'dead letter')}`,
    })
  }
  return calls
}

function connectionCalls(
  { connection, state, reason, pausedBy, keys }: ConnectionStatus,
  nowMs: number,
): readonly Call[] {
  const href = `/connections/${connection}`
  const name = html`<strong dir="auto">${connection}</strong>`
  const calls: Call[] = keys
    .filter(({ endsAtMs }) => endsAtMs - nowMs <= ENDING_MS)
    .map((key) => ({
      ...{ tone: key.endsAtMs <= nowMs ? 'bad' : 'attention', icon: 'key', href, action: 'See the keys' },
      text: html`${name}: the key “<span dir="auto">${key.name}</span>” ${key.endsAtMs <= nowMs ? 'ended' : 'ends'} ${showTime(key.endsAtMs, nowMs)}`,
    }))
  if (pausedBy !== null) {
    const why = pausedBy.reason === null ? NOTHING : html`: <span dir="auto">${pausedBy.reason}</span>`
    const text = html`${name}: paused by ${pausedBy.by}${why}`
    calls.push({ tone: 'attention', icon: 'paused', href, action: 'Look at it', text })
  } else if (state !== null && state !== 'closed') {
    const text = html`${name}: <span dir="auto">${reason ?? 'does not answer'}</span>`
    calls.push({ tone: 'bad', icon: 'bad', href, action: 'Look at it', text })
  }
  return calls
}

function wordsWhereAllIsWell(mappings: readonly MappingStatus[]): string {
  const lags = mappings.flatMap(({ lagMs }) => lagMs ?? [])
  if (lags.length > 0) return `Nothing needs you. ${behind(Math.max(...lags))}`
  const unknown = mappings.filter(({ lastSuccessAtMs }) => lastSuccessAtMs === null).length
  if (unknown === 0) return 'Everything is in step.'
  return `Nothing needs you. ${plural(unknown, 'mapping has', 'mappings have')} not run to the end yet.`
}

function calls(found: readonly Call[], mappings: readonly MappingRow[]): Html {
  if (found.length === 0) {
    if (mappings.length === 0) return NOTHING
    const words = wordsWhereAllIsWell(mappings.map(({ status }) => status))
    return html`<ul class="calls calm"><li>${icon('good')}<span class="what" role="status">${words}</span></li></ul>`
  }
  return html`<h2 class="hidden" role="status">${plural(found.length, 'thing needs', 'things need')} a person</h2>
    <ul class="calls">
      ${found.map(
        (call) => html`<li class="${call.tone}">
          ${icon(call.icon)}<span class="what">${call.text}</span>
          <a class="button small" href="${call.href}">${call.action}</a>
        </li>`,
      )}
    </ul>`
}

function behind(lagMs: number): string {
  return `The oldest change that is under way is ${age(lagMs)} old.`
}

function mappingTable(rows: readonly MappingRow[], nowMs: number): Html {
  return html`<div class="table">
    <table class="cards">
      <thead>
        <tr>
          <th scope="col">Mapping</th>
          <th scope="col">State</th>
          <th scope="col" class="number">Lag</th>
          <th scope="col">Last 24 hours</th>
          <th scope="col" class="number">Linked</th>
          <th scope="col" class="number">Waiting</th>
          <th scope="col" class="number">Conflicts</th>
          <th scope="col" class="number">Dead letters</th>
          <th scope="col">Last run</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => mappingRow(row, nowMs))}
      </tbody>
    </table>
  </div>`
}

function mappingRow({ status, sides, conflicts, hours }: MappingRow, nowMs: number): Html {
  const { mapping, odoo, external, deadSteps, links, lagMs, lastRunAtMs } = status
  const waiting = odoo.waiting + external.waiting
  const letters = odoo.deadLetters + external.deadLetters + deadSteps
  return html`<tr>
    <th scope="row" class="wide all">
      <a href="/mappings/${mapping}" dir="auto">${mapping}</a><span class="sub" dir="auto">${sides}</span>
    </th>
    <td data-label="State">${mappingState(status)}</td>
    <td class="number" data-label="Lag" title="Age of the oldest change that is not applied">
      ${lagMs === null ? html`<span class="none">none</span>` : age(lagMs)}
    </td>
    <td data-label="Last 24 hours">${sparkline(hours)}<span class="sub">${count(totalOf(hours))} applied</span></td>
    <td class="number" data-label="Linked">${count(links)}</td>
    <td class="number" data-label="Waiting">${counted(waiting, null, null, 'waiting')}</td>
    <td class="number" data-label="Conflicts">
      ${counted(conflicts, 'attention', `/conflicts?mapping=${mapping}`, 'conflicts')}
    </td>
    <td class="number" data-label="Dead letters">
      ${counted(letters, 'bad', `/dead-letters?mapping=${mapping}`, 'dead letters')}
    </td>
    <td data-label="Last run">${showTime(lastRunAtMs, nowMs)}</td>
  </tr>`
}

function noMappings(): Html {
  return html`<div class="card empty-state">
    <strong>There are no mappings yet.</strong>
    Put a file into the folder of mappings (<code>mappings/customers.yaml</code> of Tandem is a complete example), then
    restart.
  </div>`
}

function connectionTable(rows: readonly ConnectionRow[], nowMs: number): Html {
  return html`<div class="table">
    <table class="cards">
      <thead>
        <tr>
          <th scope="col">Connection</th>
          <th scope="col">State</th>
          <th scope="col">System</th>
          <th scope="col">Limits</th>
          <th scope="col">Keys end</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ status, type, limits }) => html`<tr>
            <th scope="row" class="wide all">
              <a href="/connections/${status.connection}" dir="auto">${status.connection}</a><span class="sub">${type}</span>
            </th>
            <td data-label="State">${connectionState(status)}</td>
            <td data-label="System" dir="auto" class="wide">${status.server ?? html`<span class="none">not asked yet</span>`}</td>
            <td data-label="Limits">${limits}</td>
            <td data-label="Keys end">${keysEnd(status, nowMs)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

function keysEnd({ keys }: ConnectionStatus, nowMs: number): Html {
  const first = [...keys].sort((a, b) => a.endsAtMs - b.endsAtMs)[0]
  return first === undefined ? html`<span class="none">–</span>` : showTime(first.endsAtMs, nowMs)
}
