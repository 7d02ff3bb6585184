import { raw } from 'hono/html'
import { count } from '../../words.ts'
import type { Series } from '../throughput-series.ts'
import { totalOf } from '../throughput-series.ts'
import { type Html, html } from './html.ts'

const WIDTH = 132
const HEIGHT = 24

/** Bars of a day, small enough for a table, with the sum in words beside it. */
export function sparkline(series: Series): Html {
  const sums = series.odoo.map((value, place) => value + (series.external[place] ?? 0))
  const most = Math.max(1, ...sums)
  const step = WIDTH / sums.length
  const bars = sums.map((sum, place) => {
    const height = sum === 0 ? 0 : Math.max(1.5, (sum / most) * (HEIGHT - 2))
    const [x, y] = [place * step, HEIGHT - 1 - height].map((value) => value.toFixed(1))
    return `<rect x="${x}" y="${y}" width="${(step - 1).toFixed(1)}" height="${height.toFixed(1)}"/>`
  })
  const floor = `<line x1="0" y1="${HEIGHT - 0.5}" x2="${WIDTH}" y2="${HEIGHT - 0.5}"/>`
  const label = `${count(totalOf(series))} applied in the last 24 hours`
  return raw(
    `<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">${floor}${bars.join('')}</svg>`,
  )
}

/** A chart of the day; its figures are in words above it, for whoever cannot see it. */
export function chart(series: Series, label: string): Html {
  const data = JSON.stringify({
    times: series.atMs.map((ms) => ms / 1000),
    series: [
      { name: 'Odoo → external', values: series.odoo },
      { name: 'external → Odoo', values: series.external },
    ],
  })
  return html`<div class="chart" role="img" aria-label="${label}" data-chart="${data}" hx-morph-skip-children></div>`
}
