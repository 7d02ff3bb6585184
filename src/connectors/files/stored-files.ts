import type { Database } from 'better-sqlite3'
import { SyncError } from '../../contract/error.ts'
import { nextNumber } from './store.ts'

/**
 * `waiting`: seen, not complete yet. `reading`: begun. `ending`: read to its end, and what it lacks is being removed. `read`:
 * done with, but for its place in the folder. `ended`: also that. `refused`: it cannot be read.
 */
export type FileState = 'waiting' | 'reading' | 'ending' | 'read' | 'ended' | 'refused'

export interface StoredFile {
  readonly id: number
  readonly path: string
  readonly size: number
  readonly mtimeMs: number
  readonly state: FileState
  /** Since when size and time are these, by our clock. */
  readonly sinceMs: number
  /** The first byte that was not read, and the line that it is in. */
  readonly position: number
  readonly line: number
  readonly records: number
  readonly bad: number
  /** Bad lines of which it is not known which records they were to be. */
  readonly unnamed: number
  /** Grows with each file that is begun. */
  readonly generation: number
  readonly header: string | null
  readonly problem: string | null
}

interface Row extends Omit<StoredFile, 'mtimeMs' | 'sinceMs'> {
  readonly mtime: number
  readonly since: number
}

function ofRow({ mtime, since, ...row }: Row): StoredFile {
  return { ...row, mtimeMs: mtime, sinceMs: since }
}

/** @throws SyncError `config` where files were taken in under another key. */
export function collectionId(database: Database, name: string, key: readonly string[]): number {
  const id = idOfCollection(database, name)
  if (key.length === 0) return id
  const text = JSON.stringify(key)
  const row = database.prepare<[number], { key: string }>('select key from collection where id = ?').get(id)
  if (row?.key === '') database.prepare('update collection set key = ? where id = ?').run(text, id)
  else if (row?.key !== text) {
    throw new SyncError('config', `files collection ${name} has the key ${row?.key ?? ''}, and ${text} is asked for`, {
      hint: 'Give the collection the key that all mappings use; where it has changed for good, give the collection a new name.',
    })
  }
  return id
}

function idOfCollection(database: Database, name: string): number {
  const find = database.prepare<[string], { id: number }>('select id from collection where name = ?')
  const known = find.get(name)
  if (known) return known.id
  database.prepare("insert into collection (name, names, key) values (?, '[]', '') on conflict do nothing").run(name)
  return find.get(name)?.id ?? 0
}

/** The fields that files of this collection had. */
export function knownFields(database: Database, collection: number): readonly string[] {
  const row = database.prepare<[number], { names: string }>('select names from collection where id = ?').get(collection)
  return JSON.parse(row?.names ?? '[]') as string[]
}

export function addKnownFields(database: Database, collection: number, fields: readonly string[]): void {
  const known = knownFields(database, collection)
  const all = [...new Set([...known, ...fields])]
  if (all.length === known.length) return
  database.prepare('update collection set names = ? where id = ?').run(JSON.stringify(all), collection)
}

export function filesIn(
  database: Database,
  collection: number,
  ...states: readonly FileState[]
): readonly StoredFile[] {
  const marks = states.map(() => '?').join()
  const sql = `select * from file where collection = ? and state in (${marks}) order by id`
  return database
    .prepare<unknown[], Row>(sql)
    .all(collection, ...states)
    .map(ofRow)
}

export function fileAt(database: Database, collection: number, path: string): StoredFile | null {
  const row = database
    .prepare<[number, string], Row>('select * from file where collection = ? and path = ?')
    .get(collection, path)
  return row ? ofRow(row) : null
}

/** Notes that a file is there, looks like this, and has since now. */
export function noteArrival(
  database: Database,
  collection: number,
  found: { readonly path: string; readonly size: number; readonly mtimeMs: number },
  nowMs: number,
): void {
  database
    .prepare(
      `insert into file (collection, path, size, mtime, state, since) values (?, ?, ?, ?, 'waiting', ?)
       on conflict (collection, path) do update set size = excluded.size, mtime = excluded.mtime, state = 'waiting',
       since = excluded.since, position = 0, line = 1, records = 0, bad = 0, unnamed = 0, header = null, problem = null`,
    )
    .run(collection, found.path, found.size, found.mtimeMs, nowMs)
}

/** Begins a file. False: somebody else did, or it is not what it was. */
export function beginFile(database: Database, file: StoredFile): boolean {
  const sql = `update file set state = 'reading', generation = ?, position = 0, line = 1 where id = ? and state = 'waiting'
    and size = ? and mtime = ?`
  return database.prepare(sql).run(nextNumber(database, 'generation'), file.id, file.size, file.mtimeMs).changes === 1
}

export interface Progress {
  readonly position: number
  readonly line: number
  readonly records: number
  readonly bad: number
  readonly unnamed: number
  readonly header: string
}

/** Moves on in a file. False: somebody else has, and nothing of it may be stored. */
export function advance(database: Database, file: StoredFile, progress: Progress): boolean {
  const sql = `update file set position = ?, line = ?, records = ?, bad = ?, unnamed = ?, header = ?
    where id = ? and state = 'reading' and position = ? and generation = ?`
  const { position, line, records, bad, unnamed, header } = progress
  return (
    database.prepare(sql).run(position, line, records, bad, unnamed, header, file.id, file.position, file.generation)
      .changes === 1
  )
}

export function setFileState(
  database: Database,
  file: StoredFile,
  state: FileState,
  problem: string | null = null,
): void {
  database.prepare('update file set state = ?, problem = ? where id = ?').run(state, problem, file.id)
}

export function forgetFile(database: Database, file: StoredFile): void {
  database.prepare('delete from file where id = ?').run(file.id)
}
