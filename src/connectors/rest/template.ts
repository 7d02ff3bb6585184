import { SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'

/** What the placeholders of one call stand for: `{id}`, `{since}`, `{fields}`, … */
export type Bindings = Readonly<Record<string, Value>>

const PLACEHOLDER = /\{([a-z_]+)\}/g
const WHOLE = /^\{([a-z_]+)\}$/

/** A path with its placeholders filled in, each encoded so that a value can be no more than one segment. */
export function fillPath(template: string, bindings: Bindings): string {
  return template.replace(PLACEHOLDER, (_, name: string) => encodeURIComponent(textOf(bound(bindings, name), name)))
}

/** A body or a single value: a text that is nothing but a placeholder becomes the value itself, whatever its type. */
export function fill(template: Value, bindings: Bindings): Value {
  if (typeof template === 'string') {
    const whole = WHOLE.exec(template)?.[1]
    if (whole !== undefined) return bound(bindings, whole)
    return template.replace(PLACEHOLDER, (_, name: string) => textOf(bound(bindings, name), name))
  }
  if (Array.isArray(template)) return (template as readonly Value[]).map((item) => fill(item, bindings))
  if (typeof template !== 'object' || template === null) return template
  return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, fill(value, bindings)]))
}

/** A query string with its question mark, or ''. A list repeats its name; null leaves the name out. */
export function fillQuery(template: Fields, bindings: Bindings): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(template)) {
    const filled = fill(value, bindings)
    for (const item of Array.isArray(filled) ? (filled as readonly Value[]) : [filled]) {
      if (item !== null) query.append(name, textOf(item, name))
    }
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

/** The names of the placeholders in a template. */
export function placeholdersOf(template: Value | undefined): ReadonlySet<string> {
  const text = template === undefined ? '' : JSON.stringify(template)
  return new Set([...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name))
}

function bound(bindings: Bindings, name: string): Value {
  const value = Object.hasOwn(bindings, name) ? bindings[name] : undefined
  if (value !== undefined) return value
  throw new SyncError('config', `{${name}} stands for nothing in this call`, {
    hint: `It may use ${Object.keys(bindings)
      .map((known) => `{${known}}`)
      .join(', ')}.`,
  })
}

function textOf(value: Value, name: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value === null) return ''
  throw new SyncError('config', `{${name}} is a list or an object, which cannot stand inside of a text`, {
    hint: 'Let it be the whole of the value.',
  })
}
