import type { Value } from '../contract/value.ts'

/** `coefficient` / 10^`scale`, exactly. */
export interface Decimal {
  readonly coefficient: bigint
  readonly scale: number
}

const DECIMAL = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?\s*$/

/** The number in a value or text such as "-12.50" or 1e-7; null where it is none. */
export function parseDecimal(value: Value): Decimal | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null
  const match = DECIMAL.exec(String(value))
  if (!match) return null
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match
  if (whole === '' && fraction === '') return null
  const coefficient = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n)
  const scale = fraction.length - Number(exponentText)
  return scale >= 0 ? { coefficient, scale } : { coefficient: coefficient * 10n ** BigInt(-scale), scale: 0 }
}

/** Rounded half away from zero, as Odoo and PostgreSQL's numeric do it. */
export function roundDecimal(decimal: Decimal, scale: number): Decimal {
  if (decimal.scale <= scale) return decimal
  const divisor = 10n ** BigInt(decimal.scale - scale)
  const isNegative = decimal.coefficient < 0n
  const size = isNegative ? -decimal.coefficient : decimal.coefficient
  const rounded = (size + divisor / 2n) / divisor
  return { coefficient: isNegative ? -rounded : rounded, scale }
}

/** `decimal` × 10^`digits`. */
export function shiftDecimal(decimal: Decimal, digits: number): Decimal {
  const scale = decimal.scale - digits
  if (scale >= 0) return { coefficient: decimal.coefficient, scale }
  return { coefficient: decimal.coefficient * 10n ** BigInt(-scale), scale: 0 }
}

export function isWhole(decimal: Decimal): boolean {
  return decimal.coefficient % 10n ** BigInt(decimal.scale) === 0n
}

/** Digits without trailing zeros or exponent: "-12.5". */
export function decimalText({ coefficient, scale }: Decimal): string {
  const isNegative = coefficient < 0n
  const digits = (isNegative ? -coefficient : coefficient).toString().padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '')
  return `${isNegative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** As the contract has it: a number where a double holds exactly these digits, else the digits as text. */
export function decimalValue(decimal: Decimal): number | string {
  const text = decimalText(decimal)
  const number = Number(text)
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) return text
  const back = Number.isFinite(number) ? parseDecimal(number) : null
  return back !== null && decimalText(back) === text ? number : text
}
