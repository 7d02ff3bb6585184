import type { PersonPause } from '../../ledger/mapping-state.ts'
import { type Html, html, NOTHING } from './html.ts'
import { icon } from './icons.ts'
import { showMoment } from './show-time.ts'

export function pauseForm(action: string, meaning: string): Html {
  return html`<form method="post" action="${action}" class="form">
    <p class="help">${meaning}</p>
    <div class="row">
      <label for="pause-reason">Why (for those who ask later)</label>
      <input id="pause-reason" name="reason" maxlength="300" autocomplete="off" dir="auto" />
    </div>
    <div class="tools"><button>${icon('paused')}Pause</button></div>
  </form>`
}

export function resumeForm(action: string, pausedBy: PersonPause | null): Html {
  const words =
    pausedBy === null
      ? NOTHING
      : html`<p>Paused since ${showMoment(pausedBy.sinceMs)} by <span dir="auto">${pausedBy.by}</span>${
          pausedBy.reason === null ? '' : html`: <span dir="auto">${pausedBy.reason}</span>`
        }</p>`
  return html`<form method="post" action="${action}" class="form">
    ${words}
    <div class="tools"><button class="main">${icon('play')}Resume</button></div>
  </form>`
}
