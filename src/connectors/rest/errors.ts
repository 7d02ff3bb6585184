import { type ErrorCode, SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { type JsonPath, listAt, textAt, valueAt } from '../../http/json-path.ts'

/** What a status means in an API that keeps to HTTP (RFC 9110). 404, 409, 410 and 412 are answered by their callers. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'schema',
  405: 'config',
  406: 'config',
  408: 'timeout',
  409: 'constraint',
  410: 'schema',
  412: 'invalid',
  413: 'too_large',
  415: 'config',
  422: 'invalid',
  423: 'busy',
  425: 'busy',
  429: 'rate_limited',
  501: 'config',
  503: 'unavailable',
  504: 'timeout',
}

/** Statuses that a server or a proxy in front of it gives when it does not know what became of the call. */
const IN_DOUBT: ReadonlySet<number> = new Set([408, 500, 502, 504])

const HINTS: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'Check the credentials of the connection; if they expired, make new ones.',
  forbidden: 'Give the user or token of the connection the right to do this.',
  schema: 'Check the path of this call in the configuration.',
  rate_limited: 'Lower `limits` of the connection if this happens often.',
  unavailable: 'Wait until the server is up again; if it stays so, look at its log.',
}

/** Where APIs put the sentence that says what went wrong, most telling first. */
const MESSAGE_PATHS: readonly JsonPath[] = [
  'error.message',
  'message',
  'error_description',
  'detail',
  'title',
  'error',
  'errors.0',
  'errors',
]
const MAX_MESSAGE = 300

export interface FailedCall {
  /** "POST /customers": for the message. */
  readonly name: string
  readonly changesData: boolean
  readonly retryAfterMs: number | null
  /** What the configuration says about statuses. */
  readonly statuses: Readonly<Record<string, ErrorCode>>
}

/** An answer that is no success, as a SyncError: by its status; its text is only shown. */
export function restError(status: number, body: Value | undefined, call: FailedCall): SyncError {
  const code = call.statuses[String(status)] ?? CODE_OF_STATUS[status] ?? codeOfUnknown(status)
  const hint = HINTS[code]
  const said = messageIn(body)
  const told = said === null ? `HTTP ${status}` : `HTTP ${status}: ${said}`
  return new SyncError(code, `The API refused ${call.name} (${told})`, {
    inDoubt: call.changesData && IN_DOUBT.has(status) && call.statuses[String(status)] === undefined,
    ...(call.retryAfterMs === null ? {} : { retryAfterMs: call.retryAfterMs }),
    ...(hint === undefined ? {} : { hint }),
  })
}

function codeOfUnknown(status: number): ErrorCode {
  if (status >= 500) return 'server'
  if (status >= 400) return 'invalid'
  // Redirects are not followed: the credentials would go with them.
  return 'config'
}

/** Where APIs put what is wrong with single fields. */
const DETAIL_PATHS: readonly JsonPath[] = ['error.details.errors', 'errors', 'details', 'violations']

/** The sentence in an error's body; null where there is none. */
export function messageIn(body: Value | undefined): string | null {
  if (typeof body === 'string') return shortened(body)
  for (const path of DETAIL_PATHS) {
    const details = listAt(body, path)?.flatMap(detailOf) ?? []
    if (details.length > 0) return shortened(details.join('; '))
  }
  for (const path of MESSAGE_PATHS) {
    const found = valueAt(body, path)
    if (typeof found === 'string' && found.trim() !== '') return shortened(found)
    if (typeof found === 'object' && found !== null && path === 'errors') return shortened(JSON.stringify(found))
  }
  return null
}

/** `{ path: ["email"], message: "is no address" }` → "email: is no address". */
function detailOf(detail: Value): string[] {
  const message = textAt(detail, 'message') ?? textAt(detail, 'detail')
  if (message === null) return []
  const path = valueAt(detail, 'path') ?? valueAt(detail, 'field') ?? valueAt(detail, 'propertyPath')
  const field = Array.isArray(path) ? path.join('.') : typeof path === 'string' ? path : ''
  return [field === '' ? message : `${field}: ${message}`]
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= MAX_MESSAGE ? line : `${line.slice(0, MAX_MESSAGE - 1)}…`
}
