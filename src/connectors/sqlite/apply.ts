import { isDeepStrictEqual } from 'node:util'
import Database from 'better-sqlite3'
import type { RecordId } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Operation, Outcome } from '../../contract/sink.ts'
import type { Fields } from '../../contract/value.ts'
import { isSameLines } from '../line-changes.ts'
import { isSameRecord } from '../sql/unique-conflict.ts'
import { writeLines } from './children.ts'
import { inWriteTransaction } from './database.ts'
import { sqliteError } from './errors.ts'
import { idOfRow, idParameters, isId } from './id.ts'
import { idText, recordsById, type SqliteContext, type SqliteRows, storedId } from './rows.ts'
import { columnNamed, type SqliteColumn, type SqliteTable } from './schema.ts'
import { hasChangeTable } from './triggers.ts'
import { readValue, type SqliteValue, writeValue } from './values.ts'

/** An operation's outcome, before the written records are read back. */
type Step =
  | Exclude<Outcome, { kind: 'done' }>
  | { readonly kind: 'written'; readonly id: RecordId }
  | { kind: 'removed' }

/** One transaction's means. */
interface Batch {
  readonly context: SqliteContext
  readonly database: Database.Database
  readonly rows: SqliteRows
  /** Prepared once for each set of fields. */
  readonly statements: Map<string, Database.Statement<SqliteValue[], SqliteValue[]>>
}

/**
 * Applies the operations one by one in one transaction: a statement that is refused undoes only itself. What was written
 * is read back at the end, after every trigger has run.
 */
export function applyBatch(context: SqliteContext, operations: readonly Operation[]): Outcome[] {
  const database = context.connection.handle()
  const rows = context.rows()
  const batch: Batch = { context, database, rows, statements: new Map() }
  return inWriteTransaction(database, `table ${rows.table.name}`, () => {
    const lastChange = hasChangeTable(database) ? newestChange(database) : null
    const steps = operations.map((operation) => attempt(batch, operation))
    // The write lock is ours since before `lastChange` was read, so every later note is of our own writes.
    if (lastChange !== null) {
      database.prepare('update tandem_change set writer = ? where seq > ?').run(context.connection.name, lastChange)
    }
    return readBack(batch, steps)
  })
}

function newestChange(database: Database.Database): bigint {
  const row = database.prepare<[], { seq: bigint | null }>('select max(seq) as seq from tandem_change').get()
  return row?.seq ?? 0n
}

function readBack(batch: Batch, steps: readonly Step[]): Outcome[] {
  const ids = steps.flatMap((step) => (step.kind === 'written' ? [step.id] : []))
  const notes = { byUs: true, changedAtMs: Date.now() }
  const records = recordsById(batch.database, batch.rows, ids, notes)
  return steps.map((step) => {
    if (step.kind === 'removed') return { kind: 'done', record: null, isOurs: true }
    if (step.kind !== 'written') return step
    return { kind: 'done', record: records.get(step.id) ?? null, isOurs: true }
  })
}

/** One operation; what SQLite refuses of it becomes its outcome, unless that ended the whole transaction. */
function attempt(batch: Batch, operation: Operation): Step {
  try {
    return batch.rows.children.length === 0 ? applyToRow(batch, operation) : applyWithLines(batch, operation)
  } catch (error) {
    const refusal = sqliteError(error, `table ${batch.rows.table.name}`)
    if (!batch.database.inTransaction || refusal.disposition !== 'park') throw refusal
    return { kind: 'rejected', error: refusal }
  }
}

function applyToRow(batch: Batch, operation: Operation): Step {
  if (operation.kind === 'create') return createRow(batch, operation.fields)
  if (operation.kind === 'remove') return removeRow(batch, operation.id)
  return updateRow(batch, operation.id, operation.fields, operation.expected)
}

/** A record and its lines: both or neither. */
function applyWithLines(batch: Batch, operation: Operation): Step {
  const { database } = batch
  database.exec('savepoint tandem_lines')
  let isDone = false
  try {
    const step = writeRecordAndLines(batch, operation)
    isDone = step.kind === 'written' || step.kind === 'removed'
    return step
  } finally {
    // What ended the whole transaction ended this as well.
    if (database.inTransaction) {
      if (!isDone) database.exec('rollback to tandem_lines')
      database.exec('release tandem_lines')
    }
  }
}

function writeRecordAndLines(batch: Batch, operation: Operation): Step {
  const { children, table } = batch.rows
  const { settings } = batch.context.connection
  const run = (sql: string, values: readonly SqliteValue[]): void => void statement(batch, sql, false).run(...values)
  if (operation.kind === 'remove') {
    const id = storedId(table, operation.id)
    for (const child of children) writeLines(child, id, child.lines(id), [], settings, run)
    return removeRow(batch, operation.id)
  }
  const names = new Set(children.map(({ field }) => field))
  const own = (fields: Fields): Fields =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => !names.has(name)))
  const written = children.filter(({ field }) => operation.fields[field] !== undefined)
  if (operation.kind === 'create') {
    const step = createRow(batch, own(operation.fields))
    if (step.kind !== 'written') return step
    const id = storedId(table, step.id)
    for (const child of written) writeLines(child, id, [], operation.fields[child.field] ?? null, settings, run)
    return step
  }
  const { expected } = operation
  const id = storedId(table, operation.id)
  const before = new Map(written.map((child) => [child, child.lines(id)]))
  for (const [child, lines] of before) {
    const known = expected?.[child.field]
    const key = child.key.map(({ field }) => field.name)
    if (known !== undefined && !isSameLines(key, known, lines)) return { kind: 'stale' }
  }
  const step = updateRow(batch, operation.id, own(operation.fields), expected === null ? null : own(expected))
  if (step.kind !== 'written') return step
  for (const [child, lines] of before)
    writeLines(child, id, lines, operation.fields[child.field] ?? null, settings, run)
  return step
}

function createRow(batch: Batch, fields: Fields): Step {
  const { table } = batch.rows
  const columns = columnsOf(batch, fields)
  const names = columns.map((column) => column.sql).join(', ')
  const values = columns.length === 0 ? 'default values' : `(${names}) values (${columns.map(() => '?').join(', ')})`
  const insert = statement(batch, `insert into ${table.sql} ${values} returning ${idOfRow(table, '')}`)
  try {
    const [row] = insert.all(...storedValues(batch, columns, fields))
    if (row !== undefined) return { kind: 'written', id: idText(row[0] ?? null) }
    return swallowed(table)
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    const met = table.uniques.filter((unique) => isTaken(batch, unique, fields))
    if (
      isSameRecord(
        met,
        table.uniques,
        batch.context.spec.key,
        table.ids.map(({ field }) => field.name),
      )
    )
      return { kind: 'exists' }
    throw error
  }
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Database.SqliteError && /_(PRIMARYKEY|UNIQUE|ROWID)$/.test(error.code)
}

function isTaken(batch: Batch, unique: readonly string[], fields: Fields): boolean {
  if (!unique.every((name) => name in fields)) return false
  const columns = unique.map((name) => columnNamed(batch.rows.table, name))
  const conditions = columns.map((column) => `${column.sql} = ?`).join(' and ')
  const search = statement(batch, `select 1 from ${batch.rows.table.sql} where ${conditions}`)
  return search.all(...storedValues(batch, columns, fields)).length > 0
}

function updateRow(batch: Batch, id: RecordId, fields: Fields, expected: Fields | null): Step {
  const { table } = batch.rows
  const stored = idParameters(table, id)
  const columns = columnsOf(batch, fields)
  const guarded = expected === null ? [] : columnsOf(batch, expected)
  const list = [idOfRow(table, ''), ...guarded.map((column) => column.sql)].join(', ')
  const [current] = statement(batch, `select ${list} from ${table.sql} where ${isId(table)}`).all(...stored)
  if (current === undefined) return { kind: 'gone' }
  // Compared as contract values: one moment may be stored in several spellings.
  const isExpected = guarded.every((column, index) =>
    isDeepStrictEqual(readValue(column, current[index + 1] ?? null), expected?.[column.field.name] ?? null),
  )
  if (!isExpected) return { kind: 'stale' }
  if (columns.length === 0) return { kind: 'written', id }
  const set = columns.map((column) => `${column.sql} = ?`).join(', ')
  const update = statement(batch, `update ${table.sql} set ${set} where ${isId(table)} returning ${idOfRow(table, '')}`)
  const [written] = update.all(...storedValues(batch, columns, fields), ...stored)
  return written === undefined ? swallowed(table) : { kind: 'written', id: idText(written[0] ?? null) }
}

function removeRow(batch: Batch, id: RecordId): Step {
  const { table } = batch.rows
  const stored = idParameters(table, id)
  const removed = statement(batch, `delete from ${table.sql} where ${isId(table)} returning 1`).all(...stored)
  if (removed.length > 0) return { kind: 'removed' }
  const [left] = statement(batch, `select 1 from ${table.sql} where ${isId(table)}`).all(...stored)
  return left === undefined ? { kind: 'gone' } : swallowed(table)
}

/** The statement ran and did nothing: a trigger ignored the row. */
function swallowed(table: SqliteTable): Step {
  const error = new SyncError('constraint', `table ${table.name}: a trigger of the database ignored the write`, {
    hint: 'Look for RAISE(IGNORE) in the triggers of the table.',
  })
  return { kind: 'rejected', error }
}

function columnsOf(batch: Batch, fields: Fields): SqliteColumn[] {
  return Object.keys(fields).map((name) => columnNamed(batch.rows.table, name))
}

function storedValues(batch: Batch, columns: readonly SqliteColumn[], fields: Fields): SqliteValue[] {
  const { settings } = batch.context.connection
  return columns.map((column) => writeValue(column, fields[column.field.name] ?? null, settings))
}

function statement(batch: Batch, sql: string, returnsRows = true): Database.Statement<SqliteValue[], SqliteValue[]> {
  const known = batch.statements.get(sql)
  if (known !== undefined) return known
  const bare = batch.database.prepare<SqliteValue[], SqliteValue[]>(sql)
  const prepared = returnsRows ? bare.raw(true) : bare
  batch.statements.set(sql, prepared)
  return prepared
}
