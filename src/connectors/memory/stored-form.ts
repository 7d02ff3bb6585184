import type { FieldSchema, FieldType } from '../../contract/connector.ts'
import type { Value } from '../../contract/value.ts'

const SHAPES: Record<FieldType, (value: Value) => boolean> = {
  text: isText,
  html: isText,
  selection: isText,
  binary: isText,
  integer: (value) => Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d+$/.test(value)),
  decimal: (value) => Number.isFinite(value) || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)),
  boolean: (value) => typeof value === 'boolean',
  date: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && isMoment(value),
  datetime: (value) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value) && isMoment(value),
  reference: isId,
  references: (value) => Array.isArray(value) && value.every(isId),
  lines: (value) => value === null || Array.isArray(value),
  json: () => true,
}

/** Why `field` cannot hold `value`, as the end of a sentence; null: it can. Whether it may be empty is asked elsewhere. */
export function objection(field: FieldSchema, value: Value): string | null {
  if (value === null) return null
  if (!SHAPES[field.type](value)) return `is not a ${field.type}`
  if (typeof value !== 'string') return null
  if (field.maxLength !== null && value.length > field.maxLength) return `is longer than ${field.maxLength} characters`
  if (field.options !== null && !field.options.includes(value)) return `is not one of ${field.options.join(', ')}`
  return null
}

/** `value` with the digits that a decimal field keeps; others as they are. Digits beyond a double's are cut. */
export function toScale(field: FieldSchema, value: Value): Value {
  if (field.type !== 'decimal' || field.scale === null) return value
  if (typeof value === 'number') return Number(value.toFixed(field.scale))
  if (typeof value !== 'string' || !value.includes('.')) return value
  const [whole = '', fraction = ''] = value.split('.')
  const kept = fraction.slice(0, field.scale).replace(/0+$/, '')
  return kept === '' ? whole : `${whole}.${kept}`
}

/** White space around a text is not stored, and a text of nothing else is empty. */
export function trimmed(value: Value): Value {
  if (typeof value !== 'string') return value
  return value.trim() === '' ? null : value.trim()
}

/** A text is cut to its first `length` characters, in silence. */
export function truncatedTo(length: number): (value: Value) => Value {
  return (value) => (typeof value === 'string' ? value.slice(0, length) : value)
}

/** A number is rounded to `scale` digits after the point. */
export function roundedTo(scale: number): (value: Value) => Value {
  return (value) => (typeof value === 'number' ? Number(value.toFixed(scale)) : value)
}

/** Scripts are dropped from a text and the rest is wrapped in a paragraph, as HTML fields do. */
export function sanitised(value: Value): Value {
  if (typeof value !== 'string') return value
  const clean = value.replace(/<script[\s\S]*?<\/script>/gi, '')
  return clean.startsWith('<') ? clean : `<p>${clean}</p>`
}

/** Equal values have equal texts, whatever the order of an object's names. */
export function canonicalText(value: Value): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonicalText(inner)}`).join()}}`
}

function isId(value: Value): boolean {
  return typeof value === 'string' || Number.isSafeInteger(value)
}

function isText(value: Value): boolean {
  return typeof value === 'string'
}

function isMoment(text: string): boolean {
  const moment = new Date(text)
  return !Number.isNaN(moment.getTime()) && moment.toISOString().slice(0, 10) === text.slice(0, 10)
}
