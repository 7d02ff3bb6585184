import type { Value } from '../../contract/value.ts'
import type { DeadLetterDetail } from '../../operations/dead-letters.ts'
import { plural } from '../../words.ts'
import { faultWords, showFault } from './fault.ts'
import { attribute, type Html, html, NOTHING } from './html.ts'
import { icon } from './icons.ts'
import { recordHref, recordName, storyHref } from './record-address.ts'
import { showTime } from './show-time.ts'
import { showFields } from './show-value.ts'

const LONG_TEXT = 80

/** One dead letter: why, with which values, and what can be done. `draft`: what a person had typed before it was refused. */
export function deadLetterPage(letter: DeadLetterDetail, draft: Readonly<Record<string, string>>, nowMs: number): Html {
  const { mapping, side, id, key, kind, step, attempts, fault, sinceMs, values, odooId, externalId } = letter
  const href = recordHref('dead-letters', mapping, side, id)
  const name = recordName({ key, side, id })
  const story = storyHref(mapping, {
    key,
    odooId: odooId ?? (side === 'odoo' ? id : null),
    externalId: externalId ?? (side === 'external' ? id : null),
  })
  const what = kind === 'step' ? `the step ${step ?? ''}` : kind === 'gone' ? 'a delete' : 'a change'
  return html`<p class="crumbs"><a href="/dead-letters?mapping=${mapping}">Dead letters</a> / <span dir="auto">${mapping}</span></p>
    <div class="head">
      <h1 dir="auto">${name}</h1>
      <span class="spread"></span>
      <div class="tools">
        <a class="button" href="${story}">Its whole story</a>
        <form method="post" action="${href}/retry"><button class="main">${icon('play')}Try again</button></form>
      </div>
    </div>
    <div class="card">
      <h2 class="some-bad">${icon('bad')} ${fault === null ? 'It failed' : capital(faultWords(fault.code))}</h2>
      ${showFault(fault)}
      <p class="help">${capital(what)} of ${side} <span dir="auto">${id}</span>, met ${showTime(sinceMs, nowMs)}, ${plural(attempts, 'attempt')}${
        odooId !== null && externalId !== null
          ? html`; linked: Odoo ${odooId} ↔ external ${externalId}`
          : '; not linked yet'
      }.</p>
    </div>
    ${kind === 'state' ? editSection(letter, href, draft) : NOTHING}
    ${kind === 'state' ? html`<section aria-labelledby="payload-title"><h2 id="payload-title">What could not be applied</h2><div class="card">${Object.keys(values).length === 0 ? html`<span class="quiet">No values are kept.</span>` : showFields(values, null)}</div></section>` : NOTHING}
    <section aria-labelledby="discard-title">
      <h2 id="discard-title">Give it up</h2>
      <form method="post" action="${href}/discard" class="card form">
        <p class="help">The record is left as it is on both sides until it changes again. The reason stays in its history.</p>
        <div class="row"><label for="reason">Reason</label><input id="reason" name="reason" required maxlength="300" autocomplete="off" dir="auto" /></div>
        <div class="tools"><button class="danger">Discard</button></div>
      </form>
    </section>`
}

function editSection({ side, values }: DeadLetterDetail, href: string, draft: Readonly<Record<string, string>>): Html {
  const editable = Object.entries(values).filter(([, value]) => typeof value !== 'object' || value === null)
  if (editable.length === 0) return NOTHING
  return html`<section aria-labelledby="edit-title">
    <h2 id="edit-title">Mend its values</h2>
    <form method="post" action="${href}/edit" class="card form">
      <p class="help">What you change here is written to ${side === 'odoo' ? 'Odoo' : 'the external side'}, where the record comes from, and then tried again. Nothing is written if somebody else changed it meanwhile.</p>
      ${editable.map(([name, value], place) => input(name, value, draft[name], `edit-${place}`))}
      <div class="tools"><button class="main">Write and try again</button></div>
    </form>
  </section>`
}

function input(name: string, value: Value, typed: string | undefined, id: string): Html {
  const text = typed ?? textOf(value)
  const label = html`<label for="${id}" dir="auto">${name}</label>`
  const field = `value:${name}`
  if (typeof value === 'boolean') {
    return html`<div class="row">${label}<select id="${id}" name="${field}">
      <option value="true"${attribute('selected', text === 'true')}>yes</option>
      <option value="false"${attribute('selected', text !== 'true')}>no</option>
    </select></div>`
  }
  if (text.length > LONG_TEXT || text.includes('\n')) {
    return html`<div class="row">${label}<textarea id="${id}" name="${field}" rows="4" dir="auto">${text}</textarea></div>`
  }
  return html`<div class="row">${label}<input id="${id}" name="${field}" value="${text}" autocomplete="off" dir="auto" /></div>`
}

/** A value as it is typed; what is empty is typed as nothing. */
export function textOf(value: Value): string {
  return value === null ? '' : String(value)
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
