import type { Value } from '../contract/value.ts'
import { FINGERPRINT_LENGTH, type Seen, UNKNOWN_FINGERPRINT } from '../ledger/seen.ts'

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

const DIGIT_CODES = Uint8Array.from(DIGITS, (digit) => digit.charCodeAt(0))

/** The two halves of the last value that was hashed. */
const halves = { a: 0, b: 0 }

/**
 * 48 bits of a value as eight characters. Two different values of one field collide once in 2^48 changes; nobody chooses
 * values to make them collide against his own ledger, so the hash is made to be fast (cyrb53 by bryc, public domain, is
 * the pattern: two multiplicative lanes over the UTF-16 units, mixed at the end).
 */
export function fingerprint(value: Value): string {
  hash(value)
  return fourDigits(halves.a) + fourDigits(halves.b)
}

/** A value is hashed as its type's letter and its text; an object's names are sorted. */
function hash(value: Value): void {
  if (typeof value === 'string') mix('s', value)
  else if (typeof value === 'number') mix('n', String(Object.is(value, -0) ? 0 : value))
  else if (typeof value === 'boolean') mix(value ? 't' : 'f', '')
  else if (value === null) mix('0', '')
  else mix('j', JSON.stringify(sorted(value)))
}

function mix(type: string, text: string): void {
  const first = type.charCodeAt(0)
  let a = Math.imul(0xdeadbeef ^ (text.length + 1) ^ first, 2654435761)
  let b = Math.imul(0x41c6ce57 ^ (text.length + 1) ^ first, 1597334677)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 2654435761)
    b = Math.imul(b ^ unit, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  halves.b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  halves.a = a
}

function fourDigits(bits: number): string {
  return (
    DIGITS.charAt(bits & 63) +
    DIGITS.charAt((bits >>> 6) & 63) +
    DIGITS.charAt((bits >>> 12) & 63) +
    DIGITS.charAt((bits >>> 18) & 63)
  )
}

function sorted(value: Value): Value {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(sorted)
  const names = Object.keys(value).sort()
  return Object.fromEntries(names.map((name) => [name, sorted((value as Record<string, Value>)[name] ?? null)]))
}

/** Where a Seen is put together: texts joined with `+` stay pieces in memory, five times as large as the whole. */
let room = Buffer.alloc(32 * FINGERPRINT_LENGTH)

/**
 * A Seen of `count` fields; `of` gives the value of each, or undefined for what is not known. It must not compose another
 * one meanwhile.
 */
export function composeSeen(count: number, of: (index: number) => Value | undefined): Seen {
  if (room.length < count * FINGERPRINT_LENGTH) room = Buffer.alloc(2 * count * FINGERPRINT_LENGTH)
  for (let index = 0; index < count; index++) {
    const value = of(index)
    const at = index * FINGERPRINT_LENGTH
    if (value === undefined) {
      room.fill(UNKNOWN_FINGERPRINT, at, at + FINGERPRINT_LENGTH)
      continue
    }
    hash(value)
    writeDigits(halves.a, at)
    writeDigits(halves.b, at + 4)
  }
  return room.toString('latin1', 0, count * FINGERPRINT_LENGTH)
}

function writeDigits(bits: number, at: number): void {
  room[at] = DIGIT_CODES[bits & 63] ?? 0
  room[at + 1] = DIGIT_CODES[(bits >>> 6) & 63] ?? 0
  room[at + 2] = DIGIT_CODES[(bits >>> 12) & 63] ?? 0
  room[at + 3] = DIGIT_CODES[(bits >>> 18) & 63] ?? 0
}
