import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { isBusy, ledgerError } from './errors.ts'

/** Held by the one daemon of a ledger. The system releases it when the process ends, however it ends. */
export interface LedgerLock {
  release(): void
}

export interface LockHolder {
  readonly pid: number
  readonly sinceMs: number
}

const lockFile = (file: string) => `${file}.lock`
const holderFile = (file: string) => `${file}.lock.json`

/** Takes the lock, or null: another process holds it. Never waits. Creates the folder. */
export function acquireLedgerLock(file: string, nowMs: number = Date.now()): LedgerLock | null {
  const db = openExclusively(file)
  if (db === null) return null
  writeHolder(file, { pid: process.pid, sinceMs: nowMs })
  return {
    release() {
      if (!db.open) return
      // Ends the transaction that holds the lock; nothing was written in it.
      db.close()
    },
  }
}

/** Whether a process holds the lock right now, and as far as it is known, which. */
export function isLedgerLocked(file: string): boolean {
  const db = openExclusively(file)
  db?.close()
  return db === null
}

/** Who holds the lock; null: nobody does, or it cannot be told. For messages only. */
export function ledgerLockHolder(file: string): LockHolder | null {
  if (!isLedgerLocked(file)) return null
  try {
    const holder: unknown = JSON.parse(readFileSync(holderFile(file), 'utf8'))
    if (typeof holder !== 'object' || holder === null || !('pid' in holder) || !('sinceMs' in holder)) return null
    if (typeof holder.pid !== 'number' || typeof holder.sinceMs !== 'number') return null
    return { pid: holder.pid, sinceMs: holder.sinceMs }
  } catch {
    return null
  }
}

function openExclusively(file: string): Database.Database | null {
  mkdirSync(dirname(lockFile(file)), { recursive: true, mode: 0o700 })
  createPrivately(lockFile(file))
  const db = new Database(lockFile(file), { timeout: 0 })
  try {
    // A rollback journal in memory: an exclusive transaction takes the file's lock and writes nothing.
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE')
    return db
  } catch (error) {
    db.close()
    if (isBusy(error)) return null
    throw ledgerError(error, file)
  }
}

/**
 * Creates the file for its owner alone, if it is missing. One that is there is not touched: POSIX drops all locks of a
 * process on a file when the process closes any descriptor of it.
 */
export function createPrivately(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
}

function writeHolder(file: string, holder: LockHolder): void {
  const temporary = `${holderFile(file)}.${holder.pid}`
  writeFileSync(temporary, JSON.stringify(holder), { mode: 0o600 })
  renameSync(temporary, holderFile(file))
}
