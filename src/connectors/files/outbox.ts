import type { Database } from 'better-sqlite3'
import type { Cells } from './parse-records.ts'
import type { Line } from './render-lines.ts'
import { nextNumber, prepared } from './store.ts'

/** Lines that are to be written, at most one for each record until they are in a file. */
interface Row {
  readonly operation: Line['operation']
  readonly cells: string
}

const PAGE = 2000

/** Adds what became of a record, together with what waits to be written of it already. */
export function addLine(database: Database, collection: number, id: string, line: Line, nowMs: number): void {
  const before = prepared<[number, string], Row>(
    database,
    'select operation, cells from outbox where collection = ? and publication = 0 and id = ?',
  ).get(collection, id)
  const operation = together(before?.operation, line.operation)
  if (operation === null) {
    prepared<unknown[]>(database, 'delete from outbox where collection = ? and publication = 0 and id = ?').run(
      collection,
      id,
    )
    return
  }
  prepared<unknown[]>(
    database,
    `insert into outbox (collection, publication, id, seq, operation, cells, since) values (?, 0, ?, ?, ?, ?, ?)
       on conflict do update set seq = excluded.seq, operation = excluded.operation, cells = excluded.cells`,
  ).run(collection, id, nextNumber(database, 'seq'), operation, JSON.stringify(line.cells), nowMs)
}

/** null: the receiver never heard of the record, and need not. */
function together(before: Line['operation'] | undefined, after: Line['operation']): Line['operation'] | null {
  if (before === 'create') return after === 'remove' ? null : 'create'
  if (before === 'remove') return after === 'remove' ? 'remove' : 'update'
  return after
}

export interface Waiting {
  readonly lines: number
  /** When the oldest of them was added. */
  readonly sinceMs: number
}

/** Lines that are in no file yet. */
export function waitingLines(database: Database, collection: number): Waiting {
  const sql =
    'select count(*) as lines, coalesce(min(since), 0) as sinceMs from outbox where collection = ? and publication = 0'
  return prepared<[number], Waiting>(database, sql).get(collection) ?? { lines: 0, sinceMs: 0 }
}

/** A file that is being written. */
export interface Publication {
  readonly id: number
  readonly name: string
  /** The whole file is on the disk, under its temporary name, unless it has its own by now. */
  readonly isReady: boolean
}

export function openPublication(database: Database, collection: number): Publication | null {
  const row = prepared<[number], { id: number; name: string; is_ready: number }>(
    database,
    'select id, name, is_ready from publication where collection = ?',
  ).get(collection)
  return row ? { id: row.id, name: row.name, isReady: row.is_ready === 1 } : null
}

/** Begins a file of up to `limit` lines, the oldest first. */
export function beginPublication(database: Database, collection: number, name: string, limit: number): void {
  const sql = 'insert into publication (collection, name, is_ready) values (?, ?, 0)'
  const { lastInsertRowid } = prepared<unknown[]>(database, sql).run(collection, name)
  prepared<unknown[]>(
    database,
    `update outbox set publication = ? where collection = ? and publication = 0 and id in
       (select id from outbox where collection = ? and publication = 0 order by seq limit ?)`,
  ).run(lastInsertRowid, collection, collection, limit)
}

/** The lines of a file, page by page: others may use the store while they are written. */
export function* linesOf(database: Database, publication: number): Generator<Line> {
  const sql = 'select seq, operation, cells from outbox where publication = ? and seq > ? order by seq limit ?'
  const page = prepared<[number, number, number], Row & { seq: number }>(database, sql)
  let after = 0
  for (;;) {
    const rows = page.all(publication, after, PAGE)
    for (const { operation, cells } of rows) yield { operation, cells: JSON.parse(cells) as Cells }
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.seq
  }
}

export function markReady(database: Database, publication: number): void {
  prepared<unknown[]>(database, 'update publication set is_ready = 1 where id = ?').run(publication)
}

export function endPublication(database: Database, collection: number, publication: number): void {
  prepared<unknown[]>(database, 'delete from outbox where collection = ? and publication = ?').run(
    collection,
    publication,
  )
  prepared<unknown[]>(database, 'delete from publication where id = ?').run(publication)
}
