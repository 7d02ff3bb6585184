import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { SyncError } from '../../contract/error.ts'
import { ledgerError } from './errors.ts'
import { schemaOf } from './migrate.ts'
import { MIGRATIONS } from './migrations/all.ts'

/** What a ledger's file holds. */
export interface LedgerContent {
  readonly schema: number
  readonly bytes: number
  readonly mappings: number
  readonly links: number
  readonly cursors: number
  /** Changes that are not applied, whatever their state. */
  readonly changes: number
  /** When something was last written to the history or by a run; null: never. */
  readonly lastActivityMs: number | null
}

/**
 * Reads a ledger's file through, page by page, and counts what is in it. The file must be closed, and is left as it is but for its
 * journal mode: a single file without a -wal. @throws SyncError `ledger` where it is damaged or no ledger of this program.
 */
export function inspectLedgerFile(file: string): LedgerContent {
  try {
    return inspect(file)
  } catch (error) {
    throw ledgerError(error, file)
  }
}

function inspect(file: string): LedgerContent {
  const db = new Database(file, { fileMustExist: true })
  try {
    const schema = schemaOf(db, file, MIGRATIONS.length)
    if (schema === 0) throw new SyncError('ledger', `${file} is an empty file, not a ledger`)
    db.pragma('journal_mode = DELETE')
    const answer = String(db.pragma('integrity_check(1)', { simple: true }))
    if (answer !== 'ok') {
      throw new SyncError('ledger', `the ledger ${file} is damaged: ${answer}`, { hint: 'Take another backup.' })
    }
    const number = (sql: string): number => db.prepare<[], { n: number }>(`SELECT ${sql} AS n`).get()?.n ?? 0
    const lastRunMs = number("(SELECT max(coalesce(json_extract(state, '$.lastRunAtMs'), 0)) FROM mapping)")
    const lastEntryMs = number('(SELECT max(at) FROM history)')
    return {
      schema,
      bytes: statSync(file).size,
      mappings: number('(SELECT count(*) FROM mapping WHERE layout IS NOT NULL)'),
      links: number('(SELECT count(*) FROM link)'),
      cursors: number('(SELECT count(*) FROM cursor)'),
      changes: number('(SELECT count(*) FROM change)'),
      lastActivityMs: Math.max(lastRunMs, lastEntryMs) || null,
    }
  } finally {
    db.close()
  }
}
