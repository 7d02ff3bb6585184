import type { FieldSchema, Schema } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { ChildSpec } from './spec.ts'

/**
 * The columns that name a line within its record: those of the mapping, or the primary key without the parent's column.
 * @throws SyncError `config` where nothing is left.
 */
export function lineKey(child: ChildSpec, table: string, primary: readonly string[]): readonly string[] {
  const names = child.key ?? primary.filter((name) => name !== child.parent)
  if (names.length > 0) return names
  throw new SyncError('config', `table ${table} has no primary key that tells the lines of a record apart`, {
    hint: `Name the columns that do: children: { ${child.field}: { …, key: [line_no] } }.`,
  })
}

/** A field that holds the rows of another table, with the fields of a line. `parent` is the column that a line has its record in. */
export function linesField(
  field: string,
  table: { readonly name: string; readonly columns: ReadonlyMap<string, { readonly field: FieldSchema }> },
  parent: string,
): FieldSchema {
  const lines = new Map([...table.columns].map(([name, column]) => [name, column.field] as const))
  lines.delete(parent)
  return {
    name: field,
    type: 'lines',
    isRequired: false,
    isReadOnly: false,
    isAssigned: true,
    relation: table.name,
    maxLength: null,
    scale: null,
    options: null,
    lines,
  }
}

/** A table's schema with the fields that hold its lines. @throws SyncError `config` where a column has such a name. */
export function withLinesFields(schema: Schema, lines: readonly FieldSchema[]): Schema {
  const fields = new Map(schema.fields)
  for (const field of lines) {
    if (fields.has(field.name)) {
      throw new SyncError('config', `table ${schema.name} has a column ${field.name}, so its lines need another name`, {
        hint: 'Rename it under children: in the mapping.',
      })
    }
    fields.set(field.name, field)
  }
  return { ...schema, fields }
}

/** @throws SyncError `config` where a table whose records have an id of several columns is to have lines. */
export function refuseLines(table: string, children: readonly ChildSpec[]): void {
  const [first] = children
  if (first === undefined) return
  throw new SyncError(
    'config',
    `the records of table ${table} have an id of several columns, and so no lines ${first.field}`,
    { hint: 'Name one unique column as id of the collection, which the lines refer to.' },
  )
}
