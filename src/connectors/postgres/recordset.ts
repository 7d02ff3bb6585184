import type { Value } from '../../contract/value.ts'
import { quoteIdentifier } from '../sql/identifier.ts'
import type { PostgresColumn } from './schema.ts'
import { inputType } from './values.ts'

/** A column of the rows that are sent with a statement: its name there, and the table's column that it is for. */
export interface InputColumn {
  readonly name: string
  readonly column: PostgresColumn
}

export function inputColumns(prefix: string, columns: readonly PostgresColumn[]): InputColumn[] {
  return columns.map((column, index) => ({ name: `${prefix}${index}`, column }))
}

/** Rows as one JSON parameter: the fastest way to send many, and every type's own input function reads its values. */
export function recordset(parameter: string, alias: string, columns: readonly InputColumn[]): string {
  const typed = columns.map(({ name, column }) => `${name} ${inputType(column.type)}`)
  return `json_to_recordset(${parameter}::text::json) as ${quoteIdentifier(alias)} (place int4${typed.map((text) => `, ${text}`).join('')})`
}

/** The JSON text of rows, each with its place and its values in the order of `names`. */
export function recordsetText(
  names: readonly string[],
  rows: readonly { readonly place: number; readonly values: readonly Value[] }[],
): string {
  return JSON.stringify(
    rows.map(({ place, values }) => {
      const row: Record<string, Value> = { place }
      for (let index = 0; index < names.length; index++) row[names[index] ?? ''] = values[index] ?? null
      return row
    }),
  )
}

/**
 * Rows whose JSON (parameter 1) carries the columns' own names, so that records go out as they are, with their place
 * among each other, and as texts their ids (parameter 2, a JSON list) where `hasIds`.
 */
export function namedRows(columns: readonly InputColumn[], hasIds: boolean): string {
  // Without a column there is nothing to say about a row but that it is there.
  const typed = columns.map(({ column }) => `${column.sql} ${inputType(column.type)}`).join(', ')
  const sources = [
    columns.length > 0 ? `json_to_recordset($1::text::json) as (${typed})` : 'json_array_elements($1::text::json)',
  ]
  if (hasIds) sources.push('json_array_elements_text($2::text::json)')
  const names = [...(columns.length > 0 ? columns.map(({ name }) => name) : ['empty']), ...(hasIds ? ['id'] : [])]
  return `rows from (${sources.join(', ')}) with ordinality as tandem_x (${[...names, 'place'].join(', ')})`
}
