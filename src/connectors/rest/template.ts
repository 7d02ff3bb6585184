import { SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { valueAt } from '../../http/json-path.ts'

/**
 * What the placeholders of one call stand for: `{id}`, `{since}`, `{fields}`, … A path may follow: `{fields.address.city}`.
 * One that leads to nothing leaves its property out, and is empty inside of a text.
 */
export type Bindings = Readonly<Record<string, Value>>

const PLACEHOLDER = /\{([a-z_]+(?:\.[^\s{}"]+)?)\}/g
const WHOLE = /^\{([a-z_]+(?:\.[^\s{}"]+)?)\}$/

/** A path with its placeholders filled in, each encoded so that a value can be no more than one segment. */
export function fillPath(template: string, bindings: Bindings): string {
  return template.replace(PLACEHOLDER, (_, name: string) => encodeURIComponent(textOf(segment(bindings, name), name)))
}

/** A body or a single value: a text that is nothing but a placeholder becomes the value itself, whatever its type. */
export function fill(template: Value, bindings: Bindings): Value {
  if (typeof template === 'string') {
    const whole = WHOLE.exec(template)?.[1]
    if (whole !== undefined) return bound(bindings, whole) ?? null
    return template.replace(PLACEHOLDER, (_, name: string) => textOf(bound(bindings, name) ?? null, name))
  }
  if (Array.isArray(template)) return (template as readonly Value[]).map((item) => fill(item, bindings))
  if (typeof template !== 'object' || template === null) return template
  return Object.fromEntries(
    Object.entries(template).flatMap(([name, value]) => {
      return leadsNowhere(value, bindings) ? [] : [[name, fill(value, bindings)]]
    }),
  )
}

function leadsNowhere(template: Value, bindings: Bindings): boolean {
  const whole = typeof template === 'string' ? WHOLE.exec(template)?.[1] : undefined
  return whole !== undefined && bound(bindings, whole) === undefined
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

/** undefined: the path behind a known name leads to nothing. */
function bound(bindings: Bindings, name: string): Value | undefined {
  const dot = name.indexOf('.')
  const head = dot === -1 ? name : name.slice(0, dot)
  const value = Object.hasOwn(bindings, head) ? bindings[head] : undefined
  if (value !== undefined) return dot === -1 ? value : valueAt(value, name.slice(dot + 1))
  throw new SyncError('config', `{${name}} stands for nothing in this call`, {
    hint: `It may use ${Object.keys(bindings)
      .map((known) => `{${known}}`)
      .join(', ')}.`,
  })
}

/** A path without one of its segments would be another one's. */
function segment(bindings: Bindings, name: string): Value {
  const value = bound(bindings, name)
  if (value !== undefined && value !== null && value !== '') return value
  throw new SyncError('invalid', `{${name}} is empty, and a path needs it`, {
    hint: 'Correct the path of the call, or the record.',
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
