import { age } from '../../words.ts'
import { type Html, html } from './html.ts'

/** "3 min ago" or "in 3 min", with the exact time as its title. The script of the page keeps it true. */
export function showTime(atMs: number | null, nowMs: number, never = 'never'): Html {
  if (atMs === null) return html`<span class="quiet">${never}</span>`
  const iso = new Date(atMs).toISOString()
  const apartMs = nowMs - atMs
  const words =
    apartMs < -999 ? `in ${age(Math.abs(apartMs))}` : apartMs < 1000 ? 'just now' : `${age(Math.abs(apartMs))} ago`
  return html`<time datetime="${iso}" title="${iso.replace('T', ' ').replace(/\.\d+Z/, ' UTC')}" data-ago>${words}</time>`
}

/** "2026-11-21 08:30:05", in UTC; the script of the page turns it into the reader's own time. */
export function showMoment(atMs: number): Html {
  const iso = new Date(atMs).toISOString()
  const words = iso.replace('T', ' ').slice(0, 19)
  return html`<time datetime="${iso}" title="${words} UTC" data-moment>${words}</time>`
}
