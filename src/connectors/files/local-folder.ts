import { randomUUID } from 'node:crypto'
import { constants, watch } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, readdir, realpath, rename, unlink } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { type ErrorCode, SyncError } from '../../contract/error.ts'
import { refuseAborted } from '../sql/refuse-aborted.ts'
import { isSafeName } from './file-name.ts'
import type { FileEntry, Folder } from './folder.ts'

const PIECE_BYTES = 256 * 1024

/** A folder of this machine. */
export function localFolder(root: string): Folder {
  /** The folder's real place, if that is within the root. */
  async function inside(path: string): Promise<string> {
    let [base, real] = ['', '']
    try {
      base = await realpath(root)
      real = await realpath(join(root, path))
    } catch (error) {
      throw fileError(error, join(root, path), true)
    }
    if (real === base || real.startsWith(base.endsWith(sep) ? base : base + sep)) return real
    throw new SyncError('forbidden', `${join(root, path)} leads out of the folder of the connection`, {
      hint: 'It is a link; put the folder itself there, or make the link the folder of the connection.',
    })
  }

  async function place(path: string): Promise<string> {
    const at = path.lastIndexOf('/')
    return join(await inside(at < 0 ? '.' : path.slice(0, at)), path.slice(at + 1))
  }

  async function entryOf(full: string, name: string): Promise<FileEntry | null> {
    try {
      const stats = await lstat(full)
      return stats.isFile() ? { name, size: stats.size, mtimeMs: stats.mtimeMs } : null
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      throw fileError(error, full)
    }
  }

  const folder: Folder = {
    label: root,
    sharesClock: true,
    async look(signal) {
      refuseAborted(signal)
      await inside('.')
      return { server: 'local folder', user: null }
    },
    async list(path, signal) {
      refuseAborted(signal)
      const full = await inside(path)
      const found = await readdir(full, { withFileTypes: true }).catch((error: unknown) => {
        throw fileError(error, full, true)
      })
      const names = found.filter((entry) => entry.isFile() && isSafeName(entry.name)).map(({ name }) => name)
      const entries: FileEntry[] = []
      for (const name of names) {
        const entry = await entryOf(join(full, name), name)
        if (entry) entries.push(entry)
      }
      return entries
    },
    async stat(path, signal) {
      refuseAborted(signal)
      return entryOf(await place(path), path.slice(path.lastIndexOf('/') + 1))
    },
    async *read(path, from, signal) {
      const full = await place(path)
      // A link that was put in the file's place meanwhile is not followed.
      const handle = await openFile(full, constants.O_RDONLY | constants.O_NOFOLLOW)
      try {
        let position = from
        for (;;) {
          refuseAborted(signal)
          const buffer = Buffer.allocUnsafe(PIECE_BYTES)
          const { bytesRead } = await handle.read(buffer, 0, PIECE_BYTES, position).catch((error: unknown) => {
            throw fileError(error, full)
          })
          if (bytesRead === 0) return
          position += bytesRead
          yield buffer.subarray(0, bytesRead)
        }
      } finally {
        await handle.close()
      }
    },
    async write(path, pieces, signal) {
      const full = await place(path)
      await removeFile(full)
      const handle = await openFile(
        full,
        constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      )
      try {
        for (const piece of pieces) {
          refuseAborted(signal)
          await handle.write(piece)
        }
        await handle.sync()
      } catch (error) {
        throw fileError(error, full)
      } finally {
        await handle.close()
      }
    },
    async move(from, to, replaces, signal) {
      refuseAborted(signal)
      const [source, target] = [await place(from), await place(to)]
      try {
        if (replaces) await rename(source, target)
        else {
          // A name that is taken stays with whoever has it.
          await link(source, target)
          await unlink(source)
        }
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return (await isSameFile(source, target)) ? finishMove(source) : 'taken'
        if (!NO_LINKS.has(codeOf(error)) || replaces) throw fileError(error, `${source} to ${target}`)
        if ((await entryOf(target, to)) !== null) return 'taken'
        await rename(source, target)
      }
      await syncFolder(await inside(folderOf(to)))
      return 'done'
    },
    async remove(path, signal) {
      refuseAborted(signal)
      await removeFile(await place(path))
    },
    async makeFolder(path, signal) {
      refuseAborted(signal)
      await inside('.')
      await mkdir(join(root, path), { recursive: true }).catch((error: unknown) => {
        throw fileError(error, join(root, path))
      })
      await inside(path)
    },
    async isWritable(path, signal) {
      const name = `${path}/.tandem-${randomUUID()}.tmp`
      try {
        await folder.write(name, [Buffer.from('\n')], signal)
        await folder.remove(name, signal)
        return true
      } catch (error) {
        if (error instanceof SyncError && error.code === 'forbidden') return false
        throw error
      }
    },
    watch: async (path, wake, signal) => watchFolder(await inside(path), wake, signal),
    async [Symbol.asyncDispose]() {},
  }
  return folder
}

function folderOf(path: string): string {
  const at = path.lastIndexOf('/')
  return at < 0 ? '.' : path.slice(0, at)
}

/** Both names were there when the process died: the move was half done. */
async function finishMove(source: string): Promise<'done'> {
  await removeFile(source)
  return 'done'
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(one), lstat(other)])
  return a.ino === b.ino && a.dev === b.dev
}

async function openFile(full: string, flags: number): Promise<FileHandle> {
  try {
    return await open(full, flags, 0o644)
  } catch (error) {
    throw fileError(error, full)
  }
}

async function removeFile(full: string): Promise<void> {
  try {
    await unlink(full)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw fileError(error, full)
  }
}

/** A new name is on the disk only once its folder is. */
async function syncFolder(full: string): Promise<void> {
  const handle = await openFile(full, constants.O_RDONLY)
  try {
    await handle.sync()
  } catch {
    // Some file systems do not sync folders; there is nothing more to be done there.
  } finally {
    await handle.close()
  }
}

async function watchFolder(full: string, wake: () => void, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve, reject) => {
    const watcher = watch(full, () => wake())
    watcher.on('error', (cause) => reject(new SyncError('unavailable', `${full} cannot be watched`, { cause })))
    watcher.on('close', resolve)
    signal.addEventListener('abort', () => watcher.close(), { once: true })
  })
}

/** How file systems without hard links (FAT, some network shares) answer. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

const CODES: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  EROFS: 'forbidden',
  ELOOP: 'forbidden_record',
  ENOSPC: 'server',
  EDQUOT: 'server',
  EIO: 'server',
  ESTALE: 'server',
  EMFILE: 'unavailable',
  ENFILE: 'unavailable',
  ENOENT: 'changed',
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function fileError(error: unknown, path: string, isFolder = false): SyncError {
  if (error instanceof SyncError) return error
  const code = codeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  if (isFolder && (code === 'ENOENT' || code === 'ENOTDIR')) {
    return new SyncError('schema', `There is no folder ${path}`, {
      cause: error,
      hint: 'Create it, or correct the folder.',
    })
  }
  return new SyncError(CODES[code] ?? 'server', `${path}: ${message}`, { cause: error })
}
