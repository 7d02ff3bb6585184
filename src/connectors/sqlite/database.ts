import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { SyncError } from '../../contract/error.ts'
import { sqliteError } from './errors.ts'
import type { SqliteSettings } from './settings.ts'

/** The one handle of a connection, opened when it is first needed. */
export interface SqliteConnection {
  readonly name: string
  readonly settings: SqliteSettings
  /** @throws SyncError when the file cannot be opened. */
  handle(): Database.Database
  close(): void
}

export function sqliteConnection(name: string, settings: SqliteSettings): SqliteConnection {
  let database: Database.Database | null = null
  let isClosed = false
  return {
    name,
    settings,
    handle() {
      if (isClosed) throw new SyncError('unavailable', `connection ${name} is closed`)
      database ??= openDatabase(name, settings)
      return database
    },
    close() {
      isClosed = true
      database?.close()
      database = null
    },
  }
}

function openDatabase(name: string, settings: SqliteSettings): Database.Database {
  if (!existsSync(settings.file)) {
    throw new SyncError('config', `connection ${name}: there is no file ${settings.file}`, {
      hint: 'Check the file of the connection; the daemon does not create databases.',
    })
  }
  try {
    const database = new Database(settings.file, { fileMustExist: true, timeout: settings.busyTimeoutMs })
    database.pragma('foreign_keys = ON')
    // Integers come as BigInt, so that those beyond 2^53 are not rounded.
    database.defaultSafeIntegers(true)
    return database
  } catch (error) {
    throw sqliteError(error, `connection ${name}, file ${settings.file}`)
  }
}

/**
 * Runs `work` in one transaction that holds the write lock from its start: a reader that becomes a writer would fail at
 * once instead of waiting. No await inside.
 */
export function inWriteTransaction<T>(database: Database.Database, subject: string, work: () => T): T {
  try {
    database.exec('BEGIN IMMEDIATE')
  } catch (error) {
    throw sqliteError(error, subject)
  }
  let isCommitting = false
  try {
    const result = work()
    isCommitting = true
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK')
    const isTorn = isCommitting && error instanceof Database.SqliteError && error.code.startsWith('SQLITE_IOERR')
    throw sqliteError(error, subject, isTorn ? { inDoubt: true } : {})
  }
}

/** Runs `work` on one state of the database, whatever others write meanwhile. No await inside. */
export function inReadTransaction<T>(database: Database.Database, subject: string, work: () => T): T {
  try {
    database.exec('BEGIN')
    return work()
  } catch (error) {
    throw sqliteError(error, subject)
  } finally {
    if (database.inTransaction) database.exec('ROLLBACK')
  }
}
