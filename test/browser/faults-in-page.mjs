// Runs inside the page; its value is the list of what is wrong. See accessible.ts.
;(() => {
  const faults = []
  const visible = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
  const describe = (element) => element.outerHTML.replace(/\s+/g, ' ').slice(0, 120)
  const text = (element) => {
    const label = element.getAttribute('aria-label')
    if (label !== null) return label.trim()
    const by = element.getAttribute('aria-labelledby')
    if (by !== null)
      return by
        .split(' ')
        .map((id) => document.getElementById(id)?.textContent ?? '')
        .join(' ')
        .trim()
    return (element.textContent ?? '').trim()
  }

  for (const field of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
    const labels = [...(field.labels ?? [])]
    const isNamed = labels.some((label) => text(label) !== '') || (field.getAttribute('aria-label') ?? '') !== ''
    if (visible(field) && !isNamed) faults.push(`no label: ${describe(field)}`)
  }
  for (const control of document.querySelectorAll('a, button, summary')) {
    if (visible(control) && text(control) === '') faults.push(`no name: ${describe(control)}`)
  }
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
  for (const id of ids.filter((each, place) => ids.indexOf(each) !== place)) faults.push(`id twice: ${id}`)
  const headings = [...document.querySelectorAll('h1')]
  if (headings.length !== 1) faults.push(`${headings.length} h1`)
  if (document.querySelectorAll('main').length !== 1) faults.push('not one main')
  if (document.documentElement.lang === '') faults.push('no language')
  if (document.title === '') faults.push('no title')
  for (const heading of document.querySelectorAll('thead th, tbody th')) {
    if (!heading.hasAttribute('scope') && !heading.closest('.u-legend')) faults.push(`no scope: ${describe(heading)}`)
  }
  for (const picture of document.querySelectorAll('img:not([alt])')) faults.push(`no alt: ${describe(picture)}`)
  for (const picture of document.querySelectorAll('svg')) {
    if (!picture.hasAttribute('aria-hidden') && !picture.hasAttribute('aria-label'))
      faults.push(`unnamed: ${describe(picture)}`)
  }
  const over = document.documentElement.scrollWidth - document.documentElement.clientWidth
  if (over > 0) faults.push(`wider than the window by ${over} px`)

  for (const box of document.querySelectorAll('.table, .card, .facts > div')) {
    if (box.scrollWidth > box.clientWidth + 1) faults.push(`cut off: ${describe(box)}`)
  }

  // On a phone a row is a card of two columns: a cell that is narrower than its column breaks words into letters.
  for (const row of document.querySelectorAll('table.cards tbody tr')) {
    const cells = getComputedStyle(row).display === 'grid' ? [...row.children].filter(visible) : []
    for (const cell of cells) {
      if (cell.clientWidth < row.clientWidth * 0.3) faults.push(`squeezed: ${describe(cell)}`)
    }
  }

  // Contrast, as WCAG 2 computes it: of every text with the ground that is painted behind it.
  const parse = (value) => {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (/\(([^)]*)\)/.exec(value)?.[1] ?? '').split(/[ ,/]+/).map(Number)
    return [red, green, blue, alpha]
  }
  const painted = (top, below) => {
    const mix = (place) => top[place] * top[3] + below[place] * (1 - top[3])
    return [mix(0), mix(1), mix(2), 1]
  }
  const luminance = ([red, green, blue]) => {
    const part = (value) => {
      const share = value / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    }
    return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
  }
  const groundOf = (element) => {
    const layers = []
    for (let each = element; each; each = each.parentElement) {
      const color = parse(getComputedStyle(each).backgroundColor)
      if (color[3] > 0) layers.push(color)
      if (color[3] === 1) break
    }
    return layers.reduceRight((below, layer) => painted(layer, below), [255, 255, 255, 1])
  }
  const told = new Set()
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement
    if (!element || (node.textContent ?? '').trim() === '' || !visible(element)) continue
    if (element.closest('option, noscript, .hidden, :disabled')) continue
    const style = getComputedStyle(element)
    const ground = groundOf(element)
    const [light, dark] = [luminance(painted(parse(style.color), ground)), luminance(ground)].sort((a, b) => b - a)
    const ratio = ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05)
    const size = Number.parseFloat(style.fontSize)
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700)
    const name = `${style.color} on ${ground.slice(0, 3).map(Math.round).join(',')}`
    if (ratio >= (isLarge ? 3 : 4.5) || told.has(name)) continue
    told.add(name)
    faults.push(`contrast ${ratio.toFixed(2)}: ${name}: ${describe(element)}`)
  }
  return faults
})()
