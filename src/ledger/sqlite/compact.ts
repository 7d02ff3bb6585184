import Database from 'better-sqlite3'
import { ledgerError } from './errors.ts'

/** Rewrites a ledger's file without the space that is not used, and empties its journal. Nobody can write meanwhile. */
export function vacuumLedger(file: string): void {
  withLedger(file, (db) => {
    db.exec('VACUUM')
    db.pragma('wal_checkpoint(TRUNCATE)')
  })
}

/** Brings the journal into the file, as far as readers let it. Disturbs nobody. */
export function emptyJournal(file: string): void {
  withLedger(file, (db) => void db.pragma('wal_checkpoint(TRUNCATE)'))
}

/** Bytes in the file that are not used: what `vacuumLedger` would give back, and what new rows are written to first. */
export function unusedBytes(file: string): number {
  return withLedger(file, (db) => {
    const number = (pragma: string): number => Number(db.pragma(pragma, { simple: true }))
    return number('freelist_count') * number('page_size')
  })
}

function withLedger<Result>(file: string, work: (db: Database.Database) => Result): Result {
  try {
    const db = new Database(file, { fileMustExist: true, timeout: 5000 })
    try {
      return work(db)
    } finally {
      db.close()
    }
  } catch (error) {
    throw ledgerError(error, file)
  }
}
