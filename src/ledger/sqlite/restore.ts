import { copyFileSync, existsSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { SyncError } from '../../contract/error.ts'
import { isBusy } from './errors.ts'
import { replaceDurably } from './file-durably.ts'
import { inspectLedgerFile, type LedgerContent } from './inspect-file.ts'
import { createPrivately } from './lock.ts'

const PARTS = ['', '-wal', '-shm'] as const

export interface Restored {
  readonly content: LedgerContent
  /** Where the ledger is kept that was there before; null: there was none. */
  readonly kept: string | null
}

/**
 * Puts a backup in the place of a ledger whose lock the caller holds. The one that is there is kept aside. `prepare` is given the copy
 * before it takes its place: after a crash there is either the old ledger or the prepared one.
 * @throws SyncError `ledger` where the backup is none, is damaged or of a newer program, or where somebody works with the ledger.
 */
export async function restoreLedger(
  backup: string,
  file: string,
  prepare: (copy: string) => Promise<void>,
  nowMs: number,
): Promise<Restored> {
  if (!existsSync(backup)) throw new SyncError('config', `There is no file ${backup}.`)
  const temporary = `${file}.${process.pid}.part`
  try {
    createPrivately(temporary)
    copyFileSync(backup, temporary)
    // A backup that was made by copying files may come with its journal.
    if (existsSync(`${backup}-wal`)) copyFileSync(`${backup}-wal`, `${temporary}-wal`)
    const content = inspectLedgerFile(temporary)
    await prepare(temporary)
    inspectLedgerFile(temporary)
    const kept = existsSync(file) ? keepAside(file, nowMs) : null
    replaceDurably(temporary, file)
    return { content, kept }
  } finally {
    for (const part of [...PARTS, '-journal']) rmSync(temporary + part, { force: true })
  }
}

/** The present ledger under another name, and without a journal that would be taken for the new one's. */
function keepAside(file: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[:.]/g, '-')
  const kept = `${file}.before-restore-${stamp}`
  const isWhole = foldJournal(file)
  for (const part of isWhole ? [''] : PARTS) {
    if (!existsSync(file + part)) continue
    createPrivately(kept + part)
    copyFileSync(file + part, kept + part)
  }
  for (const part of ['-wal', '-shm']) rmSync(file + part, { force: true })
  return kept
}

/** Brings what is in the journal into the file. False: the file is too damaged for that. @throws SyncError `ledger` */
function foldJournal(file: string): boolean {
  let db: Database.Database | null = null
  try {
    db = new Database(file, { timeout: 0 })
    // Only where nobody else has the file open.
    db.pragma('journal_mode = DELETE')
    return true
  } catch (error) {
    if (!isBusy(error)) return false
    throw new SyncError('ledger', `another process works with the ledger ${file}`, {
      cause: error,
      hint: 'Wait until the other command has ended, and try again.',
    })
  } finally {
    db?.close()
  }
}
