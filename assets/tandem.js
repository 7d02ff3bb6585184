// Keeps a page up to date that works without it: times in words, charts, refreshing. Loaded after htmx and uPlot.
const STEPS = [
  ['d', 86400000],
  ['h', 3600000],
  ['min', 60000],
  ['s', 1000],
]

function span(ms) {
  const [unit, unitMs] = STEPS.find(([, stepMs]) => Math.abs(ms) >= stepMs) ?? ['s', 1000]
  return `${Math.trunc(Math.abs(ms) / unitMs)} ${unit}`
}

const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const pad = (value) => String(value).padStart(2, '0')

function localMoment(at) {
  const day = [at.getFullYear(), pad(at.getMonth() + 1), pad(at.getDate())].join('-')
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(pad).join(':')}`
}

/** Writes times anew. The server's clock may differ from this one's: nothing is "in 2 s" because of that. */
function tellTimes() {
  const now = Date.now()
  for (const time of document.querySelectorAll('time[data-ago]')) {
    const at = new Date(time.dateTime)
    const apart = now - at.getTime()
    const words = apart < -5000 ? `in ${span(apart)}` : apart < 1000 ? 'just now' : `${span(apart)} ago`
    if (time.textContent !== words) time.textContent = words
    time.title = EXACT.format(at)
  }
  for (const time of document.querySelectorAll('time[data-moment]')) {
    const at = new Date(time.dateTime)
    const words = localMoment(at)
    if (time.textContent !== words) time.textContent = words
    time.title = EXACT.format(at)
  }
}

const MONTHS = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })

/** "14:00", with the day below it where one begins. */
function axisLabel(seconds, index) {
  const at = new Date(seconds * 1000)
  const isNewDay = index === 0 || at.getHours() === 0
  return `${pad(at.getHours())}:${pad(at.getMinutes())}${isNewDay ? `\n${MONTHS.format(at)}` : ''}`
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

function chartOptions(place, names) {
  const axis = {
    stroke: color('--quiet'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
  }
  const bars = globalThis.uPlot.paths.bars({ size: [0.8, 14], align: 0 })
  const series = names.map((label, index) => {
    const paint = color(index === 0 ? '--chart-external' : '--chart-odoo')
    return { label, stroke: paint, fill: paint, width: 0, paths: bars, points: { show: false } }
  })
  return {
    width: place.clientWidth,
    height: 190,
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_, __, max) => [0, Math.max(4, max * 1.08)] } },
    axes: [
      { ...axis, values: (_, marks) => marks.map(axisLabel) },
      {
        ...axis,
        size: 46,
        values: (_, marks) => marks.map((mark) => (Number.isInteger(mark) ? mark.toLocaleString() : '')),
      },
    ],
    series: [{ value: (_, at) => (at === null ? '–' : localMoment(new Date(at * 1000)).slice(0, 16)) }, ...series],
  }
}

const charts = new Map()

/** Bars stand on each other: the first series is drawn as the sum and the second one over it. */
function drawChart(place) {
  const { times, series } = JSON.parse(place.dataset.chart)
  const [odoo, external] = series.map(({ values }) => values)
  const names = series.map(({ name }) => name).reverse()
  const sums = odoo.map((value, index) => value + external[index])
  charts.get(place)?.chart.destroy()
  place.replaceChildren()
  const options = chartOptions(place, names)
  options.series[1].value = (_, __, ___, index) => (index === null ? '–' : external[index].toLocaleString())
  options.series[2].value = (_, value) => (value === null || value === undefined ? '–' : value.toLocaleString())
  const chart = new globalThis.uPlot(options, [times, sums, odoo], place)
  charts.set(place, { chart, drawn: place.dataset.chart })
}

function drawCharts() {
  for (const [place, { chart }] of charts) {
    if (place.isConnected) continue
    chart.destroy()
    charts.delete(place)
  }
  for (const place of document.querySelectorAll('[data-chart]')) {
    if (charts.get(place)?.drawn !== place.dataset.chart) drawChart(place)
  }
}

function showAnew() {
  tellTimes()
  drawCharts()
}

// What refreshes by itself rests while nobody looks, and while somebody fills in a form within it.
document.addEventListener('htmx:config:request', (event) => {
  const source = event.detail.ctx.sourceElement
  if (!source.hasAttribute('data-refresh')) return
  const isUsed = source.contains(document.activeElement) && document.activeElement.matches('input, select, textarea')
  if (document.hidden || isUsed) event.preventDefault()
})
document.addEventListener('htmx:after:swap', showAnew)

document.addEventListener('change', (event) => {
  if (event.target.matches('select[data-submit]')) event.target.form.requestSubmit()
})

document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.target.matches('input, select, textarea, [contenteditable]')) return
  event.preventDefault()
  const field = document.querySelector('#find')
  if (field) field.focus()
  else location.assign('/trace')
})

let resizing = 0
addEventListener('resize', () => {
  clearTimeout(resizing)
  resizing = setTimeout(() => {
    for (const [place, { chart }] of charts) chart.setSize({ width: place.clientWidth, height: 190 })
  }, 120)
})
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const place of charts.keys()) drawChart(place)
})
document.documentElement.classList.add('scripted')
setInterval(tellTimes, 5000)
showAnew()
