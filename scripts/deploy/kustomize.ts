import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { downloadPackage } from '../real/apt.ts'
import { cachePath } from '../real/cache-dir.ts'
import { runCommand } from '../real/command.ts'
import { withLock } from '../real/lock.ts'
import { progress } from '../real/progress.ts'

/**
 * The folder with a kustomize, unpacked and not installed: the one that kubectl has built in. Debian's stable release has
 * none.
 */
export async function ensureKustomize(): Promise<string> {
  return withLock(join(cachePath(), 'install.lock'), async () => {
    const folder = join(cachePath(), 'kustomize')
    const programs = join(folder, 'usr/bin')
    if (existsSync(join(programs, 'kustomize'))) return programs
    progress('downloading kustomize (once)')
    const building = `${folder}.building`
    const download = cachePath('download-kustomize')
    rmSync(building, { recursive: true, force: true })
    mkdirSync(building)
    await runCommand('dpkg', ['-x', await downloadPackage('kustomize', 'sid', download), building])
    rmSync(download, { recursive: true })
    renameSync(building, folder)
    return programs
  })
}
