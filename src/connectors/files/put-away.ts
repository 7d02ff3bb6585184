import { SyncError } from '../../contract/error.ts'
import { addBroken } from './broken-places.ts'
import type { FilesContext } from './context.ts'
import { joinPath, markerOf } from './file-name.ts'
import { inTransaction } from './store.ts'
import { filesIn, forgetFile, type StoredFile, setFileState } from './stored-files.ts'

const MOST_NAMES = 1000

/**
 * Puts files away of which everything is stored (archived, renamed, deleted, or left where they are), and sets those aside
 * that cannot be read.
 */
export function putAway(context: FilesContext, signal: AbortSignal): Promise<void> {
  return context.connection.exclusively(context.definition.name, () => putFilesAway(context, signal))
}

async function putFilesAway(context: FilesContext, signal: AbortSignal): Promise<void> {
  const { connection, definition } = context
  const database = connection.store.handle()
  for (const file of filesIn(database, context.id(), 'refused')) await setAside(context, file, signal)
  for (const file of filesIn(database, context.id(), 'read')) {
    const { done, doneFolder = null } = definition.in ?? {}
    const name = file.path.slice(file.path.lastIndexOf('/') + 1)
    if (done === 'keep') {
      setFileState(database, file, 'ended', file.problem)
      continue
    }
    // Another file of the same name that came meanwhile stays, and is read.
    const entry = await connection.folder.stat(file.path, signal)
    if (entry?.size === file.size && entry.mtimeMs === file.mtimeMs) {
      await removeMarker(context, name, signal)
      if (done === 'delete') await connection.folder.remove(file.path, signal)
      else if (doneFolder !== null) await moveInto(context, file.path, doneFolder, name, signal)
      else if (typeof done === 'object' && 'rename' in done) {
        await moveInto(context, file.path, definition.in?.folder ?? '.', markerOf(done.rename, name), signal)
      }
    }
    forgetFile(database, file)
  }
}

async function removeMarker(
  { connection, definition }: FilesContext,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const { complete, folder = '.' } = definition.in ?? {}
  if (complete === undefined || complete === 'rename' || complete.marker === undefined) return
  await connection.folder.remove(joinPath(folder, markerOf(complete.marker, name)), signal)
}

/** A name that is taken gets a number: what was archived is never overwritten. */
async function moveInto(
  { connection }: FilesContext,
  path: string,
  folder: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  await connection.folder.makeFolder(folder, signal)
  for (let n = 1; n <= MOST_NAMES; n++) {
    const target = joinPath(folder, n === 1 ? name : `${name}.${n}`)
    if ((await connection.folder.move(path, target, false, signal)) === 'done') return
  }
  throw stopOnBadFile(path, `cannot be put into ${folder}: there are ${MOST_NAMES} files of its name`)
}

/** Notes that a file cannot be read (any further), with the reason as a dead letter. @throws SyncError where it is to stop. */
export function refuseFile(context: FilesContext, file: StoredFile, problem: string): void {
  const { connection, definition } = context
  const name = file.path.slice(file.path.lastIndexOf('/') + 1)
  if (definition.in?.bad_file === 'stop') throw stopOnBadFile(name, problem)
  const database = connection.store.handle()
  const folder = definition.in?.failedFolder ?? 'failed'
  const told = file.records > 0 ? `${problem}; its first ${file.line - 1} lines were read` : problem
  const hint = `It is put into ${folder}. Put it back when it is as it should be, and discard this.`
  inTransaction(database, () => {
    addBroken(database, context.id(), file, { line: 0, header: '', raw: null, problem: told, hint })
    setFileState(database, file, 'refused', told)
  })
}

async function setAside(context: FilesContext, file: StoredFile, signal: AbortSignal): Promise<void> {
  const { connection, definition } = context
  const name = file.path.slice(file.path.lastIndexOf('/') + 1)
  const entry = await connection.folder.stat(file.path, signal)
  if (entry?.size === file.size && entry.mtimeMs === file.mtimeMs) {
    await moveInto(context, file.path, definition.in?.failedFolder ?? 'failed', name, signal)
    await removeMarker(context, name, signal)
  }
  forgetFile(connection.store.handle(), file)
}

/** @throws SyncError: where a bad file is to stop everything. */
function stopOnBadFile(name: string, problem: string): SyncError {
  return new SyncError('schema', `${name} ${problem}`, {
    hint: 'Take the file away or correct the collection; then it goes on by itself at the next sync.',
  })
}
