import Database from 'better-sqlite3'
import { type ErrorCode, SyncError, type SyncErrorOptions } from '../../contract/error.ts'

/** By the beginning of SQLite's extended result code; the first that fits counts. */
const CODES: readonly (readonly [prefix: string, code: ErrorCode, hint: string | null])[] = [
  ['SQLITE_BUSY', 'busy', null],
  ['SQLITE_LOCKED', 'busy', null],
  ['SQLITE_CONSTRAINT_TRIGGER', 'invalid', 'A trigger of the database refused the values.'],
  ['SQLITE_CONSTRAINT_DATATYPE', 'invalid', 'Map the field with a transform that gives the type of the column.'],
  ['SQLITE_CONSTRAINT', 'constraint', null],
  ['SQLITE_MISMATCH', 'invalid', 'Map the field with a transform that gives the type of the column.'],
  ['SQLITE_TOOBIG', 'too_large', null],
  ['SQLITE_READONLY', 'forbidden', 'Give the daemon the right to write the file and its folder.'],
  ['SQLITE_PERM', 'forbidden', 'Give the daemon the right to read and write the file and its folder.'],
  ['SQLITE_AUTH', 'forbidden', null],
  ['SQLITE_CANTOPEN', 'config', 'Check the file of the connection, and that the daemon may read it and its folder.'],
  ['SQLITE_NOTADB', 'config', 'The file is not an SQLite database; check the file of the connection.'],
  ['SQLITE_CORRUPT', 'config', 'The database is damaged; restore it from a backup.'],
  ['SQLITE_FULL', 'server', 'The disk is full.'],
  ['SQLITE_NOMEM', 'server', null],
  ['SQLITE_IOERR', 'server', 'The disk or the network share failed; look at the system log.'],
]

/** `error` as a SyncError by SQLite's result code. `subject` says what was being done: "table customers". */
export function sqliteError(error: unknown, subject: string, options: SyncErrorOptions = {}): SyncError {
  if (error instanceof SyncError) return error
  if (!(error instanceof Database.SqliteError)) {
    const message = error instanceof Error ? error.message : String(error)
    return new SyncError('unexpected', `${subject}: ${message}`, { ...options, cause: error })
  }
  const message = `${subject}: ${error.message}`
  const found = CODES.find(([prefix]) => error.code.startsWith(prefix))
  if (found !== undefined) {
    const [, code, hint] = found
    return new SyncError(code, message, { ...options, cause: error, ...(hint === null ? {} : { hint }) })
  }
  const isSchema = /no such (table|column)|has no column/.test(error.message)
  return new SyncError(isSchema ? 'schema' : 'unexpected', message, {
    ...options,
    cause: error,
    ...(isSchema ? { hint: 'Check the table and the columns of the mapping against the database.' } : {}),
  })
}
