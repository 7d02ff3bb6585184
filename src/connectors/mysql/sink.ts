import type { RecordState } from '../../contract/change.ts'
import type { FindRequest, Sink } from '../../contract/sink.ts'
import type { Value } from '../../contract/value.ts'
import { foldText } from '../sql/fold.ts'
import { applyBatch } from './apply.ts'
import { literal } from './literal.ts'
import type { Query } from './pool.ts'
import { forgettingWhenChanged, type MysqlContext, type MysqlRows, recordsById, recordsOf } from './rows.ts'
import { columnNamed, type MysqlColumn } from './schema.ts'
import { isCastable, readValue, writeValue } from './values.ts'

export function mysqlSink(context: MysqlContext): Sink {
  const { connection, subject } = context
  return {
    read: (ids, signal) =>
      forgettingWhenChanged(context, () =>
        connection.snapshot(subject, signal, async (query) => recordsById(query, await context.rows(query), ids)),
      ),
    find: (request, signal) =>
      forgettingWhenChanged(context, () =>
        connection.snapshot(subject, signal, async (query) => findRecords(query, await context.rows(query), request)),
      ),
    apply: (operations, signal) =>
      forgettingWhenChanged(context, async () =>
        operations.length === 0
          ? []
          : connection.transact(subject, signal, (query) => applyBatch(context, query, operations)),
      ),
    reserve: (field, count, signal) =>
      forgettingWhenChanged(context, () =>
        connection.run(subject, signal, async (query) => {
          const { source, type } = columnNamed((await context.rows(query)).table, field)
          if (source === null) return null
          const taken = await query(Array.from({ length: count }, () => `select ${source}`).join(' union all '))
          return taken.map(([value = null]) => readValue(type, value))
        }),
      ),
  }
}

async function findRecords(query: Query, rows: MysqlRows, request: FindRequest): Promise<readonly RecordState[]> {
  const column = columnNamed(rows.table, request.field)
  const isFolded = (request.fold.case || request.fold.space) && column.field.type === 'text'
  const condition = isFolded ? foldedCondition(rows, column, request) : exactCondition(rows, column, request.values)
  if (condition === null) return []
  const inFilter = request.inFilter === true ? ` and ${rows.inside}` : ''
  return recordsOf(query, rows, await query(`select ${rows.list} from ${rows.from} where ${condition}${inFilter}`))
}

/** Compared as the column compares, so that its index is used: it finds too many where capitals do not count there. */
function exactCondition(rows: MysqlRows, column: MysqlColumn, values: readonly Value[]): string | null {
  const literals = values.flatMap((value) => {
    const isText = typeof value === 'string'
    if (value === null || (isText && !isCastable(column.type, value))) return []
    try {
      return [literal(writeValue(column, value))]
    } catch {
      // A value that the column cannot hold is in no row.
      return []
    }
  })
  return literals.length === 0 ? null : `${rows.table.alias}.${column.sql} in (${literals.join(', ')})`
}

/** White space as Unicode has it. The server folds letters in its own way, so each text is asked for in both spellings. */
function foldedCondition(rows: MysqlRows, column: MysqlColumn, { values, fold }: FindRequest): string | null {
  const texts = values.flatMap((value) => (value === null || typeof value === 'object' ? [] : [String(value)]))
  if (texts.length === 0) return null
  const spellings = [...new Set(texts.flatMap((text) => [text, foldText(text, fold)]))]
  const folded = foldSql(`convert(${rows.table.alias}.${column.sql} using utf8mb4)`, fold)
  const wanted = spellings.map((text) => foldSql(literal(text), fold))
  return `${folded} collate utf8mb4_bin in (${wanted.join(', ')})`
}

function foldSql(text: string, fold: FindRequest['fold']): string {
  const space =
    '[[:space:]\\x{00a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}]+'
  const spaced = fold.space ? `trim(regexp_replace(${text}, ${literal(space)}, ' '))` : text
  return fold.case ? `lower(${spaced})` : spaced
}
