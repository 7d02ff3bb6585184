import type { Change } from '../../contract/change.ts'
import type { Feed, Listing, Page, ReadRequest } from '../../contract/feed.ts'
import { type CapturePosition, captureCursor, capturePosition, MAX_DONE_AT_START } from '../sql/capture-cursor.ts'
import { refuseAborted } from '../sql/refuse-aborted.ts'
import { type Range, toRanges } from '../sql/sequence-ranges.ts'
import { inReadTransaction } from './database.ts'
import { sqliteError } from './errors.ts'
import { idOrder, idParameters, isIdAfter } from './id.ts'
import { idText, recordOf, type SqliteContext, type SqliteRows } from './rows.ts'
import { registeredConsumer } from './triggers.ts'
import type { SqliteValue } from './values.ts'
import { watchDatabase } from './watch.ts'

/** Whose registration the cursor of a collection without triggers belongs to: nobody's. */
const NO_CONSUMER = 0

/** The feed of captured changes, or with `capture: none` of the table's first state only. */
export function sqliteFeed(context: SqliteContext): Feed {
  return {
    async read(request, signal) {
      refuseAborted(signal)
      return readPage(context, request)
    },
    async list(after, limit, signal) {
      refuseAborted(signal)
      return listPage(context, after, limit)
    },
    watch: (wake, signal) => watchDatabase(context.connection, wake, signal),
  }
}

function readPage(context: SqliteContext, request: ReadRequest): Page {
  const rows = context.rows()
  const isCaptured = context.spec.capture === 'triggers'
  const consumer = isCaptured ? registeredConsumer(context, rows.table) : NO_CONSUMER
  const position = capturePosition(request.cursor, consumer)
  if (position.phase === 'snapshot') return snapshotPage(context, rows, position, request.limit)
  if (!isCaptured) return { changes: [], cursor: captureCursor(position), caughtUp: true }
  discardDone(context, consumer, position.done)
  return changesPage(context, rows, consumer, request.limit)
}

/** The table in pages by id. After the last one the reader goes on with what the triggers noted meanwhile. */
function snapshotPage(
  context: SqliteContext,
  rows: SqliteRows,
  position: CapturePosition & { phase: 'snapshot' },
  limit: number,
): Page {
  const isFirst = position.after === null && position.consumer !== NO_CONSUMER
  const done = isFirst ? notesBefore(context, position.consumer) : position.done
  const found = pageById(context, rows, rows.list, position.after, limit)
  const last = found.at(-1)
  const isLast = found.length < limit || last === undefined
  const next: CapturePosition = isLast
    ? { phase: 'changes', consumer: position.consumer, done }
    : { ...position, after: idText(last[0] ?? null), done }
  return {
    changes: found.map((row) => ({ kind: 'state', state: recordOf(rows, row) })),
    cursor: captureCursor(next),
    caughtUp: isLast && position.consumer === NO_CONSUMER,
  }
}

/** The notes whose changes the table already shows. Deletes are told all the same: a table does not show them. */
function notesBefore(context: SqliteContext, consumer: number): Range[] {
  const notes = context.connection
    .handle()
    .prepare<[number, number], [bigint]>(
      "select seq from tandem_change where consumer = ? and op <> 'D' order by seq limit ?",
    )
    .raw(true)
    .all(consumer, MAX_DONE_AT_START)
  return toRanges(notes.map(([seq]) => Number(seq)))
}

/** Notes that a stored page covered are not needed any more. */
function discardDone(context: SqliteContext, consumer: number, done: readonly Range[]): void {
  if (done.length === 0) return
  const database = context.connection.handle()
  try {
    const remove = database.prepare('delete from tandem_change where consumer = ? and seq between ? and ?')
    const removeAll = database.transaction(() => {
      for (const [first, last] of done) remove.run(consumer, first, last)
    })
    removeAll.immediate()
  } catch (error) {
    throw sqliteError(error, 'table tandem_change')
  }
}

/** The oldest notes with what their records look like now, once for each record. */
function changesPage(context: SqliteContext, rows: SqliteRows, consumer: number, limit: number): Page {
  const database = context.connection.handle()
  const { table } = rows
  const isComposite = table.ids.length > 1
  const named = isComposite ? table.ids.map(({ sql }, index) => `${sql} as tandem_${index}, `).join('') : ''
  const isNoted = isComposite
    ? table.ids.map((_column, index) => `r.tandem_${index} = json_extract(n.pk, '$[${index}]')`).join(' and ')
    : `r.${table.id.sql} = n.pk`
  const noted = inReadTransaction(database, `changes of table ${table.name}`, () =>
    database
      .prepare<[number, number], SqliteValue[]>(
        `select n.seq, n.pk, n.at, n.writer, r.* from
           (select seq, pk, at, writer from tandem_change where consumer = ? order by seq limit ?) n
         left join (select ${rows.list}, ${named}${rows.inside} from ${table.sql}) r on ${isNoted} order by n.seq`,
      )
      .raw(true)
      .all(consumer, limit),
  )
  const changes = new Map<string, Change | null>()
  for (const [, pk = null, at = null, writer = null, ...row] of noted) {
    const id = idText(pk)
    const isThere = row[0] !== null
    // Taken out first, so that the newest note decides the record's place too.
    changes.delete(id)
    if (!isThere) changes.set(id, { kind: 'gone', id, atMs: Number(at) })
    // A record that left the collection's condition is not deleted; the sweep tells the engine where it went.
    else if (row.at(-1) !== 1n) changes.set(id, null)
    else {
      const byUs = writer === context.connection.name
      changes.set(id, { kind: 'state', state: recordOf(rows, row, { changedAtMs: Number(at), byUs }) })
    }
  }
  const done = toRanges(noted.map(([seq]) => Number(seq)))
  return {
    changes: [...changes.values()].filter((change) => change !== null),
    cursor: captureCursor({ phase: 'changes', consumer, done }),
    caughtUp: noted.length < limit,
  }
}

/** Every id with a hash of the record's fields, so that the sweep also finds changes that no trigger saw. */
function listPage(context: SqliteContext, after: string | null, limit: number): Listing {
  const rows = context.rows()
  const found = pageById(context, rows, rows.list, after, limit)
  const entries = found.map((row) => {
    const { id, version } = recordOf(rows, row)
    return { id, version }
  })
  return { entries, after: entries.length < limit ? null : (entries.at(-1)?.id ?? null) }
}

function pageById(
  context: SqliteContext,
  rows: SqliteRows,
  list: string,
  after: string | null,
  limit: number,
): SqliteValue[][] {
  const { table } = rows
  try {
    const statement = context.connection
      .handle()
      .prepare<SqliteValue[], SqliteValue[]>(
        `select ${list} from ${table.sql} where ${rows.inside} ${after === null ? '' : `and ${isIdAfter(table)}`} order by ${idOrder(table)} limit ?`,
      )
      .raw(true)
    return after === null ? statement.all(limit) : statement.all(...idParameters(table, after), limit)
  } catch (error) {
    throw sqliteError(error, `table ${table.name}`)
  }
}
