import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sourcesForSuite } from './apt-sources.ts'
import { runCommand } from './command.ts'
import { debianCodename } from './host.ts'

const lockTimeoutS = 600
const aptEnvironment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' } as Record<
  string,
  string
>

/** Those of `packages` that are not installed. */
export async function missingPackages(packages: readonly string[]): Promise<string[]> {
  const format = `\${Package} \${db:Status-Status}\n`
  // dpkg-query fails when it does not know one of the names, after it has listed the others.
  const listed = await runCommand('sh', ['-c', 'dpkg-query -W -f="$0" "$@" 2>/dev/null || true', format, ...packages])
  const installed = new Set(
    listed
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  )
  return packages.filter((name) => !installed.has(name))
}

/** Installs packages of the machine's own Debian. */
export async function installPackages(packages: readonly string[]): Promise<void> {
  // A third party's broken source fails the whole update; whether the packages can be had is for the install to say.
  const updateError = await aptGet(['update']).then(
    () => null,
    (error: unknown) => error,
  )
  try {
    await aptGet(['install', '-y', '--no-install-recommends', ...packages])
  } catch (error) {
    throw new Error(`apt could not install ${packages.join(' ')}`, { cause: updateError ?? error })
  }
}

/** Downloads one package of another suite from the machine's own mirror, leaving the machine's package lists alone. */
export async function downloadPackage(name: string, suite: string, workDir: string): Promise<string> {
  const options = await updateLists(suite, workDir, [])
  await aptGet([...options, 'download', name], workDir)
  rmSync(join(workDir, 'lists'), { recursive: true })
  const file = readdirSync(workDir).find((entry) => entry.startsWith(`${name}_`) && entry.endsWith('.deb'))
  if (file === undefined) throw new Error(`apt-get download ${name} left no file`)
  return join(workDir, file)
}

/**
 * Downloads a package of another suite with everything that it depends on, down to the C library, as if nothing were
 * installed but `without`. Gives the files.
 */
export async function downloadWithDependencies(
  name: string,
  suite: string,
  without: readonly string[],
  workDir: string,
): Promise<string[]> {
  const status = join(workDir, 'status')
  const archives = join(workDir, 'archives')
  await mkdir(join(archives, 'partial'), { recursive: true })
  const architecture = (await runCommand('dpkg', ['--print-architecture'])).trim()
  const about = `Status: install ok installed\nVersion: 999\nArchitecture: ${architecture}\nMulti-Arch: foreign`
  const stanzas = without.map((left) => `Package: ${left}\n${about}\nMaintainer: none\nDescription: left out\n\n`)
  writeFileSync(status, stanzas.join(''))
  const state = [`Dir::State::status=${status}`, `Dir::Cache::archives=${archives}`, 'Debug::NoLocking=1']
  const options = await updateLists(suite, workDir, state)
  await aptGet([...options, 'install', '-y', '--no-install-recommends', '--download-only', name])
  return readdirSync(archives)
    .filter((entry) => entry.endsWith('.deb'))
    .map((entry) => join(archives, entry))
}

/** Reads what another suite has, with lists of its own in `workDir`. Gives the options that make apt use them. */
async function updateLists(suite: string, workDir: string, settings: readonly string[]): Promise<string[]> {
  const codename = debianCodename()
  const sources = sourcesForSuite(codename, suite)
  if (sources === null)
    throw new Error(`apt's sources name no Debian mirror with the suite ${codename}: cannot derive ${suite}`)
  const list = join(workDir, `${suite}.${sources.extension}`)
  const lists = join(workDir, 'lists')
  await mkdir(join(lists, 'partial'), { recursive: true })
  writeFileSync(list, sources.text)
  const options = [
    `Dir::Etc::sourcelist=${list}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::Lists=${lists}`,
    'Dir::Cache::pkgcache=',
    'Dir::Cache::srcpkgcache=',
    'Acquire::Languages=none',
    // apt's download user may not write here; the signatures are checked all the same.
    'APT::Sandbox::User=root',
    ...settings,
  ].flatMap((option) => ['-o', option])
  await aptGet([...options, 'update'])
  return options
}

/**
 * Installs PostgreSQL's programs without the cluster that Debian would make and start: the machine gets no service.
 * The setting is put back afterwards.
 */
export async function installPostgresPrograms(): Promise<void> {
  const settings = '/etc/postgresql-common/createcluster.conf'
  if (!existsSync(settings)) await installPackages(['postgresql-common'])
  const before = readFileSync(settings, 'utf8')
  writeFileSync(settings, `${before}\ncreate_main_cluster = false\n`)
  try {
    await installPackages(['postgresql'])
  } finally {
    writeFileSync(settings, before)
  }
}

/** Waits for another apt: its lock time-out does not cover the lock of the package lists. */
async function aptGet(args: readonly string[], cwd?: string): Promise<void> {
  const options = ['-q', '-o', `DPkg::Lock::Timeout=${lockTimeoutS}`, '-o', 'Dpkg::Options::=--force-confold']
  const deadline = Date.now() + lockTimeoutS * 1000
  for (;;) {
    try {
      await runCommand('apt-get', [...options, ...args], { env: aptEnvironment, ...(cwd === undefined ? {} : { cwd }) })
      return
    } catch (error) {
      if (!/Could not get lock|Unable to lock/.test(String(error)) || Date.now() > deadline) throw error
      await sleep(2000)
    }
  }
}
