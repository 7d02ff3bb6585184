import { existsSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { SyncError } from '../../contract/error.ts'
import { ledgerError } from './errors.ts'
import { replaceDurably } from './file-durably.ts'
import { inspectLedgerFile, type LedgerContent } from './inspect-file.ts'
import { createPrivately } from './lock.ts'
import { BUSY_TIMEOUT_MS } from './store.ts'

/** In one step: where pages are copied bit by bit, each write of the daemon makes the copy begin anew. */
const ALL_PAGES = 0x7fffffff

/**
 * Copies a ledger as it is at one moment to a single file, while others go on reading and writing it. The copy is read through
 * before it gets its name. @throws SyncError `config` where `to` exists and may not be replaced, `ledger` where the copy fails.
 */
export async function backUpLedger(file: string, to: string, overwrites: boolean): Promise<LedgerContent> {
  if (existsSync(to) && !overwrites) {
    throw new SyncError('config', `${to} exists already.`, { hint: 'Name another file, or replace it with --force.' })
  }
  const temporary = `${to}.${process.pid}.part`
  try {
    createPrivately(temporary)
    await copy(file, temporary)
    const content = inspectLedgerFile(temporary)
    replaceDurably(temporary, to)
    return content
  } catch (error) {
    throw writeError(error, to)
  } finally {
    for (const part of ['', '-journal', '-wal', '-shm']) rmSync(temporary + part, { force: true })
  }
}

async function copy(file: string, to: string): Promise<void> {
  const db = new Database(file, { readonly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    await db.backup(to, { progress: () => ALL_PAGES })
  } catch (error) {
    throw ledgerError(error, file)
  } finally {
    db.close()
  }
}

function writeError(error: unknown, to: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error
  return new SyncError('config', `${to} cannot be written: ${error.message}`, {
    cause: error,
    hint: 'Check that its folder exists and that this user may write there.',
  })
}
