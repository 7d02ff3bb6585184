import { setTimeout as sleep } from 'node:timers/promises'
import type Database from 'better-sqlite3'
import { isBusy, ledgerError } from './errors.ts'

type Statement = Database.Statement<unknown[], unknown>

/** The open file: cached statements and transactions. Everything inside a transaction is synchronous. */
export interface Store {
  readonly file: string
  readonly isReadOnly: boolean
  /** Runs a statement without rows; the answer is how many rows it changed. */
  run(sql: string, ...values: unknown[]): number
  get<Row>(sql: string, ...values: unknown[]): Row | undefined
  all<Row>(sql: string, ...values: unknown[]): Row[]
  /**
   * Runs one statement for many rows, in few calls: a call costs more than the row it writes, and json_each is slower
   * than binding for more than a single column. `values` holds `width` values for each row, `shared` what precedes them.
   * The answer is how many rows were changed.
   */
  runRows(statement: RowsStatement, shared: readonly unknown[], values: unknown[]): number
  /** A consistent view over several statements. */
  read<Result>(work: () => Result): Promise<Result>
  /** One durable transaction. Runs `work` again from the start while another process holds the lock, up to a limit. */
  write<Result>(work: () => Result): Promise<Result>
  /** Changes whenever another connection, of this process or another one, commits. */
  dataVersion(): number
  close(): void
}

export interface RowsStatement {
  readonly width: number
  /** The statement around `VALUES (?, ?), …`, whose columns are column1, column2, … where it is selected from. */
  readonly sql: (rows: string) => string
}

/** Rows of one multi-row statement, in falling order: few statements to prepare, few calls for any number of rows. */
const CHUNK_ROWS = [128, 16, 1] as const
/** How long SQLite may block the event loop for a lock. */
export const BUSY_TIMEOUT_MS = 20
const RETRY_PAUSE_MS = 15

export function createStore(db: Database.Database, file: string, isReadOnly: boolean, writeLimitMs: number): Store {
  const statements = new Map<string, Statement>()
  const rowStatements = new Map<RowsStatement, Map<number, Statement>>()

  function prepared(sql: string): Statement {
    let statement = statements.get(sql)
    if (statement === undefined) {
      statement = db.prepare<unknown[], unknown>(sql)
      statements.set(sql, statement)
    }
    return statement
  }

  function rowsStatement(definition: RowsStatement, rows: number): Statement {
    let bySize = rowStatements.get(definition)
    if (bySize === undefined) {
      bySize = new Map()
      rowStatements.set(definition, bySize)
    }
    let statement = bySize.get(rows)
    if (statement === undefined) {
      const row = `(${Array(definition.width).fill('?').join(',')})`
      statement = db.prepare<unknown[], unknown>(definition.sql(`VALUES ${Array(rows).fill(row).join(',')}`))
      bySize.set(rows, statement)
    }
    return statement
  }

  function runRows(definition: RowsStatement, shared: readonly unknown[], values: unknown[]): number {
    const { width } = definition
    let changed = 0
    let at = 0
    for (const rows of CHUNK_ROWS) {
      const step = rows * width
      for (; at + step <= values.length; at += step) {
        const chunk = values.slice(at, at + step)
        changed += rowsStatement(definition, rows).run(shared.length === 0 ? chunk : [...shared, ...chunk]).changes
      }
    }
    return changed
  }

  function transact<Result>(begin: string, work: () => Result): Result {
    prepared(begin).run()
    try {
      const result = work()
      prepared('COMMIT').run()
      return result
    } catch (error) {
      if (db.inTransaction) prepared('ROLLBACK').run()
      throw error
    }
  }

  async function patiently<Result>(begin: string, work: () => Result): Promise<Result> {
    const givenUpAtMs = performance.now() + writeLimitMs
    for (;;) {
      try {
        return transact(begin, work)
      } catch (error) {
        if (!isBusy(error) || performance.now() > givenUpAtMs) throw ledgerError(error, file)
      }
      await sleep(RETRY_PAUSE_MS)
    }
  }

  return {
    file,
    isReadOnly,
    run: (sql, ...values) => prepared(sql).run(values).changes,
    get: <Row>(sql: string, ...values: unknown[]) => prepared(sql).get(values) as Row | undefined,
    all: <Row>(sql: string, ...values: unknown[]) => prepared(sql).all(values) as Row[],
    runRows,
    read: (work) => patiently('BEGIN', work),
    write: (work) => patiently('BEGIN IMMEDIATE', work),
    dataVersion: () => (prepared('PRAGMA data_version').get() as { data_version: number }).data_version,
    close: () => db.close(),
  }
}
