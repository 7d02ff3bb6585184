/**
 * The digits of an exact decimal as a contract value: without trailing zeros, a number where a double holds exactly
 * these digits, otherwise the digits as text. Integers beyond 2^53 are text.
 */
export function decimalValue(digits: string): number | string {
  if (!/^-?\d+(?:\.\d+)?$/.test(digits)) return digits
  const plain = withoutPadding(digits)
  const number = Number(plain)
  if (!plain.includes('.')) return Number.isSafeInteger(number) ? number : plain
  return plainDigits(number) === plain ? number : plain
}

function withoutPadding(digits: string): string {
  const isNegative = digits.startsWith('-')
  let text = (isNegative ? digits.slice(1) : digits).replace(/^0+(?=\d)/, '')
  if (text.includes('.')) text = text.replace(/\.?0+$/, '')
  return isNegative && text !== '0' ? `-${text}` : text
}

/** A double's shortest digits without an exponent: 1e-7 is "0.0000001". */
export function plainDigits(number: number): string {
  const text = String(number)
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (match === null) return text
  const [, sign = '', head = '', tail = '', exponentText = '0'] = match
  const exponent = Number(exponentText)
  const digits = head + tail
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  return sign + digits.padEnd(exponent + 1, '0')
}
