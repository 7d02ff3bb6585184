import type { Arriving, FilesCollectionSettings, Leaving } from './collection-schema.ts'
import { type Column, columnOf } from './columns.ts'
import { joinPath } from './file-name.ts'

/** A collection as the connection's settings have it, with what the mapping adds. */
export interface Definition {
  readonly name: string
  readonly settings: FilesCollectionSettings
  /** The declared columns by field, in the order in which they are written. */
  readonly columns: ReadonlyMap<string, Column>
  /** Columns of other fields, as they are met. */
  readonly undeclared: Map<string, Column>
  /** The fields that name a record; none where the collection is only looked at. */
  readonly key: readonly string[]
  readonly in: ArrivingFolders | null
  readonly out: Leaving | null
}

export interface ArrivingFolders extends Arriving {
  readonly patterns: readonly string[]
  readonly doneFolder: string | null
  readonly failedFolder: string
}

/** `keyOfMapping` names a record where the settings do not say what does. */
export function defineCollection(
  name: string,
  settings: FilesCollectionSettings,
  keyOfMapping: string | undefined,
): Definition {
  const columns = new Map(
    Object.entries(settings.columns).map(([field, own]) => [field, columnOf(field, own, settings)]),
  )
  const key = settings.key ?? keyOfMapping ?? []
  const { in: arriving = null, out = null } = settings
  return { name, settings, columns, undeclared: new Map(), key: [key].flat(), in: arriving && foldersOf(arriving), out }
}

function foldersOf(arriving: Arriving): ArrivingFolders {
  const { folder, done } = arriving
  const archive = done === undefined ? joinPath(folder, 'done') : null
  return {
    ...arriving,
    patterns: [arriving.files].flat(),
    doneFolder: typeof done === 'object' && 'archive' in done ? done.archive : archive,
    failedFolder: arriving.failed ?? joinPath(folder, 'failed'),
  }
}

/** The column of a field; one that is not declared is text. */
export function columnFor({ columns, undeclared, settings }: Definition, field: string): Column {
  const known = columns.get(field) ?? undeclared.get(field)
  if (known) return known
  const column = columnOf(field, {}, settings)
  undeclared.set(field, column)
  return column
}

/** Parts of an id, in one text: "a|b". A bar within a part is doubled, so that two lists never give one text. */
export function idOf(parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] ?? '') : parts.map((part) => part.replaceAll('|', '||')).join(' | ')
}
