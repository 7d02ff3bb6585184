import type { Change } from '../../contract/change.ts'
import type { Feed, Listing, Page, ReadRequest } from '../../contract/feed.ts'
import { type CapturePosition, captureCursor, capturePosition, MAX_DONE_AT_START } from '../sql/capture-cursor.ts'
import { spelledId } from '../sql/composite-id.ts'
import { type Range, toRanges } from '../sql/sequence-ranges.ts'
import { captureNames } from './capture-schema.ts'
import type { Query, Stored } from './pool.ts'
import { forgettingWhenChanged, idAfter, idAmong, idOf, type MysqlContext, type MysqlRows, recordsOf } from './rows.ts'
import { registeredConsumer } from './triggers.ts'

/** Whose registration the cursor of a collection without triggers belongs to: nobody's. */
const NO_CONSUMER = 0

/** So many ranges of notes are deleted with one statement. */
const RANGES_AT_ONCE = 200

/**
 * The feed of captured changes, or with `capture: none` of the table's first state only. The server can notify nobody, so
 * there is nothing to watch.
 */
export function mysqlFeed(context: MysqlContext): Feed {
  const { connection, subject } = context
  return {
    read: (request, signal) =>
      forgettingWhenChanged(context, async () => {
        await discardDone(context, request, signal)
        return connection.snapshot(subject, signal, (query) => readPage(context, query, request))
      }),
    list: (after, limit, signal) =>
      forgettingWhenChanged(context, () =>
        connection.snapshot(subject, signal, (query) => listPage(context, query, after, limit)),
      ),
  }
}

/**
 * Deletes the notes that a stored page covered, number by number: notes are numbered as they are written and seen as they
 * are committed, so one that lies between two of them may have become visible since.
 */
async function discardDone(context: MysqlContext, request: ReadRequest, signal: AbortSignal): Promise<void> {
  if (context.spec.capture !== 'triggers' || request.cursor === null) return
  const { connection, subject } = context
  await connection.run(subject, signal, async (query) => {
    const { table } = await context.rows(query)
    const consumer = await registeredConsumer(context, query, table)
    const position = capturePosition(request.cursor, consumer)
    if (position.phase === 'snapshot') return
    const { changes } = captureNames(connection)
    for (let start = 0; start < position.done.length; start += RANGES_AT_ONCE) {
      const part = position.done.slice(start, start + RANGES_AT_ONCE)
      const among = part.map(([first, last]) => `seq between ${first} and ${last}`)
      await query.run(`delete from ${changes} where consumer = ${consumer} and (${among.join(' or ')})`)
    }
  })
}

async function readPage(context: MysqlContext, query: Query, request: ReadRequest): Promise<Page> {
  const rows = await context.rows(query)
  const isCaptured = context.spec.capture === 'triggers'
  const consumer = isCaptured ? await registeredConsumer(context, query, rows.table) : NO_CONSUMER
  const position = capturePosition(request.cursor, consumer)
  if (position.phase === 'snapshot') return snapshotPage(context, query, rows, position, request.limit)
  if (!isCaptured) return { changes: [], cursor: captureCursor(position), caughtUp: true }
  return changesPage(context, query, rows, consumer, request.limit)
}

/** The table in pages by id. After the last one the reader goes on with what the triggers noted meanwhile. */
async function snapshotPage(
  context: MysqlContext,
  query: Query,
  rows: MysqlRows,
  position: CapturePosition & { phase: 'snapshot' },
  limit: number,
): Promise<Page> {
  const { consumer, after } = position
  const isFirst = after === null && consumer !== NO_CONSUMER
  const done = isFirst ? await notesBefore(context, query, consumer) : position.done
  const found = await pageById(query, rows, after, limit)
  const last = found.at(-1)
  const isLast = found.length < limit || last === undefined
  const next: CapturePosition = isLast
    ? { phase: 'changes', consumer, done }
    : { phase: 'snapshot', consumer, after: idOf(rows.table, last), done }
  const states = await recordsOf(query, rows, found)
  return {
    changes: states.map((state) => ({ kind: 'state', state })),
    cursor: captureCursor(next),
    caughtUp: isLast && consumer === NO_CONSUMER,
  }
}

/** The notes whose changes the table already shows. Deletes are told all the same: a table does not show them. */
async function notesBefore(context: MysqlContext, query: Query, consumer: number): Promise<Range[]> {
  const { changes } = captureNames(context.connection)
  const notes = await query(
    `select seq from ${changes} where consumer = ${consumer} and op <> 'D' order by seq limit ${MAX_DONE_AT_START}`,
  )
  return toRanges(notes.map(([seq]) => Number(seq)))
}

/** The oldest visible notes with what their records look like in the same snapshot, once for each record. */
async function changesPage(
  context: MysqlContext,
  query: Query,
  rows: MysqlRows,
  consumer: number,
  limit: number,
): Promise<Page> {
  const { table } = rows
  const { changes } = captureNames(context.connection)
  const notes = await query(
    `select seq, pk, timestampdiff(microsecond, '1970-01-01', at) div 1000, writer
     from ${changes} where consumer = ${consumer} order by seq limit ${limit}`,
  )
  const latest = new Map<string, { readonly atMs: number; readonly byUs: boolean }>()
  for (const [, pk = null, at = null, writer = null] of notes) {
    const id = spelledId(pk ?? '', table.ids.length)
    // Taken out first, so that the newest note decides the record's place too.
    latest.delete(id)
    latest.set(id, { atMs: Number(at), byUs: writer === context.connection.name })
  }
  const among = idAmong(table, [...latest.keys()])
  const found =
    among === null ? [] : await query(`select ${rows.list}, ${rows.inside} from ${rows.from} where ${among}`)
  const inside = new Map(found.map((row) => [idOf(table, row), row.at(-1) === '1'] as const))
  const own = found.filter((row) => latest.has(idOf(table, row))).map((row) => row.slice(0, -1))
  const states = await recordsOf(query, rows, own, (id) => {
    const note = latest.get(id)
    return { changedAtMs: note?.atMs ?? null, byUs: note?.byUs ?? null }
  })
  const stateOf = new Map(states.map((state) => [state.id, state]))
  return {
    changes: [...latest].flatMap(([id, { atMs }]): Change[] => {
      const state = stateOf.get(id)
      if (state === undefined) return [{ kind: 'gone', id, atMs }]
      // A record that left the collection's condition is not deleted; the sweep tells the engine where it went.
      return inside.get(id) === true ? [{ kind: 'state', state }] : []
    }),
    cursor: captureCursor({ phase: 'changes', consumer, done: toRanges(notes.map(([seq]) => Number(seq))) }),
    caughtUp: notes.length < limit,
  }
}

async function listPage(context: MysqlContext, query: Query, after: string | null, limit: number): Promise<Listing> {
  const rows = await context.rows(query)
  const states = await recordsOf(query, rows, await pageById(query, rows, after, limit))
  const entries = states.map(({ id, version }) => ({ id, version }))
  return { entries, after: entries.length < limit ? null : (entries.at(-1)?.id ?? null) }
}

/** By the id's own order and index; without an offset, so that every page costs the same. */
async function pageById(
  query: Query,
  rows: MysqlRows,
  after: string | null,
  limit: number,
): Promise<readonly (readonly Stored[])[]> {
  const from = after === null ? '' : `and ${idAfter(rows.table, after)}`
  return query(
    `select ${rows.list} from ${rows.from} where ${rows.inside} ${from} order by ${rows.order} limit ${limit}`,
  )
}
