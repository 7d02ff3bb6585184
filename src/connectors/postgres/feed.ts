import type { Change } from '../../contract/change.ts'
import type { Feed, Listing, Page, ReadRequest } from '../../contract/feed.ts'
import type { Value } from '../../contract/value.ts'
import { type CapturePosition, captureCursor, capturePosition, MAX_DONE_AT_START } from '../sql/capture-cursor.ts'
import { type Range, toRanges } from '../sql/sequence-ranges.ts'
import { captureNames } from './capture-schema.ts'
import { withLines, withLineVersions } from './children.ts'
import { idOrder, isId, isIdAfter } from './id.ts'
import type { Query } from './pool.ts'
import { forgettingWhenChanged, type PostgresContext, type PostgresRows, recordOf, versionText } from './rows.ts'
import { registeredConsumer } from './triggers.ts'
import { watchTable } from './watch.ts'

/** Whose registration the cursor of a collection without triggers belongs to: nobody's. */
const NO_CONSUMER = 0

/** The feed of captured changes, or with `capture: none` of the table's first state only. */
export function postgresFeed(context: PostgresContext): Feed {
  const run = <T>(signal: AbortSignal, work: (query: Query) => Promise<T>): Promise<T> =>
    forgettingWhenChanged(context, () => context.connection.run(context.subject, signal, work))
  const feed: Feed = {
    read: (request, signal) => run(signal, (query) => readWhole(context, query, request)),
    list: (after, limit, signal) => run(signal, (query) => listPage(context, query, after, limit)),
  }
  if (context.spec.capture !== 'triggers') return feed
  return { ...feed, watch: (wake, signal) => watchTable(context, wake, signal) }
}

/** A page with the lines of its records. They may be newer than the page tells: then they are told once more. */
async function readWhole(context: PostgresContext, query: Query, request: ReadRequest): Promise<Page> {
  const page = await readPage(context, query, request)
  const { children } = await context.rows(query)
  if (children.length === 0) return page
  const states = page.changes.flatMap((change) => (change.kind === 'state' ? [change.state] : []))
  const whole = new Map((await withLines(query, children, states)).map((state) => [state.id, state]))
  const changes = page.changes.map((change): Change => {
    const state = change.kind === 'state' ? whole.get(change.state.id) : undefined
    return state === undefined ? change : { kind: 'state', state }
  })
  return { ...page, changes }
}

async function readPage(context: PostgresContext, query: Query, request: ReadRequest): Promise<Page> {
  const rows = await context.rows(query)
  const isCaptured = context.spec.capture === 'triggers'
  const consumer = isCaptured ? await registeredConsumer(context, query, rows.table) : NO_CONSUMER
  const position = capturePosition(request.cursor, consumer)
  if (position.phase === 'snapshot') return snapshotPage(context, query, rows, position, request.limit)
  if (!isCaptured) return { changes: [], cursor: captureCursor(position), caughtUp: true }
  await discardDone(context, query, consumer, position.done)
  return changesPage(context, query, rows, consumer, request.limit)
}

/** The table in pages by id. After the last one the reader goes on with what the triggers noted meanwhile. */
async function snapshotPage(
  context: PostgresContext,
  query: Query,
  rows: PostgresRows,
  position: CapturePosition & { phase: 'snapshot' },
  limit: number,
): Promise<Page> {
  const { consumer, after } = position
  const isFirst = after === null && consumer !== NO_CONSUMER
  // In this order: what a note that is visible here tells of, the page's own later snapshot shows.
  const done = isFirst ? await notesBefore(context, query, consumer) : position.done
  const found = await pageById(query, rows, rows.list, after, limit)
  const last = found.at(-1)
  const isLast = found.length < limit || last === undefined
  const next: CapturePosition = isLast
    ? { phase: 'changes', consumer, done }
    : { phase: 'snapshot', consumer, after: String(last[0]), done }
  return {
    changes: found.map((row) => ({ kind: 'state', state: recordOf(rows, row) })),
    cursor: captureCursor(next),
    caughtUp: isLast && consumer === NO_CONSUMER,
  }
}

/** The notes whose changes the table already shows. Deletes are told all the same: a table does not show them. */
async function notesBefore(context: PostgresContext, query: Query, consumer: number): Promise<Range[]> {
  const { changes } = captureNames(context.connection.settings.captureSchema)
  const notes = await query(`select seq from ${changes} where consumer = $1 and op <> 'D' order by seq limit $2`, [
    consumer,
    MAX_DONE_AT_START,
  ])
  return toRanges(notes.map(([seq]) => Number(seq)))
}

/**
 * Deletes the notes that a stored page covered, number by number: one that lies between two of them may have become
 * visible since.
 */
async function discardDone(
  context: PostgresContext,
  query: Query,
  consumer: number,
  done: readonly Range[],
): Promise<void> {
  if (done.length === 0) return
  const { changes } = captureNames(context.connection.settings.captureSchema)
  await query(
    `delete from ${changes} n using unnest($2::int8[], $3::int8[]) as r (first, last)
     where n.consumer = $1 and n.seq between r.first and r.last`,
    [consumer, done.map(([first]) => first), done.map(([, last]) => last)],
  )
}

/** The oldest visible notes with what their records look like in the same snapshot, once for each record. */
async function changesPage(
  context: PostgresContext,
  query: Query,
  rows: PostgresRows,
  consumer: number,
  limit: number,
): Promise<Page> {
  const { changes } = captureNames(context.connection.settings.captureSchema)
  const { table } = rows
  const found = await query(
    `with tandem_noted as materialized (
       select seq, pk, at, writer from ${changes} where consumer = $1 order by seq limit $2
     ), tandem_latest as materialized (
       select pk, string_agg(seq::text, ' ') as seqs, max(seq) as latest,
         (array_agg(at order by seq desc))[1] as at, (array_agg(writer order by seq desc))[1] as writer
       from tandem_noted group by pk
     )
     select tandem_latest.pk, seqs, (extract(epoch from at) * 1000)::int8, writer, tandem_row.*
     from tandem_latest left join lateral (
       select ${rows.inside} as inside, ${rows.list} from ${rows.from} where ${isId(table, `tandem_latest.pk::${table.id.type.sql}`)}
     ) as tandem_row on true order by latest`,
    [consumer, limit],
  )
  const seqs = found.flatMap(([, seqText]) => String(seqText).split(' ').map(Number))
  return {
    changes: found.flatMap((row) => changeOf(context, rows, row)),
    cursor: captureCursor({ phase: 'changes', consumer, done: toRanges(seqs) }),
    caughtUp: seqs.length < limit,
  }
}

function changeOf(context: PostgresContext, rows: PostgresRows, row: readonly Value[]): Change[] {
  const [pk = null, , at = null, writer = null, inside = null, id = null] = row
  const atMs = Number(at)
  if (id === null) return [{ kind: 'gone', id: String(pk), atMs }]
  // A record that left the collection's condition is not deleted; the sweep tells the engine where it went.
  if (inside !== true) return []
  const byUs = writer === context.connection.name
  return [{ kind: 'state', state: recordOf(rows, row, { changedAtMs: atMs, byUs }, 5) }]
}

async function listPage(context: PostgresContext, query: Query, after: string | null, limit: number): Promise<Listing> {
  const rows = await context.rows(query)
  const found = await pageById(query, rows, rows.shortList, after, limit)
  const own = found.map(([id, version]) => ({ id: String(id), version: versionText(version) }))
  const entries = await withLineVersions(query, rows.children, own)
  return { entries, after: entries.length < limit ? null : (entries.at(-1)?.id ?? null) }
}

/** By the id's own order and index; without an offset, so that every page costs the same. */
async function pageById(
  query: Query,
  rows: PostgresRows,
  list: string,
  after: string | null,
  limit: number,
): Promise<readonly (readonly Value[])[]> {
  const from = after === null ? '' : `and ${isIdAfter(rows.table, '$2')}`
  return query(
    `select ${list} from ${rows.from} where ${rows.inside} ${from} order by ${idOrder(rows.table)} limit $1`,
    after === null ? [limit] : [limit, after],
  )
}
