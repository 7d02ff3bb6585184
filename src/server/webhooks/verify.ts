import { createHmac, timingSafeEqual } from 'node:crypto'
import { fillPieces, fillText, type Places } from './place.ts'
import type { HmacScheme, TokenScheme } from './scheme.ts'

/** More than any sender has: two secrets of its own, and two versions of its scheme. */
const MAX_SIGNATURES = 16
/** Numbers from here on are milliseconds: as seconds, they would be in the year 5138. */
const FIRST_MS = 1e11

/**
 * Whether one of the secrets made one of the signatures over the body, at a time that is not too far away. Looks at
 * nothing inside of the body. Every secret is compared with every signature, so that the time says nothing of which fits.
 */
export function isSigned(scheme: HmacScheme, header: Places['header'], body: Buffer, nowMs: number): boolean {
  const given = header(scheme.header)
  if (given === undefined) return false
  const parts = scheme.separator === null ? [given] : given.split(scheme.separator).map((part) => part.trim())
  const places: Places = {
    header,
    pair: (name) => parts.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1),
  }
  if (!isInTime(scheme, places, nowMs)) return false
  const pieces = fillPieces(scheme.signed, places, body)
  if (pieces === null) return false
  const signatures = parts
    .filter((part) => part.startsWith(scheme.prefix))
    .slice(0, MAX_SIGNATURES)
    .map((part) => bytesOf(part.slice(scheme.prefix.length), scheme.encoding))
  let isGood = false
  for (const key of scheme.keys) {
    const hmac = createHmac(scheme.algorithm, key)
    for (const piece of pieces) hmac.update(piece)
    const expected = hmac.digest()
    for (const signature of signatures) isGood = isSame(signature, expected) || isGood
  }
  return isGood
}

function isInTime({ timestamp, toleranceMs }: HmacScheme, places: Places, nowMs: number): boolean {
  if (timestamp === null) return true
  const text = fillText(timestamp, places)
  if (text === null) return false
  const atMs = /^\d{1,15}$/.test(text) ? Number(text) * (Number(text) < FIRST_MS ? 1000 : 1) : Date.parse(text)
  // Also false where it is no time at all.
  return Math.abs(nowMs - atMs) <= toleranceMs
}

function bytesOf(text: string, encoding: 'hex' | 'base64'): Buffer {
  const isWritten = encoding === 'hex' ? /^[0-9a-f]+$/i : /^[A-Za-z0-9+/_-]+={0,2}$/
  return isWritten.test(text) ? Buffer.from(text, encoding) : Buffer.alloc(0)
}

/** Whether the token that is shown is one of those that are known. */
export function isKnownToken(scheme: TokenScheme, header: Places['header'], inAddress: string | null): boolean {
  const shown = scheme.header === null ? inAddress : header(scheme.header.name)
  if (shown === null || shown === undefined) return false
  const prefix = scheme.header?.prefix ?? ''
  if (!shown.startsWith(prefix)) return false
  const given = Buffer.from(shown.slice(prefix.length))
  return scheme.tokens.map((token) => isSame(given, token)).includes(true)
}

/** Takes as long wherever they differ. Their lengths are no secret. */
function isSame(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected)
}
