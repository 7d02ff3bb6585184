import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { downloadWithDependencies, installPackages, missingPackages } from './apt.ts'
import { cachePath } from './cache-dir.ts'
import { plainEnvironment, runCommand } from './command.ts'
import { withLock } from './lock.ts'
import type { OdooInstall } from './odoo-install.ts'
import { ensurePostgresPrograms } from './postgres-programs.ts'
import { progress } from './progress.ts'
import { ensureServerUser, serverUserName } from './system-user.ts'

/** The last Debian release with Odoo 14, and with a Python that it runs on. */
const suite = 'bullseye'
/** What it prints and draws with, and never loads here: half of the download. */
const without = ['wkhtmltopdf', 'graphviz', 'iso-codes', 'perl', 'perl-base', 'fonts-roboto-unhinted']

/** What its Python reads under an absolute path of the machine: the templates of docutils. */
const onMachine = ['docutils-common']

/**
 * Odoo 14 with the Python and the C library of its own Debian release, downloaded and unpacked once. It needs no chroot:
 * the release's own loader, started by its path, finds the release's libraries. Serves with `workers: 0` only, because
 * Odoo starts its workers' helper without that loader.
 */
export async function ensureOdoo14(): Promise<OdooInstall> {
  return withLock(join(cachePath(), 'install.lock'), async () => {
    const user = await ensureServerUser()
    const missing = await missingPackages(onMachine)
    if (missing.length > 0) await installPackages(missing)
    const postgresBinDir = await ensurePostgresPrograms()
    const folder = join(cachePath(), 'odoo-14')
    const versionFile = join(folder, 'version')
    if (!existsSync(versionFile)) await unpackOdoo(folder)
    const { loader, libraries } = findLoader(folder)
    return {
      series: '14',
      version: readFileSync(versionFile, 'utf8'),
      command: loader,
      commandArgs: ['--library-path', libraries, join(folder, 'usr/bin/python3.9'), join(folder, 'usr/bin/odoo')],
      env: { ...plainEnvironment, PYTHONHOME: join(folder, 'usr'), PYTHONUTF8: '1', PYTHONUNBUFFERED: '1' },
      user,
      postgresBinDir,
    }
  })
}

async function unpackOdoo(folder: string): Promise<void> {
  const building = `${folder}.building`
  rmSync(building, { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(building, { recursive: true })
  progress('downloading Odoo 14 and its Python (125 MB, once)')
  const download = cachePath('download')
  const files = await downloadWithDependencies('odoo-14', suite, without, download)
  for (const file of files) await runCommand('dpkg', ['-x', file, building])
  // The user that runs it owns it, so that Python can keep its compiled files beside the sources: a start is 3 s shorter.
  await runCommand('chown', ['-R', `${serverUserName}:`, building])
  const own = files.map((file) => basename(file)).find((name) => name.startsWith('odoo-14_'))
  writeFileSync(join(building, 'version'), decodeURIComponent(own?.split('_')[1] ?? 'unknown'))
  rmSync(download, { recursive: true })
  renameSync(building, folder)
}

/** Both are in folders named after the machine's architecture, such as `lib/x86_64-linux-gnu`. */
function findLoader(folder: string): { readonly loader: string; readonly libraries: string } {
  for (const name of readdirSync(join(folder, 'lib'))) {
    const own = join(folder, 'lib', name)
    const file = name.includes('-linux-') ? readdirSync(own).find((entry) => /^ld-[\d.]+\.so$/.test(entry)) : undefined
    if (file === undefined) continue
    return { loader: join(own, file), libraries: `${own}:${join(folder, 'usr/lib', name)}` }
  }
  throw new Error(`${folder} holds no loader of ${suite}: remove the folder to download it again`)
}
