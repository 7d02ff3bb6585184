import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cachePath } from './cache-dir.ts'
import { stopServersOf } from './leftovers.ts'
import { tryLock, withLock } from './lock.ts'
import { ensureServerUser } from './system-user.ts'

export interface StackDirectory {
  readonly path: string
  release(): void
}

/** The folder of a stack that is kept between starts. Null when another process has it started. */
export async function openKeptDirectory(
  name: string,
  options: { readonly reset: boolean },
): Promise<StackDirectory | null> {
  const path = cachePath('kept', name)
  const unlock = tryLock(join(cachePath('kept'), `${name}.lock`))
  if (unlock === null) return null
  await stopServersOf(path, await ensureServerUser())
  if (options.reset) rmSync(path, { recursive: true })
  return { path: cachePath('kept', name), release: unlock }
}

/**
 * The folder of a stack that lasts as long as this process; removed at its release, but for the logs. Also clears away
 * what processes that were killed have left.
 */
export async function openRunDirectory(): Promise<StackDirectory> {
  return withLock(join(cachePath(), 'runs.lock'), async () => {
    const runs = cachePath('runs')
    for (const name of readdirSync(runs)) await removeUnlessHeld(join(runs, name))
    const path = join(runs, `${Date.now().toString(36)}-${process.pid}`)
    mkdirSync(path)
    const unlock = tryLock(join(path, 'owner.lock'))
    if (unlock === null) throw new Error(`${path}: locked by another process although it is new`)
    return {
      path,
      release: () => {
        keepLogs(path)
        unlock()
        rmSync(path, { recursive: true, force: true })
      },
    }
  })
}

async function removeUnlessHeld(path: string): Promise<void> {
  const unlock = tryLock(join(path, 'owner.lock'))
  if (unlock === null) return
  await stopServersOf(path, await ensureServerUser())
  unlock()
  rmSync(path, { recursive: true, force: true })
}

function keepLogs(path: string): void {
  const folders = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  for (const folder of ['', ...folders.map(({ name }) => name)]) {
    for (const name of ['odoo.log', 'postgres.log', 'mariadb.log']) {
      const log = join(path, folder, name)
      if (existsSync(log)) copyFileSync(log, join(cachePath('logs'), folder === '' ? name : `${folder}-${name}`))
    }
  }
}
