import type { FieldSchema, Schema } from '../../contract/connector.ts'
import { findArrivals } from './arrivals.ts'
import type { Column } from './columns.ts'
import { areFieldsKnown, type FilesContext, fieldNames } from './context.ts'
import { columnFor } from './definition.ts'
import { openReader } from './file-reader.ts'
import { SplitError } from './splitter.ts'

/** The fields that are declared, were met in files, or are named by a file that waits. */
export async function describeFiles(context: FilesContext, signal: AbortSignal): Promise<Schema> {
  const { definition } = context
  await lookAtFolders(context, signal)
  const names = new Set(fieldNames(context))
  if (!areFieldsKnown(context)) {
    const renamed = new Map([...definition.columns.values()].map(({ from, field }) => [from, field]))
    const waiting = await waitingNames(context, signal)
    for (const name of waiting) names.add(renamed.get(name) ?? name)
    // Before the first file, the mapping is taken at its word; a file that lacks a column is refused then.
    if (waiting.length === 0) for (const field of context.fields) names.add(field)
  }
  const isWritten = (name: string): boolean => definition.out === null || definition.columns.has(name)
  const fields = [...names].map((name): [string, FieldSchema] => [
    name,
    fieldOf(columnFor(definition, name), !isWritten(name)),
  ])
  return { name: `files ${definition.name}`, fields: new Map(fields) }
}

/** @throws SyncError `schema` where one of the folders is missing. */
export async function lookAtFolders({ connection, definition }: FilesContext, signal: AbortSignal): Promise<void> {
  for (const { folder } of [definition.in, definition.out].filter((side) => side !== null)) {
    await connection.folder.list(folder, signal)
  }
}

/** The columns of the first file that waits and has any. */
export async function waitingNames(context: FilesContext, signal: AbortSignal): Promise<readonly string[]> {
  const { connection, definition } = context
  for (const { path, entry } of await findArrivals(context, signal)) {
    try {
      const reader = await openReader(connection.folder, definition, path, entry, null, signal)
      await reader.close()
      if (reader.header.names.length > 0) return reader.header.names
    } catch (error) {
      if (!(error instanceof SplitError)) throw error
    }
  }
  return []
}

function fieldOf(column: Column, isReadOnly: boolean): FieldSchema {
  return {
    name: column.field,
    type: column.type,
    isRequired: column.isRequired,
    isReadOnly,
    isAssigned: false,
    relation: null,
    maxLength: null,
    scale: column.type === 'decimal' ? column.digits : null,
    options: null,
  }
}
