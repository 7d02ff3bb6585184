import { VERSION } from '../../version.ts'
import { assets } from '../assets.ts'
import { attribute, type Html, html, NOTHING } from './html.ts'
import { type IconName, icon } from './icons.ts'

/** How many things of a kind wait for a person. */
export interface Attention {
  readonly conflicts: number
  readonly deadLetters: number
}

export interface LayoutOptions {
  readonly title: string
  /** Which entry of the navigation it belongs to. */
  readonly section: 'overview' | 'conflicts' | 'dead-letters' | 'trace' | null
  readonly attention: Attention
  /** What was done just now; null: nothing. */
  readonly notice: Notice | null
  /** Whether there is a login, so that one can log out. */
  readonly hasLogin: boolean
  readonly content: Html
}

export interface Notice {
  readonly tone: 'good' | 'bad'
  readonly text: string
}

/** A whole page around its content. Works without its script; the script keeps it up to date. */
export function layout({ title, section, attention, notice, hasLogin, content }: LayoutOptions): Html {
  return html`<!doctype html>
<html lang="en">
  <head>
    ${head(title)}
  </head>
  <body>
    <a class="skip" href="#content">Skip to the content</a>
    <header class="top">
      <a class="brand" href="/"><img src="${assets().icon.path}" alt="" width="22" height="22" />Tandem</a>
      <nav aria-label="Main">
        ${entry('/', 'Overview', 'both', section === 'overview', 0)}
        ${entry('/conflicts', 'Conflicts', 'conflict', section === 'conflicts', attention.conflicts)}
        ${entry('/dead-letters', 'Dead letters', 'dead', section === 'dead-letters', attention.deadLetters)}
        ${entry('/trace', html`<span>Find<span class="wordy"> a record</span></span>`, 'search', section === 'trace', 0)}
      </nav>
      ${hasLogin ? html`<form method="post" action="/logout"><button class="plain">Log out</button></form>` : NOTHING}
    </header>
    <main id="content" tabindex="-1">
      <div id="notice" role="status" aria-live="polite">${notice === null ? NOTHING : showNotice(notice)}</div>
      ${content}
    </main>
    <footer>Tandem ${VERSION} <span class="quiet">· times are those of this browser · press <kbd>/</kbd> to find a record</span></footer>
  </body>
</html>`
}

/** A page for whoever is not logged in. */
export function bareLayout(title: string, content: Html): Html {
  return html`<!doctype html>
<html lang="en">
  <head>
    ${head(title)}
  </head>
  <body class="bare">
    <main id="content">${content}</main>
  </body>
</html>`
}

function head(title: string): Html {
  const { style, script, icon: favicon, htmx, chart, chartStyle } = assets()
  return html`<meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <meta name="robots" content="noindex" />
    <meta name="htmx-config" content='{"includeIndicatorCSS":false,"history":false}' />
    <title>${title} · Tandem</title>
    <link rel="icon" href="${favicon.path}" type="image/svg+xml" />
    <link rel="stylesheet" href="${chartStyle.path}" integrity="${chartStyle.integrity}" />
    <link rel="stylesheet" href="${style.path}" integrity="${style.integrity}" />
    <script src="${htmx.path}" integrity="${htmx.integrity}" defer></script>
    <script src="${chart.path}" integrity="${chart.integrity}" defer></script>
    <script src="${script.path}" integrity="${script.integrity}" defer></script>`
}

function entry(href: string, label: string | Html, name: IconName, isCurrent: boolean, count: number): Html {
  const badge = count === 0 ? NOTHING : html` <span class="badge">${shortCount(count)}</span>`
  const current = isCurrent ? html` aria-current="page"` : NOTHING
  return html`<a href="${href}"${current}>${icon(name)}${label}${badge}</a>`
}

/** "999", "1.2k". */
function shortCount(count: number): string {
  return count < 1000 ? String(count) : `${(Math.floor(count / 100) / 10).toFixed(1).replace('.0', '')}k`
}

export function showNotice({ tone, text }: Notice): Html {
  return html`<p class="notice ${tone}">${icon(tone)}<span dir="auto">${text}</span></p>`
}

/** A choice of a form: `options` by value. */
export function select(name: string, label: string, options: ReadonlyMap<string, string>, chosen: string): Html {
  const entries = [...options].map(
    ([value, words]) => html`<option value="${value}"${attribute('selected', value === chosen)}>${words}</option>`,
  )
  return html`<label>${label} <select name="${name}" data-submit>${entries}</select></label>`
}
