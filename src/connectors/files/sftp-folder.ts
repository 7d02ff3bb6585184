import { randomUUID } from 'node:crypto'
import { SyncError } from '../../contract/error.ts'
import { isSafeName, joinPath } from './file-name.ts'
import type { FileEntry, Folder } from './folder.ts'
import type { FilesSettings, SftpSettings } from './settings.ts'
import { FAILURE, NO_SUCH_FILE, statusOf } from './sftp-errors.ts'
import { type Sftp, type SftpSession, type SftpStats, type SftpWork, sftpSession } from './sftp-session.ts'

/** What every server takes in one call. */
const PIECE_BYTES = 32 * 1024
/** So many reads are on their way at once; the line's length does not count then. */
const READS_AHEAD = 16

/** A folder on a server, over SFTP. */
export function sftpFolder(name: string, ssh: SftpSettings, settings: FilesSettings): Folder {
  const session = sftpSession(name, ssh, settings)
  const label = `sftp://${ssh.host}${ssh.port === 22 ? '' : `:${ssh.port}`}/${settings.folder.replace(/^\//, '')}`
  const call = caller(session, label)
  /** The real path of the folder itself, and of those below it that were looked at. */
  const realPath = (path: string, signal: AbortSignal): Promise<string> =>
    call<string>(path, signal, (sftp, done) => sftp.realpath(remote(settings.folder, path), done)).catch(
      missingFolder(label, path),
    )

  /** The folder's real place, if that is within the connection's folder. */
  async function inside(path: string, signal: AbortSignal): Promise<string> {
    const base = await realPath('.', signal)
    if (path === '.') return base
    const real = await realPath(path, signal)
    if (real.startsWith(base === '/' ? '/' : `${base}/`)) return real
    throw new SyncError('forbidden', `${label}: ${path} leads out of the folder of the connection`, {
      hint: 'It is a link; put the folder itself there, or make the link the folder of the connection.',
    })
  }

  async function place(path: string, signal: AbortSignal): Promise<string> {
    const at = path.lastIndexOf('/')
    const folder = await inside(at < 0 ? '.' : path.slice(0, at), signal)
    return `${folder === '/' ? '' : folder}/${path.slice(at + 1)}`
  }

  async function statsOf(path: string, full: string, signal: AbortSignal): Promise<SftpStats | null> {
    try {
      return await call<SftpStats>(path, signal, (sftp, done) => sftp.lstat(full, done))
    } catch (error) {
      if (statusOf((error as SyncError).cause) === NO_SUCH_FILE) return null
      throw error
    }
  }

  const folder: Folder = {
    label,
    sharesClock: false,
    async look(signal) {
      await inside('.', signal)
      return { server: 'SFTP', user: ssh.user }
    },
    async list(path, signal) {
      const full = await inside(path, signal)
      const found = await call<readonly { filename: string; attrs: SftpStats }[]>(path, signal, (sftp, done) =>
        sftp.readdir(full, done),
      ).catch(missingFolder(label, path))
      return found
        .filter(({ filename, attrs }) => attrs.isFile() && isSafeName(filename))
        .map(({ filename, attrs }) => entryOf(filename, attrs))
    },
    async stat(path, signal) {
      const stats = await statsOf(path, await place(path, signal), signal)
      return stats?.isFile() ? entryOf(path.slice(path.lastIndexOf('/') + 1), stats) : null
    },
    async *read(path, from, signal) {
      const full = await place(path, signal)
      // Only an ordinary file: a link that was put in its place would lead anywhere.
      const stats = await statsOf(path, full, signal)
      if (stats !== null && !stats.isFile())
        throw new SyncError('forbidden_record', `${label}: ${path} is no ordinary file`)
      const handle = await call<Buffer>(path, signal, (sftp, done) => sftp.open(full, 'r', done))
      try {
        yield* piecesOf(call, path, handle, from, signal)
      } finally {
        await call<undefined>(path, NEVER, (sftp, done) => sftp.close(handle, done), handle).catch(() => {})
      }
    },
    async write(path, pieces, signal) {
      const full = await place(path, signal)
      await folder.remove(path, signal)
      const handle = await call<Buffer>(path, signal, (sftp, done) => sftp.open(full, 'wx', done))
      try {
        await writePieces(call, path, handle, pieces, signal)
      } finally {
        await call<undefined>(path, NEVER, (sftp, done) => sftp.close(handle, done), handle).catch(() => {})
      }
    },
    async move(from, to, replaces, signal) {
      const [source, target] = [await place(from, signal), await place(to, signal)]
      if (!replaces && (await statsOf(to, target, signal)) !== null) return 'taken'
      try {
        await call<undefined>(from, signal, (sftp, done) =>
          replaces ? replace(sftp, source, target, done) : sftp.rename(source, target, done),
        )
      } catch (error) {
        // A server that finds the name taken only says that it failed.
        if (replaces || statusOf((error as SyncError).cause) !== FAILURE) throw error
        if ((await statsOf(to, target, signal)) === null) throw error
        return 'taken'
      }
      return 'done'
    },
    async remove(path, signal) {
      const full = await place(path, signal)
      await call<undefined>(path, signal, (sftp, done) => sftp.unlink(full, done)).catch((error: SyncError) => {
        if (statusOf(error.cause) !== NO_SUCH_FILE) throw error
      })
    },
    async makeFolder(path, signal) {
      const parts = path === '.' ? [] : path.split('/')
      for (let count = 1; count <= parts.length; count++) {
        const part = joinPath(...parts.slice(0, count))
        const full = await place(part, signal)
        if ((await statsOf(part, full, signal)) !== null) continue
        await call<undefined>(part, signal, (sftp, done) => sftp.mkdir(full, done))
      }
    },
    async isWritable(path, signal) {
      const file = joinPath(path, `.tandem-${randomUUID()}.tmp`)
      try {
        await folder.write(file, [Buffer.from('\n')], signal)
        await folder.remove(file, signal)
        return true
      } catch (error) {
        if (error instanceof SyncError && error.code === 'forbidden') return false
        throw error
      }
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
  return folder
}

const NEVER = new AbortController().signal
type Call = <T>(path: string, signal: AbortSignal, work: SftpWork<T>, handle?: Buffer) => Promise<T>

function caller(session: SftpSession, label: string): Call {
  return (path, signal, work, handle) => session.call(`${label}: ${path}`, signal, work, handle)
}

function remote(root: string, path: string): string {
  return path === '.' ? root : `${root.replace(/\/$/, '')}/${path}`
}

function entryOf(name: string, { size, mtime }: SftpStats): FileEntry {
  return { name, size, mtimeMs: mtime * 1000 }
}

function missingFolder(label: string, path: string): (error: SyncError) => never {
  return (error) => {
    if (statusOf(error.cause) !== NO_SUCH_FILE) throw error
    throw new SyncError('schema', `${label}: there is no folder ${path}`, {
      cause: error,
      hint: 'Create it, or correct the folder.',
    })
  }
}

/** In order, with several reads under way. A short one is asked for the rest. */
async function* piecesOf(
  call: Call,
  path: string,
  handle: Buffer,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let position = from
  for (;;) {
    const reads = Array.from({ length: READS_AHEAD }, (_, n) =>
      readAt(call, path, handle, position + n * PIECE_BYTES, signal),
    )
    const pieces = await Promise.all(reads)
    for (const [n, piece] of pieces.entries()) {
      const at = position + n * PIECE_BYTES
      if (piece.length > 0) yield piece
      let have = piece.length
      while (have > 0 && have < PIECE_BYTES) {
        const more = await readAt(call, path, handle, at + have, signal, PIECE_BYTES - have)
        if (more.length === 0) return
        have += more.length
        yield more
      }
      if (have === 0) return
    }
    position += READS_AHEAD * PIECE_BYTES
  }
}

const END_OF_FILE = 1

async function readAt(
  call: Call,
  path: string,
  handle: Buffer,
  position: number,
  signal: AbortSignal,
  length = PIECE_BYTES,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  try {
    const count = await call<number>(
      path,
      signal,
      (sftp, done) => sftp.read(handle, buffer, 0, length, position, done),
      handle,
    )
    return buffer.subarray(0, count)
  } catch (error) {
    if (statusOf((error as SyncError).cause) === END_OF_FILE) return Buffer.alloc(0)
    throw error
  }
}

async function writePieces(
  call: Call,
  path: string,
  handle: Buffer,
  pieces: Iterable<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  let position = 0
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, piece.length - at)
      const start = position
      await call<undefined>(path, signal, (sftp, done) => sftp.write(handle, piece, at, length, start, done), handle)
      position += length
    }
  }
  await call<undefined>(
    path,
    signal,
    (sftp, done) => {
      try {
        sftp.ext_openssh_fsync(handle, done)
      } catch {
        // A server that does not know fsync has the file all the same; nothing more can be asked of it.
        done(null, undefined)
      }
    },
    handle,
  )
}

/** Takes the place of a file at once. A server without that extension cannot, and the old file goes first. */
function replace(
  sftp: Sftp,
  source: string,
  target: string,
  done: (error: Error | null | undefined, result: undefined) => void,
): void {
  try {
    sftp.ext_openssh_rename(source, target, done)
  } catch {
    sftp.unlink(target, () => sftp.rename(source, target, done))
  }
}
