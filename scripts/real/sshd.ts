import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { downloadPackage, installPackages, missingPackages } from './apt.ts'
import { cachePath } from './cache-dir.ts'
import { plainEnvironment, runCommand } from './command.ts'
import { freePort } from './free-port.ts'
import { debianCodename } from './host.ts'
import { withLock } from './lock.ts'
import { progress } from './progress.ts'
import { startServerProcess, stopServerProcess, waitUntilReady } from './server-process.ts'
import { ensureServerUser, ensureSystemUser, type SystemUser, serverUserName } from './system-user.ts'

/** What sshd needs besides what every Debian has, and the programs that make keys and hash passwords. */
const PACKAGES = ['libwrap0', 'openssh-client', 'openssl']

/** Logs in with a password where one is asked for. */
const passwordUser = 'tandem-sftp'
const ROOT: SystemUser = { uid: 0, gid: 0 }

/** A real sshd that serves SFTP, with a key of its own, to one user with one key. */
export interface Sshd {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly privateKey: string
  /** "SHA256:…" */
  readonly hostKey: string
  /** A line for a known_hosts file. */
  readonly knownHost: string
  /** Where the user may write. */
  readonly home: string
  readonly owner: SystemUser
  start(): Promise<void>
  /** Ends it with all its sessions, as a power cut would. */
  stop(): Promise<void>
}

/**
 * Debian's sshd, unpacked and not installed: the machine gets no service. It listens on 127.0.0.1 and runs as an ordinary
 * user, who is also the only one that may log in.
 */
export async function openSshd(directory: string): Promise<Sshd> {
  return open(directory, serverUserName, await ensureServerUser(), ['PasswordAuthentication no'])
}

/**
 * The same for logging in with a password. Only root's sshd can look at passwords, and the user has one as long as it runs.
 */
export async function openPasswordSshd(directory: string): Promise<Sshd & { readonly password: string }> {
  await ensureSystemUser('sshd')
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  await ensureSystemUser(passwordUser)
  const password = randomBytes(12).toString('base64url')
  const how = ['PasswordAuthentication yes', 'PubkeyAuthentication no']
  const sshd = await open(directory, passwordUser, ROOT, how)
  return {
    ...sshd,
    password,
    async start() {
      await runCommand('usermod', ['--password', await hashed(password), passwordUser])
      await sshd.start()
    },
    async stop() {
      await sshd.stop()
      await runCommand('usermod', ['--lock', passwordUser])
    },
  }
}

/** As /etc/shadow has it. */
async function hashed(password: string): Promise<string> {
  return (await runCommand('openssl', ['passwd', '-6', password])).trim()
}

/** @param user The one who may log in. */
async function open(
  directory: string,
  user: string,
  runsAs: SystemUser,
  authentication: readonly string[],
): Promise<Sshd> {
  const program = await ensureSshd()
  const owner = await ensureSystemUser(user)
  const home = join(directory, 'home')
  mkdirSync(home, { recursive: true })
  for (const name of ['host', 'user']) {
    await runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(directory, name)])
  }
  const port = await freePort()
  const config = join(directory, 'sshd_config')
  writeFileSync(
    config,
    `ListenAddress 127.0.0.1:${port}
HostKey ${join(directory, 'host')}
PidFile none
UsePAM no
StrictModes no
${authentication.join('\n')}
AuthorizedKeysFile ${join(directory, 'user.pub')}
Subsystem sftp internal-sftp
ForceCommand internal-sftp
`,
  )
  for (const path of [directory, home, join(directory, 'host'), join(directory, 'user.pub')]) {
    chownSync(path, owner.uid, owner.gid)
  }
  const publicKey = readFileSync(join(directory, 'host.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
  const shown = await runCommand('ssh-keygen', ['-lf', join(directory, 'host.pub')])
  const logFile = join(directory, 'sshd.log')
  let pid: number | null = null
  return {
    host: '127.0.0.1',
    port,
    user,
    privateKey: readFileSync(join(directory, 'user'), 'utf8'),
    hostKey: shown.split(' ')[1] ?? '',
    knownHost: `[127.0.0.1]:${port} ${publicKey}`,
    home,
    owner,
    async start() {
      // Without -D, sshd would leave; with -e, it tells the log.
      const args = ['-D', '-e', '-f', config]
      pid = startServerProcess({ command: program, args, env: plainEnvironment, ...runsAs, cwd: home, logFile })
      await waitUntilReady({ name: 'sshd', pid, logFile, timeoutMs: 20_000 }, () => answers(port))
    },
    async stop() {
      if (pid === null) return
      // Sessions are processes in groups of their own, and would go on.
      const sessions = await descendants(pid)
      for (const each of [pid, ...sessions]) await stopServerProcess(each, 'SIGKILL', 5000)
      pid = null
    },
  }
}

async function ensureSshd(): Promise<string> {
  return withLock(join(cachePath(), 'install.lock'), async () => {
    const missing = await missingPackages(PACKAGES)
    if (missing.length > 0) await installPackages(missing)
    const folder = join(cachePath(), 'sshd')
    const program = join(folder, 'usr/sbin/sshd')
    if (existsSync(program)) return program
    progress('downloading sshd (once)')
    const building = `${folder}.building`
    const download = cachePath('download-sshd')
    rmSync(building, { recursive: true, force: true })
    mkdirSync(building)
    await runCommand('dpkg', ['-x', await downloadPackage('openssh-server', debianCodename(), download), building])
    rmSync(download, { recursive: true })
    renameSync(building, folder)
    return program
  })
}

async function descendants(pid: number): Promise<number[]> {
  const listed = await runCommand('sh', ['-c', 'ps -o pid= --ppid "$0" || true', String(pid)])
  const children = listed.trim().split(/\s+/).filter(Boolean).map(Number)
  const further = await Promise.all(children.map(descendants))
  return [...children, ...further.flat()]
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => resolve(socket.destroy() !== null))
    socket.once('error', () => resolve(false))
  })
}
