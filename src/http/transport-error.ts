import { SyncError, UNREACHABLE_HINT } from '../contract/error.ts'

/** Node's and undici's codes of a connection that never came to be: nothing of the request was written. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_CLOSED',
  'EPROTO',
])

/** What OpenSSL says of an answer that is no TLS. */
const NO_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'])

/** OpenSSL's verdicts on a certificate: they come before any request is written. */
const CERTIFICATE =
  /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED)/

const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'])

export interface CallFacts {
  readonly origin: string
  /** False for a call that changes nothing: it is never in doubt. */
  readonly changesData: boolean
  /** Why we ended the call ourselves; null: we did not. */
  readonly ended: 'deadline' | 'stopped' | null
  readonly totalMs: number
  /** False only where the call surely had not left yet. */
  readonly mayBeSent: boolean
}

/** What undici, the socket or our own deadline threw, as a SyncError whose `inDoubt` can be relied on. */
export function transportError(cause: unknown, facts: CallFacts): SyncError {
  const { origin } = facts
  const code = errorCode(cause)
  const certificate = CERTIFICATE.test(code)
  const inDoubt = facts.changesData && facts.mayBeSent && !certificate && !NOT_CONNECTED.has(code)
  if (facts.ended === 'deadline') {
    return new SyncError('timeout', `${origin} had not answered in full after ${facts.totalMs} ms`, {
      cause,
      inDoubt,
      hint: 'If the server is only slow, raise the total time-out of the connection or lower its page size.',
    })
  }
  if (facts.ended === 'stopped') {
    return new SyncError('network', `The call to ${origin} was stopped before it was answered`, { cause, inDoubt })
  }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return new SyncError('too_large', `The answer of ${origin} is larger than the connection allows`, {
      cause,
      inDoubt,
      hint: 'Lower the page size, or raise the size limit of the connection.',
    })
  }
  if (NO_TLS.has(code)) {
    return new SyncError('network', `${origin} does not speak TLS (${code})`, { cause, hint: PLAIN_HINT })
  }
  if (certificate) {
    return new SyncError('network', `The TLS certificate of ${origin} is not accepted (${code})`, {
      cause,
      hint: 'Renew the certificate, or add its authority through NODE_EXTRA_CA_CERTS.',
    })
  }
  if (TIMEOUTS.has(code)) {
    return new SyncError('timeout', `${origin} did not answer in time (${code})`, { cause, inDoubt })
  }
  const what = NOT_CONNECTED.has(code) ? 'cannot be reached' : 'broke the connection'
  return new SyncError('network', `${origin} ${what} (${code})`, {
    cause,
    inDoubt,
    hint: isTls(origin) ? `${UNREACHABLE_HINT} ${PLAIN_HINT}` : UNREACHABLE_HINT,
  })
}

/** Servers without TLS answer a handshake in many ways: with an error, or by closing the connection. */
const PLAIN_HINT = 'Where the server has no TLS at this port, the address begins with http://.'

const isTls = (origin: string): boolean => origin.startsWith('https:')

/** The most telling `code` in an error, its causes and (for several addresses of one name) its parts. */
function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0])
  return error.cause === undefined ? error.name : errorCode(error.cause)
}
