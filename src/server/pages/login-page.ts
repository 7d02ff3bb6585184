import { assets } from '../assets.ts'
import { type Html, html, NOTHING } from './html.ts'
import { showNotice } from './layout.ts'

export function loginPage(to: string, error: string | null): Html {
  return html`<form method="post" action="/login" class="card login">
    <span class="brand"><img src="${assets().icon.path}" alt="" width="26" height="26" />Tandem</span>
    <h1 class="hidden">Log in</h1>
    ${error === null ? NOTHING : html`<div role="alert">${showNotice({ tone: 'bad', text: error })}</div>`}
    <input type="hidden" name="to" value="${to}" />
    <label for="token">Token</label>
    <input id="token" name="token" type="password" autocomplete="current-password" required autofocus />
    <button class="main">Log in</button>
    <p class="help">It is <code>server.token</code> of the configuration.</p>
  </form>`
}
