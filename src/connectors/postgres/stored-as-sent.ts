import type { Fields, Value } from '../../contract/value.ts'
import type { Query } from './pool.ts'
import type { PostgresRows } from './rows.ts'
import type { PostgresColumn } from './schema.ts'

/**
 * The columns of a collection whose values in new rows are surely those that were sent, so that they need not come back:
 * half of what a large insert costs us is reading its answer. Only plain types, in which there is one way to spell a
 * value, and only where no trigger of the database can touch the row.
 */
export function storedAsSent(rows: PostgresRows, sent: readonly Fields[]): ReadonlySet<PostgresColumn> {
  const { table, columns, isReadBack } = rows
  if (isReadBack || table.maySwallow) return new Set()
  return new Set(
    columns.filter((column) => {
      const isPlain = plainValues(column)
      return isPlain !== null && sent.every((fields) => isPlain(fields[column.field.name]))
    }),
  )
}

type Check = (value: Value | undefined) => boolean

const INTEGER_LIMITS: Readonly<Record<string, number>> = { int2: 2 ** 15, int4: 2 ** 31, int8: 2 ** 53 }

/** Which values a column of this type stores as they are; null: none that can be told here. */
function plainValues({ type, field }: PostgresColumn): Check | null {
  if (type.name === 'bool') return (value) => value === null || typeof value === 'boolean'
  if (type.name === 'text' || type.name === 'varchar') {
    // A longer text is not always refused: spaces at its end are cut.
    const longest = field.maxLength ?? Number.POSITIVE_INFINITY
    return (value) => value === null || (typeof value === 'string' && value.length <= longest)
  }
  const limit = INTEGER_LIMITS[type.name]
  if (limit === undefined) return null
  return (value) => value === null || (Number.isInteger(value) && Math.abs(Number(value)) < limit)
}

/**
 * Whether somebody made a trigger or a policy since the catalogue was read. Asked after the write, in its transaction,
 * whose lock on the table keeps such changes away from then on.
 */
export async function hasUnknownTriggers(query: Query, { table, isReadBack }: PostgresRows): Promise<boolean> {
  if (isReadBack || table.maySwallow) return false
  const [[found = false] = []] = await query(
    `select relrowsecurity or exists (select from pg_trigger where tgrelid = $1 and not tgisinternal
       and tgname not like 'tandem\\_%') from pg_class where oid = $1`,
    [table.oid],
  )
  return found === true
}
