import type { CollectionRequest } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Definition } from './definition.ts'
import type { FileReader } from './file-reader.ts'
import type { Folder } from './folder.ts'
import type { FilesSettings } from './settings.ts'
import type { Store } from './store.ts'
import { collectionId, knownFields } from './stored-files.ts'

export interface FilesConnection {
  readonly name: string
  readonly settings: FilesSettings
  readonly folder: Folder
  readonly store: Store
  /** Readers of files that were begun, by collection: to go on where the last page ended. */
  readonly readers: Map<string, FileReader>
  /** Runs works on one collection one after the other: two pages of one file at once would be the same page. */
  exclusively<T>(collection: string, work: () => Promise<T>): Promise<T>
  nowMs(): number
}

/** One mapping's view of a collection. */
export interface FilesContext {
  readonly connection: FilesConnection
  readonly definition: Definition
  readonly fields: readonly string[]
  /** The collection's number in the store. */
  id(): number
}

export function filesContext(
  connection: FilesConnection,
  definition: Definition,
  request: CollectionRequest,
): FilesContext {
  let known: number | null = null
  return {
    connection,
    definition,
    fields: request.fields,
    id() {
      known ??= collectionId(connection.store.handle(), definition.name, definition.key)
      return known
    },
  }
}

/** The fields that records of the collection may have: declared, or met in files. */
export function fieldNames({ connection, definition, id }: FilesContext): ReadonlySet<string> {
  return new Set([...definition.columns.keys(), ...definition.key, ...knownFields(connection.store.handle(), id())])
}

/** Whether it is known which fields there are: from then on, one that is asked for and missing is a mistake. */
export function areFieldsKnown({ connection, definition, id }: FilesContext): boolean {
  return definition.in === null || knownFields(connection.store.handle(), id()).length > 0
}

/** @throws SyncError `schema` where a field is asked for that no file has. */
export function refuseUnknownFields(context: FilesContext): void {
  if (!areFieldsKnown(context)) return
  const { definition, fields } = context
  const names = fieldNames(context)
  for (const field of fields) {
    if (names.has(field)) continue
    throw new SyncError('schema', `files collection ${definition.name} has no field ${field}`, {
      hint: `It has ${[...names].join(', ')}. Declare it under columns, or correct the mapping.`,
    })
  }
}
