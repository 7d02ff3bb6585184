import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { progress } from './progress.ts'

/** A lock between processes; null when another process holds it. The system frees it when its holder dies. */
export function tryLock(file: string): (() => void) | null {
  const database = new Database(file, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
    return () => database.close()
  } catch (error) {
    database.close()
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) return null
    throw error
  }
}

export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  let unlock = tryLock(file)
  if (unlock === null) progress('waiting for another process that is preparing the same')
  while (unlock === null) {
    await sleep(100)
    unlock = tryLock(file)
  }
  try {
    return await work()
  } finally {
    unlock()
  }
}
