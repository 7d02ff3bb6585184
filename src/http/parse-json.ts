import type { Value } from '../contract/value.ts'

/**
 * A number of at least 16 digits begins here, perhaps: after `:`, `,` or `[`, or as the whole text. It also matches
 * inside of strings, which only costs time. A double keeps every number of up to 15 digits.
 */
const LONG_NUMBER = /(?:^|[:,[])\s*-?(?:\d{16}|\d[\d.]{16})/

/** An underscore or a letter written as an escape, which would hide the word `__proto__`. */
const ESCAPED_ASCII = /\\u00[567]/

/** A string, or a number with more than 15 characters. Strings are matched so that digits inside them are left alone. */
const STRING_OR_LONG_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.]{15,}(?:[eE][+-]?\d+)?/g

/**
 * JSON.parse for text from outside. Numbers that a double cannot hold come as strings of digits, as `Value` says,
 * instead of being rounded. A page without long numbers costs one scan of the text on top of JSON.parse.
 * @throws SyntaxError for anything that is not JSON, and for a key `__proto__`.
 */
export function parseJson(text: string): Value {
  const value: unknown = JSON.parse(LONG_NUMBER.test(text) ? quoteLongNumbers(text) : text)
  if (text.includes('__proto__') || ESCAPED_ASCII.test(text)) refuseProto(value)
  return value as Value
}

/** Puts quotes round each number that a double cannot hold. `text` need not be valid; JSON.parse judges it afterwards. */
function quoteLongNumbers(text: string): string {
  return text.replace(STRING_OR_LONG_NUMBER, (token) => {
    if (token.startsWith('"') || /[eE]/.test(token)) return token
    const exact = exactNumber(token)
    return typeof exact === 'number' ? token : `"${exact}"`
  })
}

/** The number that `digits` stand for, or without trailing zeros those digits, where a double cannot hold it. */
export function exactNumber(digits: string): number | string {
  const number = Number(digits)
  if (!/^-?\d[\d.]{15,}$/.test(digits)) return number
  const plain = trimDecimal(digits)
  return plain === trimDecimal(expandExponent(number)) ? number : plain
}

/** Decimals without trailing zeros: "1.50" → "1.5", "2.0" → "2". */
function trimDecimal(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
}

/** A double's digits without an exponent. Beyond 2^53 they are not exact, and so never equal to what was sent. */
function expandExponent(number: number): string {
  if (Number.isInteger(number)) return Number.isSafeInteger(number) ? String(number) : 'unsafe'
  const text = String(number)
  const [mantissa = '', exponent] = text.split('e')
  return exponent === undefined ? text : number.toFixed(Math.min(100, mantissa.length + Math.abs(Number(exponent))))
}

function refuseProto(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (Object.hasOwn(value, '__proto__')) throw new SyntaxError('The key "__proto__" is not accepted')
  for (const child of Object.values(value)) refuseProto(child)
}
