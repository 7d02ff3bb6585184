import type { Fields, Value } from '../contract/value.ts'
import { FINGERPRINT_LENGTH, type Seen, UNKNOWN_FINGERPRINT } from '../ledger/ledger.ts'
import { type FieldRule, fieldOn, type Side } from '../mapping/mapping.ts'

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/**
 * 48 bits of a value as eight characters. Two different values of one field collide once in 2^48 changes; nobody chooses
 * values to make them collide against his own ledger, so the hash is made to be fast (cyrb53 by bryc, public domain, is
 * the pattern: two multiplicative lanes over the UTF-16 units, mixed at the end).
 */
export function fingerprint(value: Value): string {
  const text = canonical(value)
  let a = 0xdeadbeef ^ text.length
  let b = 0x41c6ce57 ^ text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 2654435761)
    b = Math.imul(b ^ unit, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return fourDigits(a) + fourDigits(b)
}

function fourDigits(bits: number): string {
  return (
    DIGITS.charAt(bits & 63) +
    DIGITS.charAt((bits >>> 6) & 63) +
    DIGITS.charAt((bits >>> 12) & 63) +
    DIGITS.charAt((bits >>> 18) & 63)
  )
}

/** One text for one value: the type is part of it, and an object's names are sorted. */
function canonical(value: Value): string {
  if (typeof value === 'string') return `s${value}`
  if (typeof value === 'number') return `n${Object.is(value, -0) ? 0 : value}`
  if (typeof value === 'boolean') return value ? 't' : 'f'
  return value === null ? '0' : `j${JSON.stringify(sorted(value))}`
}

function sorted(value: Value): Value {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(sorted)
  const names = Object.keys(value).sort()
  return Object.fromEntries(names.map((name) => [name, sorted((value as Record<string, Value>)[name] ?? null)]))
}

/** The fingerprints of a record's mapped fields on a side; unknown where `fields` does not hold one. */
export function seenOf(rules: readonly FieldRule[], side: Side, fields: Fields): Seen {
  let seen = ''
  for (const rule of rules) {
    const value = fields[fieldOn(rule, side)]
    seen += value === undefined ? UNKNOWN_FINGERPRINT : fingerprint(value)
  }
  return seen
}

/** The fingerprint of the rule at `index`. */
export function seenAt(seen: Seen, index: number): string {
  return seen.slice(index * FINGERPRINT_LENGTH, (index + 1) * FINGERPRINT_LENGTH)
}

/** Whether the field of the rule at `index` was ever seen on a side. */
export function isSeen(link: { readonly seen: Readonly<Record<Side, Seen>> }, side: Side, index: number): boolean {
  return seenAt(link.seen[side], index) !== UNKNOWN_FINGERPRINT
}

/** `seen` with some fingerprints replaced, by index. */
export function withSeen(seen: Seen, replaced: ReadonlyMap<number, string>): Seen {
  if (replaced.size === 0) return seen
  let result = ''
  const count = seen.length / FINGERPRINT_LENGTH
  for (let index = 0; index < count; index++) result += replaced.get(index) ?? seenAt(seen, index)
  return result
}

/** A Seen in which nothing is known. */
export function unknownSeen(rules: readonly FieldRule[]): Seen {
  return UNKNOWN_FINGERPRINT.repeat(rules.length)
}
