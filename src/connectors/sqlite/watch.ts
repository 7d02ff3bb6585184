import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { SyncError } from '../../contract/error.ts'
import type { SqliteConnection } from './database.ts'

/**
 * Calls `wake` when the database's file, its journal or its write-ahead log changes, by the operating system's own
 * notices on their folder. Also wakes for our own writes and, on some systems, for a mere checkpoint.
 */
export async function watchDatabase(
  connection: SqliteConnection,
  wake: () => void,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return
  const { file } = connection.settings
  const name = basename(file)
  const names = new Set([name, `${name}-wal`, `${name}-journal`])
  await new Promise<void>((resolve, reject) => {
    const watcher = watch(dirname(file), (_event, changed) => {
      if (changed === null || names.has(changed)) wake()
    })
    watcher.on('error', (error) => {
      reject(
        new SyncError('unavailable', `connection ${connection.name}: the folder of ${file} cannot be watched`, {
          cause: error,
        }),
      )
    })
    watcher.on('close', resolve)
    signal.addEventListener('abort', () => watcher.close(), { once: true })
  })
}
