import type { FilesContext } from './context.ts'
import type { ArrivingFolders } from './definition.ts'
import { fitsAny, joinPath, markerOf } from './file-name.ts'
import type { FileEntry } from './folder.ts'
import { inTransaction } from './store.ts'
import { beginFile, fileAt, filesIn, forgetFile, noteArrival, type StoredFile } from './stored-files.ts'
import { endsWithTrailer } from './trailer.ts'

/** A file in the folder, and what is known of it. */
export interface Arrival {
  readonly path: string
  readonly entry: FileEntry
  readonly file: StoredFile
  /** Why it is not read yet; null: it is complete. */
  readonly waitsFor: string | null
}

/** The files of the collection that are to be read, in their order. Notes what was seen of them. */
export async function findArrivals(context: FilesContext, signal: AbortSignal): Promise<readonly Arrival[]> {
  const { connection, definition } = context
  const arriving = definition.in
  if (arriving === null) return []
  const entries = await connection.folder.list(arriving.folder, signal)
  const names = new Set(entries.map(({ name }) => name))
  const found = entries.filter(({ name }) => isMeant(arriving, name)).sort(inOrder(arriving.order))
  const database = connection.store.handle()
  const nowMs = connection.nowMs()
  const arrivals: Arrival[] = []
  for (const entry of found) {
    const path = joinPath(arriving.folder, entry.name)
    const known = fileAt(database, context.id(), path)
    const isKnown = known?.size === entry.size && known.mtimeMs === entry.mtimeMs
    if (isKnown && known.state !== 'waiting') continue
    if (!isKnown) inTransaction(database, () => noteArrival(database, context.id(), { path, ...entry }, nowMs))
    const file = fileAt(database, context.id(), path)
    if (file === null) continue
    arrivals.push({
      path,
      entry,
      file,
      waitsFor: await reasonToWait(context, arriving, path, entry, file, names, signal),
    })
  }
  const paths = new Set(found.map(({ name }) => joinPath(arriving.folder, name)))
  for (const file of filesIn(database, context.id(), 'waiting', 'ended', 'refused')) {
    if (!paths.has(file.path)) forgetFile(database, file)
  }
  return arrivals
}

/** Begins the next file that is complete; null: there is none. */
export async function beginNext(context: FilesContext, signal: AbortSignal): Promise<StoredFile | null> {
  const { store } = context.connection
  for (const { file, waitsFor } of await findArrivals(context, signal)) {
    if (waitsFor === null) {
      const database = store.handle()
      if (!inTransaction(database, () => beginFile(database, file))) return null
      return fileAt(database, context.id(), file.path)
    }
    // What is still being uploaded comes before what follows it. A marker that never comes holds up nobody.
    if (waitsFor === AT_REST) return null
  }
  return null
}

const AT_REST = 'it has changed lately'

async function reasonToWait(
  { connection, definition }: FilesContext,
  { complete }: ArrivingFolders,
  path: string,
  entry: FileEntry,
  { sinceMs }: StoredFile,
  names: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<string | null> {
  if (complete === 'rename') return null
  const { stable, marker, trailer } = complete
  if (marker !== undefined && !names.has(markerOf(marker, entry.name))) {
    return `its marker ${markerOf(marker, entry.name)} is not there`
  }
  if (stable !== undefined) {
    const nowMs = connection.nowMs()
    const seenMs = nowMs - sinceMs
    // Where file times come from our own clock, a file that is old has been at rest before we saw it.
    const restMs = connection.folder.sharesClock ? Math.max(seenMs, nowMs - entry.mtimeMs) : seenMs
    if (restMs < stable) return AT_REST
  }
  if (trailer === undefined) return null
  return (await endsWithTrailer(connection.folder, definition, path, entry, trailer, signal))
    ? null
    : 'its trailer is not there'
}

export function isMeant(arriving: ArrivingFolders, name: string): boolean {
  if (!fitsAny(name, arriving.patterns) || fitsAny(name, arriving.ignore)) return false
  const { complete, done } = arriving
  const isMarker =
    complete !== 'rename' && complete.marker !== undefined && fitsAny(name, [markerOf(complete.marker, '*')])
  const isDone = typeof done === 'object' && 'rename' in done && fitsAny(name, [markerOf(done.rename, '*')])
  return !isMarker && !isDone
}

function inOrder(order: ArrivingFolders['order']): (a: FileEntry, b: FileEntry) => number {
  const byName = (a: FileEntry, b: FileEntry): number => (a.name < b.name ? -1 : Number(a.name > b.name))
  return order === 'name' ? byName : (a, b) => a.mtimeMs - b.mtimeMs || byName(a, b)
}
