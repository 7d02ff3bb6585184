import { type ErrorCode, SyncError } from '../../contract/error.ts'

/** What a receiver's status means. What is not here: `server` from 500 on, `invalid` from 400 on, `config` else. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'config',
  405: 'config',
  408: 'timeout',
  // Standard Webhooks: the receiver wants no more of them.
  410: 'config',
  413: 'too_large',
  415: 'config',
  423: 'busy',
  425: 'busy',
  429: 'rate_limited',
  503: 'unavailable',
  504: 'timeout',
}

const HINTS: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'Check that the receiver knows one of the secrets of the connection, and that both clocks are right.',
  forbidden: 'Ask whoever runs the receiver to let this connection in.',
  config: 'Check the `url` of the connection, and the `path` of its collection.',
}
const GONE_HINT = 'The receiver wants no more of these (410). Take the mapping out, or correct the `url`.'

/** An answer that is no success. Never in doubt: an answered message may be sent again under its id. */
export function refusal(status: number, what: string, retryAfterMs: number | null): SyncError {
  const code = CODE_OF_STATUS[status] ?? (status >= 500 ? 'server' : status >= 400 ? 'invalid' : 'config')
  const hint = status === 410 ? GONE_HINT : HINTS[code]
  return new SyncError(code, `The receiver refused ${what} (HTTP ${status})`, {
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
    ...(hint === undefined ? {} : { hint }),
  })
}
