import { createHmac, randomBytes } from 'node:crypto'
import { isSameSecret } from './same-secret.ts'

/** How long a browser stays logged in without being used. */
export const SESSION_MS = 12 * 60 * 60_000

/**
 * What a browser holds after the login: when it ends, a number, and a seal made with the token. Nothing is stored here, so
 * a restart logs nobody out, and another token logs everyone out.
 */
export function newSession(token: string, nowMs: number): string {
  const content = `${nowMs + SESSION_MS}.${randomBytes(12).toString('base64url')}`
  return `${content}.${seal(token, content)}`
}

/** When a session ends; null: it is none of ours, or over. */
export function sessionEndsMs(token: string, session: string, nowMs: number): number | null {
  const at = session.lastIndexOf('.')
  const content = session.slice(0, Math.max(0, at))
  if (!isSameSecret(session.slice(at + 1), seal(token, content))) return null
  const endsMs = Number(content.split('.')[0])
  return endsMs > nowMs ? endsMs : null
}

function seal(token: string, content: string): string {
  return createHmac('sha256', token).update(`tandem session ${content}`).digest('base64url')
}
