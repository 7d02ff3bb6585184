import Database from 'better-sqlite3'
import { SyncError } from '../../contract/error.ts'

function sqliteCode(error: unknown): string | null {
  return error instanceof Database.SqliteError ? error.code : null
}

/** Another connection holds the lock; the same transaction may be tried again. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error)?.startsWith('SQLITE_BUSY') ?? false
}

export function isUniqueViolation(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY'
}

/**
 * Whether what was written may not be on disk although no later call says so: after an fsync error the kernel forgets
 * the pages, and a damaged file gets worse by writing on. The process must exit and start again.
 */
export function mustExit(error: unknown): boolean {
  const code = sqliteCode(error) ?? (error instanceof Error ? sqliteCode(error.cause) : null)
  if (code === null) return false
  return code === 'SQLITE_IOERR_FSYNC' || code === 'SQLITE_IOERR_DIR_FSYNC' || code.startsWith('SQLITE_CORRUPT')
}

/** First match counts. */
const EXPLANATIONS: readonly { readonly code: string; readonly says: string; readonly hint: string }[] = [
  {
    code: 'SQLITE_BUSY',
    says: 'stayed locked by another process',
    hint: 'See which other process works on the ledger (a long command, a backup tool), and try again.',
  },
  { code: 'SQLITE_FULL', says: 'cannot grow: the disk is full', hint: "Free space on the ledger's disk." },
  {
    code: 'SQLITE_CORRUPT',
    says: 'is damaged',
    hint: 'Stop Tandem, keep a copy of the file, and restore the ledger from a backup.',
  },
  {
    code: 'SQLITE_NOTADB',
    says: 'is not a ledger: the file has another format',
    hint: 'Point ledger.file in config.yaml at another file.',
  },
  {
    code: 'SQLITE_READONLY',
    says: 'cannot be written',
    hint: "Give the user that runs Tandem the right to write the ledger's file and folder.",
  },
  {
    code: 'SQLITE_PERM',
    says: 'may not be opened',
    hint: "Give the user that runs Tandem the right to read and write the ledger's file and folder.",
  },
  {
    code: 'SQLITE_CANTOPEN',
    says: 'cannot be opened',
    hint: "Check that the ledger's folder exists and that the user that runs Tandem may write there.",
  },
  {
    code: 'SQLITE_IOERR',
    says: 'met an input/output error',
    hint: "Check the ledger's disk and the system's log, then start Tandem again.",
  },
]

/** `error` as what crosses the interface: SyncErrors stay, SQLite's become `ledger`, bugs stay what they are. */
export function ledgerError(error: unknown, file: string): unknown {
  const code = sqliteCode(error)
  if (code === null) return error
  const known = EXPLANATIONS.find((explanation) => code.startsWith(explanation.code))
  const message = error instanceof Error ? error.message : String(error)
  if (known === undefined) return new SyncError('ledger', `the ledger ${file} failed: ${message}`, { cause: error })
  return new SyncError('ledger', `the ledger ${file} ${known.says}: ${message}`, { cause: error, hint: known.hint })
}
