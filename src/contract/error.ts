/** What the engine does with a failure. `DISPOSITION` gives one for each code. */
export type Disposition =
  /** Spends an attempt and is tried again after a growing pause; when the attempts are used up, it is parked. */
  | 'retry'
  /** Tried again later without spending an attempt, up to an age limit. */
  | 'defer'
  /** The one record becomes a dead letter, and everything else goes on. */
  | 'park'
  /** The mapping, or the whole connection, pauses until a person acts. Cursors stay; nothing becomes a dead letter. */
  | 'halt'

/**
 * Every code an error may carry and what happens then. A connector picks the code at the source, where status, error
 * name and SQL state are known; nobody reads message texts later.
 */
export const DISPOSITION = {
  /** No connection, reset, DNS, TLS, truncated answer. */
  network: 'retry',
  /** A deadline passed: connect, headers, body or in total. */
  timeout: 'retry',
  /** The server failed in a way that may pass (500 without a known class, 502, an HTML error page). */
  server: 'retry',
  /** A deadlock, a serialization failure or a lock that was not given in time. */
  busy: 'retry',
  /** The source changed meanwhile: streamed bytes are not those that were announced, a record is not as a person saw it. */
  changed: 'retry',
  /** 429: wait at least `retryAfterMs`. */
  rate_limited: 'defer',
  /** 503, maintenance, too many connections, a restart. */
  unavailable: 'defer',
  /** The circuit breaker of the connection is open; nothing was sent. */
  circuit_open: 'defer',
  /** A record that this one refers to has no link yet. */
  waiting: 'defer',
  /** The server understood and refused the values: validation, wrong type, unknown selection. */
  invalid: 'park',
  /** Unique, foreign key, check or not-null constraint. */
  constraint: 'park',
  /** A rule forbids this one record; the collection itself is allowed. */
  forbidden_record: 'park',
  /** A lookup found no record, or several, for a value. */
  unresolved: 'park',
  /** A value that the other side cannot hold at all. */
  unsupported: 'park',
  /** One single record is larger than the server takes. */
  too_large: 'park',
  /** No key can be found or made for a record, or the key belongs to another one. */
  key: 'park',
  /** A bug or an answer against the protocol that concerns one record. */
  unexpected: 'park',
  /** 401: key wrong, expired or revoked. Halts the connection. */
  unauthorized: 'halt',
  /** No right on the collection at all. */
  forbidden: 'halt',
  /** A model, table or field of the mapping does not exist (any more), or has another type. */
  schema: 'halt',
  /** The configuration cannot work. */
  config: 'halt',
  /** A person paused the mapping or one of its connections. */
  paused: 'halt',
  /** A guard tripped: too many deletes or changes at once. */
  guard: 'halt',
  /** The database behind the address is not the one that the ledger belongs to. */
  identity: 'halt',
  /** The ledger cannot be read or written. */
  ledger: 'halt',
} as const satisfies Record<string, Disposition>

export type ErrorCode = keyof typeof DISPOSITION

export interface SyncErrorOptions {
  cause?: unknown
  /** True where the call may have done its work all the same: nothing is sent again before a look-up. */
  inDoubt?: boolean
  /** For `defer`: not before this many milliseconds from now. */
  retryAfterMs?: number
  /** What the operator can do, as one sentence. */
  hint?: string
}

/**
 * The only error that crosses a contract. `message` is for the operator: it names the record, field, file or address
 * and never holds a credential or a traceback.
 */
export class SyncError extends Error {
  override readonly name = 'SyncError'
  readonly code: ErrorCode
  readonly inDoubt: boolean
  readonly retryAfterMs: number | null
  readonly hint: string | null

  constructor(code: ErrorCode, message: string, options: SyncErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.inDoubt = options.inDoubt ?? false
    this.retryAfterMs = options.retryAfterMs ?? null
    this.hint = options.hint ?? null
  }

  get disposition(): Disposition {
    return DISPOSITION[this.code]
  }

  /** The message and what to do, as sentences. */
  get advice(): string {
    return sentences(this.message, this.hint)
  }
}

/** A message and, if there is one, the hint that follows it. */
export function sentences(message: string, hint: string | null): string {
  if (hint === null) return message
  return /[.!?:…]$/.test(message) ? `${message} ${hint}` : `${message}. ${hint}`
}

/** `error` as a SyncError: itself, or `unexpected` with the error as its cause. */
export function asSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new SyncError('unexpected', message, { cause: error })
}

/** What to look at where a system cannot be reached, or breaks the connection: the same words from every connector. */
export const UNREACHABLE_HINT = 'Check the address, the name server, the firewall and whether the server runs.'
