import { type ErrorCode, SyncError } from '../../../contract/error.ts'
import type { Value } from '../../../contract/value.ts'
import { OdooFault } from './odoo-fault.ts'

/** What the error handler needs to know about the call that failed. */
export interface FailedCall {
  readonly model: string
  readonly method: string
  readonly changesData: boolean
  readonly retryAfterMs: number | null
}

/**
 * Python classes whose meaning is certain, seen on a real server. `AccessError` and the three that a missing field
 * raises are looked at again by `explainError`, which can ask the server.
 */
const CODE_OF_CLASS: Readonly<Record<string, ErrorCode>> = {
  'odoo.exceptions.AccessDenied': 'unauthorized',
  'odoo.http.SessionExpiredException': 'unauthorized',
  'odoo.exceptions.AccessError': 'forbidden_record',
  'odoo.exceptions.MissingError': 'invalid',
  'odoo.exceptions.ValidationError': 'invalid',
  'odoo.exceptions.UserError': 'invalid',
  'odoo.exceptions.RedirectWarning': 'invalid',
  'odoo.exceptions.LockError': 'busy',
  'odoo.exceptions.ConcurrencyError': 'busy',
  'odoo.exceptions.CacheMiss': 'server',
  'psycopg2.errors.SerializationFailure': 'busy',
  'psycopg2.errors.DeadlockDetected': 'busy',
  'psycopg2.errors.LockNotAvailable': 'busy',
  'psycopg2.errors.QueryCanceled': 'busy',
  'psycopg2.IntegrityError': 'constraint',
  'psycopg2.errors.UniqueViolation': 'constraint',
  'psycopg2.errors.ForeignKeyViolation': 'constraint',
  'psycopg2.errors.RestrictViolation': 'constraint',
  'psycopg2.errors.NotNullViolation': 'constraint',
  'psycopg2.errors.CheckViolation': 'constraint',
  'psycopg2.errors.ExclusionViolation': 'constraint',
  'psycopg2.errors.UndefinedColumn': 'schema',
  'psycopg2.errors.UndefinedTable': 'schema',
  'psycopg2.errors.TooManyConnections': 'unavailable',
  'psycopg2.errors.DiskFull': 'unavailable',
  'psycopg2.errors.AdminShutdown': 'unavailable',
  'psycopg2.errors.CannotConnectNow': 'unavailable',
  'psycopg2.errors.ReadOnlySqlTransaction': 'unavailable',
  'psycopg2.pool.PoolError': 'unavailable',
  'psycopg2.OperationalError': 'server',
  'psycopg2.InterfaceError': 'server',
  'psycopg2.DataError': 'invalid',
  'psycopg2.errors.NumericValueOutOfRange': 'invalid',
  'psycopg2.errors.InvalidTextRepresentation': 'invalid',
  'psycopg2.errors.InvalidDatetimeFormat': 'invalid',
  'psycopg2.errors.DatetimeFieldOverflow': 'invalid',
  'psycopg2.errors.StringDataRightTruncation': 'invalid',
  'psycopg2.errors.CharacterNotInRepertoire': 'invalid',
  'builtins.ValueError': 'invalid',
  'builtins.KeyError': 'invalid',
  'builtins.TypeError': 'invalid',
  'builtins.AttributeError': 'invalid',
  'builtins.AssertionError': 'invalid',
  'builtins.IndexError': 'invalid',
  'builtins.UnicodeEncodeError': 'invalid',
  'builtins.OverflowError': 'invalid',
  'builtins.ZeroDivisionError': 'invalid',
  'builtins.NotImplementedError': 'invalid',
  'builtins.MemoryError': 'server',
  'werkzeug.exceptions.Unauthorized': 'unauthorized',
  'werkzeug.exceptions.Forbidden': 'forbidden',
  'werkzeug.exceptions.NotFound': 'schema',
  'werkzeug.exceptions.BadRequest': 'unexpected',
  'werkzeug.exceptions.UnprocessableEntity': 'unexpected',
  'werkzeug.exceptions.RequestEntityTooLarge': 'too_large',
  'werkzeug.exceptions.TooManyRequests': 'rate_limited',
  'werkzeug.exceptions.ServiceUnavailable': 'unavailable',
}

/** The connection to the database broke, perhaps in the middle of the commit: nobody knows what became of it. */
const LOST_DATABASE = new Set(['psycopg2.OperationalError', 'psycopg2.InterfaceError', 'psycopg2.errors.AdminShutdown'])

const HINTS: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'Make a new API key for the user in Odoo and put it where the connection reads `api_key` from.',
  schema: 'Install the module that defines it, or correct the mapping.',
  unavailable: 'Wait until the server is up again; if it stays so, look at its log.',
  rate_limited: 'Lower `limits` of the connection if this happens often.',
}

/** The answer to a failed call as a SyncError, by status and the name of the Python class; texts are never judged. */
export function odooError(status: number, body: Value | undefined, call: FailedCall): SyncError {
  const where = `${call.model}.${call.method}`
  const fault = readFault(body)
  if (fault === null) return errorWithoutFault(status, where, call)
  const code = CODE_OF_CLASS[fault.name] ?? codeOfUnknownClass(fault.name, status)
  const hint = HINTS[code]
  return new SyncError(code, `Odoo refused ${where}: ${fault.message}`, {
    cause: new OdooFault(fault.name, status),
    // Any other exception rolls the call's one transaction back before the answer is sent.
    inDoubt: call.changesData && LOST_DATABASE.has(fault.name),
    ...(call.retryAfterMs === null ? {} : { retryAfterMs: call.retryAfterMs }),
    ...(hint === undefined ? {} : { hint }),
  })
}

function codeOfUnknownClass(name: string, status: number): ErrorCode {
  if (status === 422) return 'invalid'
  if (status === 429) return 'rate_limited'
  if (status === 503) return 'unavailable'
  return name.startsWith('psycopg2.errors.') ? 'invalid' : 'server'
}

/** An answer that Odoo's own dispatcher did not write: a proxy's page, or werkzeug's when the server is in trouble. */
function errorWithoutFault(status: number, where: string, call: FailedCall): SyncError {
  const retry = call.retryAfterMs === null ? {} : { retryAfterMs: call.retryAfterMs }
  if (status === 401) return plainError('unauthorized', `The server refused ${where} (HTTP 401)`)
  if (status === 403) {
    return new SyncError('forbidden', `Something in front of Odoo refused ${where} (HTTP 403)`, {
      hint: 'Look at the proxy or firewall between here and Odoo.',
    })
  }
  if (status === 404 || (status >= 300 && status < 400) || status === 405 || status < 300) {
    return new SyncError('config', `The address did not answer as Odoo's JSON-2 does (HTTP ${status} to ${where})`, {
      hint: 'Check `url` and `database` of the connection; JSON-2 needs Odoo 19 and its module rpc.',
    })
  }
  if (status === 413) return plainError('too_large', `The request ${where} is larger than the server takes (HTTP 413)`)
  if (status === 429) return new SyncError('rate_limited', `The server asks to slow down (HTTP 429 to ${where})`, retry)
  if (status === 503) return new SyncError('unavailable', `The server is not available (HTTP 503 to ${where})`, retry)
  // What stands before Odoo says that Odoo did not answer it, or not in its time.
  if (status === 502 || status === 504) {
    const [code, what] =
      status === 502 ? (['unavailable', 'was not reached'] as const) : (['timeout', 'took too long'] as const)
    return new SyncError(code, `Odoo ${what}, says what stands before it (HTTP ${status} to ${where})`, {
      inDoubt: call.changesData,
      hint: 'Look at the log of the proxy in front of Odoo, and at its time-outs.',
      ...retry,
    })
  }
  if (status >= 500) {
    return new SyncError('server', `The server failed with an error page (HTTP ${status} to ${where})`, {
      inDoubt: call.changesData,
      hint: 'Look at the log of Odoo and of the proxy in front of it.',
    })
  }
  return plainError('unexpected', `The server answered HTTP ${status} to ${where}`)
}

function plainError(code: ErrorCode, message: string): SyncError {
  const hint = HINTS[code]
  return new SyncError(code, message, hint === undefined ? {} : { hint })
}

/** `name` and `message` of Odoo's own error object; `debug` holds the traceback and is left behind. */
function readFault(body: Value | undefined): { name: string; message: string } | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return null
  const { name, message } = body as { readonly [key: string]: Value }
  if (typeof name !== 'string') return null
  const text = typeof message === 'string' ? message.replace(/\s+/g, ' ').trim() : ''
  return { name, message: text === '' ? name : text.slice(0, 400) }
}
