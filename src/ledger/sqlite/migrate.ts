import { randomUUID } from 'node:crypto'
import type Database from 'better-sqlite3'
import { SyncError } from '../../contract/error.ts'
import type { Ledger } from '../ledger.ts'

/** "Tand" in ASCII: tells a ledger from any other SQLite file. */
const APPLICATION_ID = 0x54616e64

/**
 * Brings the file to the newest schema, one transaction for each migration.
 * @throws SyncError `ledger` when a newer program wrote it, or when it is another program's database.
 */
export function migrate(db: Database.Database, file: string, migrations: readonly string[]): void {
  for (;;) {
    const schema = schemaOf(db, file, migrations.length)
    if (schema === migrations.length) return
    db.exec('BEGIN IMMEDIATE')
    try {
      // Another process may have done it while this one waited for the lock.
      if (schemaOf(db, file, migrations.length) === schema) {
        if (schema === 0) begin(db)
        db.exec(migrations[schema] ?? '')
        db.pragma(`user_version = ${schema + 1}`)
      }
      db.exec('COMMIT')
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK')
      throw error
    }
  }
}

function begin(db: Database.Database): void {
  db.pragma(`application_id = ${APPLICATION_ID}`)
  db.exec('CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID')
  db.prepare('INSERT INTO about VALUES (?, ?)').run('identity', randomUUID())
}

/** The schema's number; 0: an empty file. */
export function schemaOf(db: Database.Database, file: string, newest: number): number {
  const schema = Number(db.pragma('user_version', { simple: true }))
  const application = Number(db.pragma('application_id', { simple: true }))
  const tables = db.prepare<[], { n: number }>('SELECT count(*) AS n FROM sqlite_schema').get()?.n ?? 0
  if (application !== APPLICATION_ID && (tables > 0 || schema !== 0)) {
    throw new SyncError('ledger', `${file} is a database of another program, not a ledger`, {
      hint: 'Point ledger.file in config.yaml at another file.',
    })
  }
  if (schema > newest) {
    throw new SyncError(
      'ledger',
      `the ledger ${file} was written by a newer Tandem: its schema is ${schema}, this program knows up to ${newest}`,
      { hint: 'Install the newer version again, or restore the ledger from before the update.' },
    )
  }
  return schema
}

/** Notes which program wrote last, where it may write, and reads what the file says about itself. */
export function readAbout(db: Database.Database, program: string, isReadOnly: boolean): Ledger['about'] {
  const read = (name: string) =>
    db.prepare<[string], { value: string }>('SELECT value FROM about WHERE name = ?').get(name)?.value
  const last = read('program')
  if (!isReadOnly && last !== program) {
    db.prepare('INSERT INTO about VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value').run(
      'program',
      program,
    )
  }
  return {
    schema: Number(db.pragma('user_version', { simple: true })),
    program: isReadOnly ? (last ?? program) : program,
    identity: read('identity') ?? '',
  }
}
