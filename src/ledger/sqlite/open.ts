import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { SyncError } from '../../contract/error.ts'
import type { Ledger } from '../ledger.ts'
import { assembleLedger } from './assemble.ts'
import { isBusy, ledgerError } from './errors.ts'
import { createPrivately, ledgerLockHolder } from './lock.ts'
import { migrate, readAbout, schemaOf } from './migrate.ts'
import { MIGRATIONS } from './migrations/all.ts'
import { BUSY_TIMEOUT_MS, createStore } from './store.ts'

export interface SqliteLedgerOptions {
  /** Created with its folder when it is missing, unless `readOnly`. `:memory:` is a ledger that ends with its process. */
  readonly file: string
  /** Name and version of the program, noted in the ledger. */
  readonly program: string
  /** Writes throw. The file must exist and have the newest schema. */
  readonly readOnly?: boolean
  /** How long a transaction is tried while another process holds the lock. */
  readonly writeLimitMs?: number
  /** The most pages of 4 KiB that the file may have; undefined: as many as the disk holds. */
  readonly maxPages?: number
  /** For tests of the migrations themselves. */
  readonly migrations?: readonly string[]
}

const WRITE_LIMIT_MS = 5_000
const RETRY_PAUSE_MS = 20
/** In pages of 4 KiB: the journal goes back into the file after 16 MiB, and a larger one is cut to 64 MiB. */
const CHECKPOINT_PAGES = 4_096
const JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024
/** With four times as much, a change among 200,000 links cost as much CPU (`bench/`, entry `cost-per-change`). */
const CACHE_KIB = 8 * 1024

/** @throws SyncError `ledger` when the file cannot be used; the message says why and the hint what to do. */
export async function openSqliteLedger(options: SqliteLedgerOptions): Promise<Ledger> {
  const writeLimitMs = options.writeLimitMs ?? WRITE_LIMIT_MS
  const givenUpAtMs = performance.now() + writeLimitMs
  for (;;) {
    try {
      return openOnce(options, writeLimitMs)
    } catch (error) {
      if (!isBusy(error) || performance.now() > givenUpAtMs) throw ledgerError(error, options.file)
    }
    await sleep(RETRY_PAUSE_MS)
  }
}

function openOnce(options: SqliteLedgerOptions, writeLimitMs: number): Ledger {
  const { file, program, readOnly = false, migrations = MIGRATIONS } = options
  if (!readOnly && file !== ':memory:') prepareFile(file)
  const db = new Database(file, { readonly: readOnly, fileMustExist: readOnly, timeout: BUSY_TIMEOUT_MS })
  try {
    // Asked first: a file of another program must not be switched to another journal mode.
    const schema = schemaOf(db, file, migrations.length)
    configure(db, readOnly)
    if (options.maxPages !== undefined) db.pragma(`max_page_count = ${options.maxPages}`)
    if (readOnly && schema < migrations.length) throw outdated(file, schema, migrations.length)
    if (schema !== 0 && schema < migrations.length) refuseUnderDaemon(file)
    if (!readOnly) migrate(db, file, migrations)
    const about = readAbout(db, program, readOnly)
    return assembleLedger(createStore(db, file, readOnly, writeLimitMs), about)
  } catch (error) {
    db.close()
    throw error
  }
}

function prepareFile(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    createPrivately(file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SyncError('ledger', `the ledger ${file} cannot be created: ${reason}`, {
      cause: error,
      hint: 'Check ledger.file in config.yaml, and that the user that runs Tandem may write in its folder.',
    })
  }
}

function configure(db: Database.Database, readOnly: boolean): void {
  if (!readOnly) db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('foreign_keys = ON')
  db.pragma('temp_store = MEMORY')
  db.pragma(`cache_size = -${CACHE_KIB}`)
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  db.pragma(`journal_size_limit = ${JOURNAL_LIMIT_BYTES}`)
}

function outdated(file: string, schema: number, newest: number): SyncError {
  const message = `the ledger ${file} has schema ${schema} and this program needs ${newest}`
  return new SyncError('ledger', message, { hint: 'Start the daemon once with this version: it updates the ledger.' })
}

/** A daemon of an older version must not find the tables changed under its feet. */
function refuseUnderDaemon(file: string): void {
  const holder = ledgerLockHolder(file)
  if (holder === null || holder.pid === process.pid) return
  const message = `the ledger ${file} needs an update, and a daemon of an older version (process ${holder.pid}) works on it`
  throw new SyncError('ledger', message, { hint: 'Restart the daemon with this version first.' })
}
