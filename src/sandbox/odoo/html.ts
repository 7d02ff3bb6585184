/**
 * What Odoo does to an HTML field on write, for the everyday cases: dangerous elements go with their content,
 * dangerous attributes go, what is open is closed, and what is no element is wrapped in one. The full cleaner is
 * lxml's over libxml2's parser; the conformance suite holds the cases that are known to be equal.
 */

const words = (list: string): readonly string[] => list.split(' ')
const KILLED = words('base embed frame head iframe link meta noscript object script style title')
const BLOCKS = new Set(
  words(
    'address article aside blockquote div dl fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr main nav ol p pre section table ul',
  ),
)
const VOID = new Set(words('area br col hr img wbr'))
/** An element that ends the open one of the same kind, where nothing else is open in between. */
const CLOSED_BY_NEXT = new Set(words('li tr td th dt dd option'))
const ENTITIES: Readonly<Record<string, string>> = {
  copy: '©',
  euro: '€',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  eacute: 'é',
}

export function sanitizeHtml(source: string): string {
  const cleaned = cleanTags(removeKilled(source).trimStart())
  return cleaned === '' ? '' : wrap(cleaned)
}

function removeKilled(source: string): string {
  let text = source
  for (const tag of KILLED) {
    text = text.replace(new RegExp(`<${tag}\\b[^>]*>[\\s\\S]*?</${tag}\\s*>`, 'gi'), '')
    text = text.replace(new RegExp(`</?${tag}\\b[^>]*>`, 'gi'), '')
  }
  return text.replace(/^\s*(?:<!--[\s\S]*?-->\s*)+/, '').replace(/<\/?(?:html|body)\b[^>]*>/gi, '')
}

const TOKEN = /(<!--[\s\S]*?-->)|<(\/?)([a-zA-Z][\w-]*)((?:"[^"]*"|'[^']*'|[^'">])*)>|[^<]+|</g

function cleanTags(source: string): string {
  const open: string[] = []
  let text = ''
  for (const [token, comment, slash, name, rest] of source.matchAll(TOKEN)) {
    const tag = name?.toLowerCase()
    if (comment !== undefined) text += comment
    else if (tag === undefined) text += cleanText(token)
    else if (slash === '/') text += closeTag(open, tag)
    else text += openTag(open, tag, rest ?? '')
  }
  return text + closingTags(open)
}

function openTag(open: string[], tag: string, rest: string): string {
  const last = open.at(-1)
  const endsLast =
    last !== undefined && ((last === 'p' && BLOCKS.has(tag)) || (last === tag && CLOSED_BY_NEXT.has(tag)))
  const closed = endsLast ? closeTag(open, last) : ''
  if (!VOID.has(tag)) open.push(tag)
  return `${closed}<${tag}${cleanAttributes(rest)}>`
}

function closeTag(open: string[], tag: string): string {
  const at = open.lastIndexOf(tag)
  return at < 0 ? '' : closingTags(open.splice(at))
}

function closingTags(open: readonly string[]): string {
  return open
    .toReversed()
    .map((tag) => `</${tag}>`)
    .join('')
}

const ATTRIBUTE = /([\w:-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g

function cleanAttributes(source: string): string {
  let kept = ''
  for (const [, name = '', quoted, single, bare] of source.matchAll(ATTRIBUTE)) {
    const attribute = name.toLowerCase()
    const value = (quoted ?? single ?? bare)?.replaceAll('&quot;', '"')
    if (attribute.startsWith('on')) continue
    const isScript = (attribute === 'href' || attribute === 'src') && /^\s*(?:javascript|vbscript):/i.test(value ?? '')
    const quote = value?.includes('"') ? "'" : '"'
    kept += value === undefined ? ` ${attribute}` : ` ${attribute}=${quote}${isScript ? '' : value}${quote}`
  }
  return kept
}

function cleanText(text: string): string {
  return text
    .replace(/&(\w+);/g, (entity, name: string) => ENTITIES[name] ?? entity)
    .replaceAll('&quot;', '"')
    .replaceAll('\u00a0', '&nbsp;')
    .replace(/&(?!(?:amp|lt|gt|nbsp|#\d+|#x[0-9a-f]+);)/gi, '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}

/** Leading text becomes a paragraph up to the first block; inline elements that are not alone get a span. */
function wrap(text: string): string {
  const firstBlock = [...text.matchAll(/<([a-z]\w*)/g)].find(([, tag = '']) => BLOCKS.has(tag))
  if (/^<[a-z]/.test(text)) return firstBlock || isOneElement(text) ? text : `<span>${text}</span>`
  const end = firstBlock?.index ?? text.length
  return `<p>${text.slice(0, end)}</p>${text.slice(end)}`
}

function isOneElement(text: string): boolean {
  let depth = 0
  for (const { 0: token, 1: slash, 2: tag = '', index } of text.matchAll(/<(\/?)([a-z]\w*)[^>]*>/g)) {
    if (slash === '/') depth -= 1
    else if (!VOID.has(tag)) depth += 1
    if (depth === 0) return text.slice(index + token.length).trim() === ''
  }
  return false
}
