import type { SyncError } from '../../contract/error.ts'
import { isConnectionLoss, mysqlError } from './errors.ts'
import type { Query } from './pool.ts'
import type { MysqlTable } from './schema.ts'

/** So many characters go to the server at once; it takes 16 million by default. */
const TEXT_LIMIT = 500_000

export interface Rejected {
  readonly kind: 'rejected'
  readonly error: SyncError
}

/** What the server refused of one record. @throws the error where it is about more than that. */
export function asRejection(error: unknown, table: MysqlTable): Rejected {
  const refusal = mysqlError(error, `table ${table.name}`)
  if (refusal.disposition !== 'park' || isConnectionLoss(error) || isConnectionLoss(refusal.cause)) throw refusal
  return { kind: 'rejected', error: refusal }
}

/**
 * Runs statements that hurt each other in nothing, many in one text. Gives those that were refused, by their index. Where
 * one of a text is, what the text has done is undone and its statements are run one by one.
 */
export async function runEach(
  query: Query,
  table: MysqlTable,
  statements: readonly string[],
): Promise<ReadonlyMap<number, Rejected>> {
  const failures = new Map<number, Rejected>()
  let start = 0
  while (start < statements.length) {
    let length = 0
    let end = start
    while (end < statements.length && (end === start || length < TEXT_LIMIT)) length += statements[end++]?.length ?? 0
    const part = statements.slice(start, end)
    if (part.length === 1 || !(await runTogether(query, table, part))) {
      for (const [index, sql] of part.entries()) {
        const failure = await runOne(query, table, sql)
        if (failure !== null) failures.set(start + index, failure)
      }
    }
    start = end
  }
  return failures
}

/** False: one was refused, and nothing of them is done. */
async function runTogether(query: Query, table: MysqlTable, statements: readonly string[]): Promise<boolean> {
  await query.run('savepoint tandem_together')
  try {
    await query.run(statements.join(';\n'))
    return true
  } catch (error) {
    asRejection(error, table)
    await query.run('rollback to savepoint tandem_together')
    return false
  }
}

async function runOne(query: Query, table: MysqlTable, sql: string): Promise<Rejected | null> {
  try {
    await query.run(sql)
    return null
  } catch (error) {
    return asRejection(error, table)
  }
}
