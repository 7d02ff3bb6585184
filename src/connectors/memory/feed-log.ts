import { z } from 'zod'
import type { Change, RecordId } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Page, ReadRequest } from '../../contract/feed.ts'
import { type LogEntry, type Row, rowsAfter, type Table, type View } from './database.ts'
import { recordState, versionOf } from './record-state.ts'

/** First every record by id, then the log from where it stood when that began. */
const cursorSchema = z.strictObject({ log: z.number().int(), snapshotAfter: z.string().nullable(), done: z.boolean() })

/** A page of the change log. Reading takes nothing away from it, so that readers cannot steal from each other. */
export function readLog(view: View, request: ReadRequest, nowMs: number): Page {
  const { table } = view
  if (!table.isLogging) {
    throw new SyncError('schema', `${table.name} has no change log yet.`, { hint: 'Call prepare first.' })
  }
  const at =
    request.cursor === null
      ? { log: table.revision, snapshotAfter: null, done: false }
      : cursorSchema.parse(JSON.parse(request.cursor))
  if (!at.done) {
    const rows = rowsAfter(table, at.snapshotAfter, request.limit + 1, view.isMember)
    const told = rows.slice(0, request.limit)
    const isDone = rows.length <= request.limit
    const next = { log: at.log, snapshotAfter: isDone ? null : lastId(told), done: isDone }
    const changes = told.map((row): Change => ({ kind: 'state', state: recordState(table, row, view.fields, nowMs) }))
    return { changes, cursor: JSON.stringify(next), caughtUp: isDone && at.log === table.revision }
  }
  compact(table)
  const fresh = table.log.slice(firstAfter(table.log, at.log))
  const changes: Change[] = []
  let log = at.log
  let read = 0
  for (const entry of fresh) {
    if (changes.length >= request.limit) break
    const change = tell(view, entry, nowMs)
    if (change !== null) changes.push(change)
    log = entry.revision
    read += 1
  }
  const cursor = JSON.stringify({ log, snapshotAfter: null, done: true })
  return { changes, cursor, caughtUp: read === fresh.length }
}

function tell(view: View, entry: LogEntry, nowMs: number): Change | null {
  const { table } = view
  const { definition } = table
  if (table.newest.get(entry.id) !== entry.revision) return null
  if (entry.kind === 'remove') {
    return definition.deletes === 'pushed' ? { kind: 'gone', id: entry.id, atMs: entry.atMs } : null
  }
  const row: Row | undefined = table.rows.get(entry.id)
  if (row === undefined || !view.isMember(row)) return null
  if (definition.feed?.tells === 'hint') return { kind: 'hint', id: row.id, version: versionOf(table, row, nowMs) }
  return { kind: 'state', state: recordState(table, row, view.fields, nowMs) }
}

function firstAfter(log: readonly LogEntry[], revision: number): number {
  let low = 0
  let high = log.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((log[middle]?.revision ?? 0) <= revision) low = middle + 1
    else high = middle
  }
  return low
}

/** Drops the entries that a newer one of the same record has overtaken, once they are the most. */
function compact(table: Table): void {
  if (table.log.length < 2 * table.newest.size + 100) return
  table.log = table.log.filter((entry) => table.newest.get(entry.id) === entry.revision)
}

function lastId(rows: readonly Row[]): RecordId | null {
  return rows.at(-1)?.id ?? null
}
