import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { SyncError } from '../../contract/error.ts'

const SCHEMA_VERSION = 1
const SCHEMA = `
create table meta (name text primary key, value text not null) strict;
create table counter (name text primary key, value integer not null) strict;
create table collection (
  id integer primary key, name text not null unique, names text not null, key text not null) strict;
-- What was found in the folder, until the same name arrives again.
create table file (
  id integer primary key, collection integer not null, path text not null, size integer not null, mtime real not null,
  state text not null check (state in ('waiting', 'reading', 'ending', 'read', 'ended', 'refused')),
  since integer not null, position integer not null default 0, line integer not null default 1,
  records integer not null default 0, bad integer not null default 0, unnamed integer not null default 0,
  generation integer not null default 0, header text, problem text, unique (collection, path)) strict;
-- What the files add up to. cells: null once it is gone. listed: the generation of the last file that had it.
create table record (
  row integer primary key, collection integer not null, id text not null, cells text, seq integer not null,
  changed_at integer, by_us integer not null, listed integer, folded text not null, unique (collection, id)) strict;
create index record_folded on record (collection, folded);
create index record_seq on record (collection, seq);
create table broken (
  collection integer not null, place text not null, seq integer not null, is_gone integer not null, generation integer not null,
  line integer not null, header text not null, raw text, problem text not null, hint text,
  primary key (collection, place)) strict, without rowid;
create index broken_seq on broken (collection, seq);
-- What is to be written. publication 0: not in a file yet.
create table outbox (
  collection integer not null, publication integer not null, id text not null, seq integer not null, operation text not null,
  cells text not null, since integer not null, primary key (collection, publication, id)) strict, without rowid;
create index outbox_order on outbox (publication, seq);
create table publication (
  id integer primary key, collection integer not null unique, name text not null, is_ready integer not null) strict;
insert into counter values ('seq', 0), ('generation', 0);
`

/**
 * What the files of a connection add up to: the newest state of each record, how far each file was read, and what is to be
 * written. Files come and go; this stays.
 */
export interface Store {
  readonly file: string
  /** @throws SyncError when it cannot be opened. */
  handle(): Database.Database
  /** Names this store and no other. */
  identity(): string
  close(): void
}

export function openStore(name: string, file: string): Store {
  let database: Database.Database | null = null
  let isClosed = false
  const store: Store = {
    file,
    handle() {
      if (isClosed) throw new SyncError('unavailable', `connection ${name} is closed`)
      database ??= open(name, file)
      return database
    },
    identity: () => {
      const get = store.handle().prepare<[], { value: string }>("select value from meta where name = 'identity'")
      return get.get()?.value ?? ''
    },
    close() {
      isClosed = true
      database?.close()
      database = null
    },
  }
  return store
}

function open(name: string, file: string): Database.Database {
  try {
    mkdirSync(dirname(file), { recursive: true })
    const database = new Database(file, { timeout: 2000 })
    database.pragma('journal_mode = WAL')
    // What is taken in is archived, and what is to be written is acknowledged: it has to be on disk.
    database.pragma('synchronous = FULL')
    database.pragma('cache_size = -4000')
    inTransaction(database, () => create(database, file))
    return database
  } catch (error) {
    throw storeError(error, `connection ${name}: ${file}`)
  }
}

function create(database: Database.Database, file: string): void {
  const version = Number(database.pragma('user_version', { simple: true }))
  if (version === SCHEMA_VERSION) return
  if (version !== 0) {
    throw new SyncError('config', `${file} was written by a newer Tandem`, { hint: 'Use that version, or newer.' })
  }
  database.exec(SCHEMA)
  database.prepare("insert into meta values ('identity', ?)").run(randomUUID())
  database.pragma(`user_version = ${SCHEMA_VERSION}`)
}

/** Runs `work` in one transaction with the write lock from its start. No await inside. @throws SyncError. */
export function inTransaction<T>(database: Database.Database, work: () => T): T {
  try {
    database.exec('begin immediate')
  } catch (error) {
    throw storeError(error, 'the store of the files')
  }
  try {
    const result = work()
    database.exec('commit')
    return result
  } catch (error) {
    if (database.inTransaction) database.exec('rollback')
    throw storeError(error, 'the store of the files')
  }
}

/** A statement that is made once for a database: some are asked for every line. */
export function prepared<P extends unknown[], R = unknown>(
  database: Database.Database,
  sql: string,
): Database.Statement<P, R> {
  let statements = STATEMENTS.get(database)
  if (statements === undefined) {
    statements = new Map()
    STATEMENTS.set(database, statements)
  }
  let statement = statements.get(sql)
  if (statement === undefined) {
    statement = database.prepare(sql)
    statements.set(sql, statement)
  }
  return statement as Database.Statement<P, R>
}

const STATEMENTS = new WeakMap<Database.Database, Map<string, Database.Statement>>()

/** Takes the next number of a counter that only grows. */
export function nextNumber(database: Database.Database, counter: 'seq' | 'generation' | `files:${number}`): number {
  const sql = 'insert into counter values (?, 1) on conflict (name) do update set value = value + 1 returning value'
  return prepared<[string], { value: number }>(database, sql).get(counter)?.value ?? 0
}

export function lastNumber(database: Database.Database, counter: 'seq'): number {
  const sql = 'select value from counter where name = ?'
  return prepared<[string], { value: number }>(database, sql).get(counter)?.value ?? 0
}

function storeError(error: unknown, subject: string): SyncError {
  if (error instanceof SyncError) return error
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Database.SqliteError ? error.code : ''
  const isBusy = code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')
  if (isBusy) return new SyncError('busy', `${subject}: ${message}`, { cause: error })
  if (code.startsWith('SQLITE_FULL')) return new SyncError('server', `${subject}: the disk is full`, { cause: error })
  if (code.startsWith('SQLITE_IOERR')) return new SyncError('server', `${subject}: ${message}`, { cause: error })
  const isOfFile = /^SQLITE_(CANTOPEN|NOTADB|CORRUPT|READONLY|PERM)/.test(code) || message.includes('EACCES')
  if (!isOfFile) return new SyncError('unexpected', `${subject}: ${message}`, { cause: error })
  return new SyncError('config', `${subject}: ${message}`, {
    cause: error,
    hint: 'Check `store` of the connection; where the file is damaged, restore it from a backup.',
  })
}
