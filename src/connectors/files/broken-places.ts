import type { Database } from 'better-sqlite3'
import type { Change } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import { nextNumber } from './store.ts'
import type { StoredFile } from './stored-files.ts'

/** A line that is no record, or (line 0) something that is wrong with a file as a whole. */
export interface BrokenPlace {
  readonly place: string
  readonly seq: number
  readonly isGone: boolean
  readonly generation: number
  readonly line: number
  /** JSON of the file's header. */
  readonly header: string
  /** The line's bytes in base64; null: there are none to try again. */
  readonly raw: string | null
  readonly problem: string
  readonly hint: string | null
}

interface Row extends Omit<BrokenPlace, 'isGone'> {
  readonly is_gone: number
}

function ofRow({ is_gone, ...row }: Row): BrokenPlace {
  return { ...row, isGone: is_gone === 1 }
}

/** "items.csv@20261121T083005Z:17": the same name may arrive again, and its 17th line is another one then. */
export function placeOf(file: Pick<StoredFile, 'path' | 'mtimeMs'>, line: number): string {
  const at = new Date(file.mtimeMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '')
  return `${file.path}@${at}${line === 0 ? '' : `:${line}`}`
}

export function addBroken(
  database: Database,
  collection: number,
  file: StoredFile,
  broken: Pick<BrokenPlace, 'line' | 'header' | 'raw' | 'problem' | 'hint'>,
): void {
  const { line, header, raw, problem, hint } = broken
  database
    .prepare(
      `insert into broken (collection, place, seq, is_gone, generation, line, header, raw, problem, hint)
       values (?, ?, ?, 0, ?, ?, ?, ?, ?, ?) on conflict (collection, place) do update set seq = excluded.seq, is_gone = 0,
       generation = excluded.generation, line = excluded.line, header = excluded.header, raw = excluded.raw,
       problem = excluded.problem, hint = excluded.hint`,
    )
    .run(
      collection,
      placeOf(file, line),
      nextNumber(database, 'seq'),
      file.generation,
      line,
      header,
      raw,
      problem,
      hint,
    )
}

export function brokenAt(database: Database, collection: number, place: string): BrokenPlace | null {
  const row = database
    .prepare<[number, string], Row>('select * from broken where collection = ? and place = ?')
    .get(collection, place)
  return row ? ofRow(row) : null
}

export function brokenAfterSeq(
  database: Database,
  collection: number,
  seq: number,
  limit: number,
): readonly BrokenPlace[] {
  const sql = 'select * from broken where collection = ? and seq > ? order by seq limit ?'
  return database.prepare<[number, number, number], Row>(sql).all(collection, seq, limit).map(ofRow)
}

export function countBroken(database: Database, collection: number): number {
  const sql = 'select count(*) as n from broken where collection = ? and is_gone = 0'
  return database.prepare<[number], { n: number }>(sql).get(collection)?.n ?? 0
}

export function mendPlace(database: Database, collection: number, place: string): void {
  database
    .prepare('update broken set is_gone = 1, raw = null, seq = ? where collection = ? and place = ?')
    .run(nextNumber(database, 'seq'), collection, place)
}

/** What was wrong with files begun before this generation is over: a later one says everything anew. */
export function mendBefore(database: Database, collection: number, generation: number): void {
  const sql = 'select place from broken where collection = ? and is_gone = 0 and generation < ?'
  for (const { place } of database.prepare<[number, number], { place: string }>(sql).all(collection, generation)) {
    mendPlace(database, collection, place)
  }
}

export function mendGeneration(database: Database, collection: number, generation: number): void {
  const sql = 'select place from broken where collection = ? and is_gone = 0 and generation = ?'
  for (const { place } of database.prepare<[number, number], { place: string }>(sql).all(collection, generation)) {
    mendPlace(database, collection, place)
  }
}

export function brokenAsChange(broken: BrokenPlace): Change {
  if (broken.isGone) return { kind: 'gone', id: broken.place, atMs: null }
  return { kind: 'broken', id: broken.place, version: String(broken.seq), error: errorOf(broken) }
}

function errorOf({ place, line, problem, hint }: BrokenPlace): SyncError {
  const [name = place] = place.split('@')
  const where = line === 0 ? name : `${name}, line ${line}:`
  return new SyncError('invalid', `${where} ${problem}`, {
    hint:
      hint ??
      'Have the line delivered again as it should be, then discard this; or correct the columns of the collection and retry.',
  })
}
