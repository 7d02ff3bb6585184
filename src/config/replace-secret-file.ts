import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { SyncError } from '../contract/error.ts'

/** A file that is about to be replaced: everything that can fail beforehand has not. */
export interface SecretReplacement {
  /** Puts `secret` in the file's place, whole and on disk, with its mode and owner. */
  commit(secret: string): void
  /** Leaves the file as it is. */
  cancel(): void
}

/**
 * Prepares to replace a secret's file: another one beside it, with the same mode and owner, which takes its place in one
 * step. A reader sees the old secret or the new one, never a part. @throws SyncError `config` where that cannot work.
 */
export function replaceSecretFile(path: string): SecretReplacement {
  const beside = join(dirname(path), `.${randomUUID()}.tmp`)
  try {
    const { mode, uid, gid } = statSync(path)
    const hasNewline = readFileSync(path, 'utf8').endsWith('\n')
    const file = openSync(beside, 'wx', 0o600)
    try {
      chownSync(beside, uid, gid)
      chmodSync(beside, mode & 0o777)
    } catch (error) {
      closeSync(file)
      rmSync(beside, { force: true })
      throw error
    }
    return {
      commit(secret) {
        writeSync(file, hasNewline ? `${secret}\n` : secret)
        fsyncSync(file)
        closeSync(file)
        renameSync(beside, path)
        syncFolder(dirname(path))
      },
      cancel() {
        closeSync(file)
        rmSync(beside, { force: true })
      },
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new SyncError('config', `The file ${path} cannot be replaced: ${reason}`, {
      cause,
      hint: 'Run the command as the user who owns the file and may write its folder.',
    })
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
