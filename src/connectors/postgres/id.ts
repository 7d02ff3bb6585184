import type { RecordId } from '../../contract/change.ts'
import { partsOfId } from '../sql/composite-id.ts'
import type { PostgresColumn, PostgresTable } from './schema.ts'
import { isCastable } from './values.ts'

/**
 * What stands for the id where several columns name a record: a text that is the JSON array of theirs. It is no column of
 * the table, so it is written nowhere.
 */
export function compositeColumn(columns: readonly PostgresColumn[]): PostgresColumn {
  const name = columns.map(({ field }) => field.name).join(', ')
  return {
    field: {
      name,
      type: 'text',
      isRequired: false,
      isReadOnly: true,
      isAssigned: true,
      relation: null,
      maxLength: null,
      scale: null,
      options: null,
    },
    sql: columns.map(({ sql }) => sql).join(', '),
    type: { name: 'text', sql: 'text', kind: 'b', category: 'S' },
    source: null,
    isIdentityAlways: false,
  }
}

/** The id of a row, in its column's type; of several columns, the text that names it. `row`: "new.", an alias with a dot, or "". */
export function idOfRow({ ids }: Pick<PostgresTable, 'ids'>, row: string): string {
  if (ids.length === 1) return `${row}${ids[0]?.sql}`
  return `('[' || ${ids.map(({ sql }) => `to_json(${row}${sql}::text)::text`).join(" || ',' || ")} || ']')`
}

/** A condition that a row has the id that `input` gives: in the column's type, or the text of several. */
export function isId(table: PostgresTable, input: string): string {
  if (table.ids.length === 1) return `${idOfRow(table, `${table.alias}.`)} = ${input}`
  const parts = partsOf(table, input)
  return table.ids.map(({ sql }, index) => `${table.alias}.${sql} = ${parts[index]}`).join(' and ')
}

/** A condition that the id is one of a parameter's texts, so that the id's index is used. */
export function isIdAmong(table: PostgresTable, parameter: string): string {
  if (table.ids.length === 1) {
    return `${idOfRow(table, `${table.alias}.`)} = any (${parameter}::text[]::${table.id.type.sql}[])`
  }
  const parts = partsOf(table, 'tandem_ids')
  return `(${idOrder(table)}) in (select ${parts.join(', ')} from unnest(${parameter}::text[]) as tandem_ids)`
}

/** A condition that a row comes after the one whose id is the parameter's text, in `idOrder`. */
export function isIdAfter(table: PostgresTable, parameter: string): string {
  if (table.ids.length === 1) return `${idOrder(table)} > ${parameter}::text::${table.id.type.sql}`
  return `(${idOrder(table)}) > (${partsOf(table, `${parameter}::text`).join(', ')})`
}

/** For `order by`: the id's own order and index. */
export function idOrder({ ids, alias }: PostgresTable): string {
  return ids.map(({ sql }) => `${alias}.${sql}`).join(', ')
}

function partsOf({ ids }: PostgresTable, text: string): string[] {
  return ids.map(({ type }, index) => `(${text}::json ->> ${index})::${type.sql}`)
}

/** Whether a row can have this id, as far as can be told here. */
export function isPossibleId({ ids }: PostgresTable, id: RecordId): boolean {
  const parts = partsOfId(id, ids.length)
  return parts !== null && ids.every(({ type }, index) => isCastable(type, parts[index] ?? '') ?? true)
}
