import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Database } from 'better-sqlite3'
import type { RecordId, RecordState } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { FindRequest, Sink } from '../../contract/sink.ts'
import type { Value } from '../../contract/value.ts'
import { foldText } from '../sql/fold.ts'
import { refuseAborted } from '../sql/refuse-aborted.ts'
import { applyBatch } from './apply.ts'
import { inReadTransaction, inWriteTransaction } from './database.ts'
import { sqliteError } from './errors.ts'
import { idOfRow, idOrder, idParameters, isIdAfter } from './id.ts'
import { idText, jsonList, recordOf, recordsById, type SqliteContext, type SqliteRows } from './rows.ts'
import { columnNamed, type SqliteColumn, type SqliteTable } from './schema.ts'
import { readValue, type SqliteValue, writeValue } from './values.ts'

/** So many rows are read before the rest of the daemon gets its turn. */
const ROWS_PER_TURN = 10_000
const IDS_PER_TURN = 2000

export function sqliteSink(context: SqliteContext): Sink {
  return {
    read: (ids, signal) => readRecords(context, ids, signal),
    find: (request, signal) => findRecords(context, request, signal),
    async apply(operations, signal) {
      refuseAborted(signal)
      return applyBatch(context, operations)
    },
    async reserve(field, count, signal) {
      refuseAborted(signal)
      return reserveIds(context, field, count)
    },
  }
}

async function readRecords(
  context: SqliteContext,
  ids: readonly RecordId[],
  signal: AbortSignal,
): Promise<Map<RecordId, RecordState>> {
  const records = new Map<RecordId, RecordState>()
  for (let start = 0; start < ids.length; start += IDS_PER_TURN) {
    if (start > 0) await nextTurn()
    refuseAborted(signal)
    const rows = context.rows()
    const database = context.connection.handle()
    const part = ids.slice(start, start + IDS_PER_TURN)
    const found = inReadTransaction(database, `table ${rows.table.name}`, () => recordsById(database, rows, part))
    for (const [id, record] of found) records.set(id, record)
  }
  return records
}

async function findRecords(
  context: SqliteContext,
  request: FindRequest,
  signal: AbortSignal,
): Promise<readonly RecordState[]> {
  refuseAborted(signal)
  const rows = context.rows()
  const column = columnNamed(rows.table, request.field)
  const isFolded =
    (request.fold.case || request.fold.space) && request.values.some((value) => typeof value === 'string')
  if (!isFolded) return findExact(context, rows, column, request)
  const ids = await findFolded(context, rows.table, column, request, signal)
  return [...(await readRecords(context, ids, signal)).values()]
}

function findExact(
  context: SqliteContext,
  rows: SqliteRows,
  column: SqliteColumn,
  { values, inFilter }: FindRequest,
): RecordState[] {
  const inside = inFilter ? rows.inside : '1'
  const stored = values.flatMap((value) => storable(context, column, value))
  try {
    return context.connection
      .handle()
      .prepare<[string], SqliteValue[]>(
        `select ${rows.list} from ${rows.table.sql} where ${column.sql} in (select value from json_each(?)) and ${inside}`,
      )
      .raw(true)
      .all(jsonList(stored))
      .map((row) => recordOf(rows, row))
  } catch (error) {
    throw sqliteError(error, `table ${rows.table.name}, column ${column.field.name}`)
  }
}

/** A value that the column cannot hold is in no row. */
function storable(context: SqliteContext, column: SqliteColumn, value: Value): SqliteValue[] {
  try {
    return [writeValue(column, value, context.connection.settings)]
  } catch {
    return []
  }
}

/** SQLite folds only ASCII letters, so the whole column is compared here, in turns. */
async function findFolded(
  context: SqliteContext,
  table: SqliteTable,
  column: SqliteColumn,
  request: FindRequest,
  signal: AbortSignal,
): Promise<RecordId[]> {
  const wanted = new Set(request.values.map((value) => foldText(String(value), request.fold)))
  const ids: RecordId[] = []
  let after: RecordId | null = null
  for (;;) {
    refuseAborted(signal)
    const { inside } = context.rows()
    const conditions = [request.inFilter ? inside : '1', ...(after === null ? [] : [isIdAfter(table)])]
    const found: SqliteValue[][] = context.connection
      .handle()
      .prepare<SqliteValue[], SqliteValue[]>(
        `select ${idOfRow(table, '')}, ${column.sql} from ${table.sql} where ${conditions.join(' and ')} order by ${idOrder(table)} limit ${ROWS_PER_TURN}`,
      )
      .raw(true)
      .all(...(after === null ? [] : idParameters(table, after)))
    for (const [stored = null, text = null] of found) {
      if (wanted.has(foldText(String(readValue(column, text)), request.fold))) ids.push(idText(stored))
    }
    if (found.length < ROWS_PER_TURN) return ids
    after = idText(found.at(-1)?.[0] ?? null)
    await nextTurn()
  }
}

/** Takes ids from `sqlite_sequence`, which only an AUTOINCREMENT key uses; other keys are numbered anew after a delete. */
function reserveIds(context: SqliteContext, field: string, count: number): Value[] | null {
  const { table } = context.rows()
  if (!table.isAutoincrement || table.id.field.name !== field) return null
  const database = context.connection.handle()
  return inWriteTransaction(database, `numbers of table ${table.name}`, () => takeNumbers(database, table.name, count))
}

function takeNumbers(database: Database, table: string, count: number): Value[] {
  const row = database.prepare<[string], { seq: bigint }>('select seq from sqlite_sequence where name = ?').get(table)
  const first = Number(row?.seq ?? 0n) + 1
  const last = first + count - 1
  if (!Number.isSafeInteger(last)) throw new SyncError('invalid', `table ${table} has no numbers left below 2^53`)
  const statement =
    row === undefined
      ? 'insert into sqlite_sequence (seq, name) values (?, ?)'
      : 'update sqlite_sequence set seq = ? where name = ?'
  database.prepare(statement).run(BigInt(last), table)
  return Array.from({ length: count }, (_none, index) => first + index)
}
