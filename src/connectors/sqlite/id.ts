import type { RecordId } from '../../contract/change.ts'
import { partsOfId } from '../sql/composite-id.ts'
import type { SqliteColumn, SqliteTable } from './schema.ts'
import type { SqliteValue } from './values.ts'

/** The name of the id in the select list, where it is no column. */
export const COMPOSITE_ID = 'tandem_id'

/** What stands for the id where several columns name a record: the JSON array of their texts. It is written nowhere. */
export function compositeColumn(columns: readonly SqliteColumn[]): SqliteColumn {
  return {
    field: {
      name: columns.map(({ field }) => field.name).join(', '),
      type: 'text',
      isRequired: false,
      isReadOnly: true,
      isAssigned: true,
      relation: null,
      maxLength: null,
      scale: null,
      options: null,
    },
    sql: COMPOSITE_ID,
  }
}

/** The id of a row, as it is read. `row`: "new." or "". */
export function idOfRow({ ids }: SqliteTable, row: string): string {
  if (ids.length === 1) return `${row}${ids[0]?.sql}`
  return `json_array(${ids.map(({ sql }) => `cast(${row}${sql} as text)`).join(', ')})`
}

/** A condition that a row has the id of `idParameters`. */
export function isId({ ids }: SqliteTable): string {
  return ids.map(({ sql }) => `${sql} = ?`).join(' and ')
}

/** A condition that a row comes after the one with the id of `idParameters`, in `idOrder`. */
export function isIdAfter(table: SqliteTable, columns = idOrder(table)): string {
  return table.ids.length === 1 ? `${columns} > ?` : `(${columns}) > (${table.ids.map(() => '?').join(', ')})`
}

/** For `order by`: the id's own order and index. `before`: written before each column. */
export function idOrder({ ids }: SqliteTable, before = ''): string {
  return ids.map(({ sql }) => before + sql).join(', ')
}

/** The id as its columns store it; null where no row can have it. */
export function idParameters({ ids }: SqliteTable, id: RecordId): readonly (SqliteValue | null)[] {
  const parts = partsOfId(id, ids.length)
  return ids.map((column, index) => (parts === null ? null : storedPart(column, parts[index] ?? '')))
}

function storedPart(column: SqliteColumn, text: string): SqliteValue | null {
  if (column.field.type === 'text') return text
  if (!/^-?\d+$/.test(text)) return column.field.type === 'integer' ? null : text
  const integer = BigInt(text)
  return BigInt.asIntN(64, integer) === integer ? integer : null
}

/** A condition that the id is one of those in the JSON text of `idList`. */
export function isIdAmong(table: SqliteTable): string {
  if (table.ids.length === 1) return `${idOrder(table)} in (select value from json_each(?))`
  const parts = table.ids.map((_column, index) => `json_extract(value, '$[${index}]')`)
  return `(${idOrder(table)}) in (select ${parts.join(', ')} from json_each(?))`
}

/** The ids as JSON text, as their columns store them; those that no row can have are left out. */
export function idList(table: SqliteTable, ids: readonly RecordId[]): string {
  const stored = ids.map((id) => idParameters(table, id)).filter((parts) => !parts.includes(null))
  const texts = stored.map((parts) => {
    const each = parts.map((part) => (typeof part === 'bigint' ? part.toString() : JSON.stringify(part)))
    return each.length === 1 ? each[0] : `[${each.join(',')}]`
  })
  return `[${texts.join(',')}]`
}
