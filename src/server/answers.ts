import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { ErrorCode, SyncError } from '../contract/error.ts'

/** Every refusal: `{"error":{"code","message","hint"}}`, the hint where there is one. Says nothing that a stranger should not know. */
export function refuse(
  context: Context,
  status: ContentfulStatusCode,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
  hint: string | null = null,
): Response {
  const error = hint === null ? { code, message } : { code, message, hint }
  return context.json({ error }, status, headers)
}

const STATUS: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  invalid: 422,
  too_large: 413,
  rate_limited: 429,
  unavailable: 503,
  ledger: 503,
}
/** What a sender waits after a refusal that names no time: the disk is full, the ledger is locked. */
const RETRY_AFTER_MS = 5000

/** A failure on our side of the line. What the ledger says stays here: it names files of this machine. */
export function refuseFor(context: Context, error: SyncError): Response {
  const status = STATUS[error.code] ?? 500
  const message = status < 500 || error.code === 'unavailable' ? error.message : 'This cannot be stored at the moment.'
  if (status !== 429 && status !== 503) return refuse(context, status, error.code, message)
  const seconds = String(Math.ceil((error.retryAfterMs ?? RETRY_AFTER_MS) / 1000))
  return refuse(context, status, error.code, message, { 'retry-after': seconds })
}

export function refuseSize(context: Context, maxBytes: number): Response {
  return refuse(context, 413, 'too_large', `More than ${maxBytes} bytes are not taken.`)
}

/** Answers a method that a path does not have. */
export function refuseMethod(allowed: string): (context: Context) => Response {
  return (context) => refuse(context, 405, 'method', `Only ${allowed} is understood here.`, { allow: allowed })
}
