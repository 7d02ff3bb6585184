import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { plainEnvironment, runCommand } from './command.ts'
import { freePort } from './free-port.ts'
import { ensureMariaDbPrograms } from './mariadb-programs.ts'
import { progress } from './progress.ts'
import { isAlive, startServerProcess, stopServerProcess, waitUntilReady } from './server-process.ts'
import { ensureServerUser, type SystemUser } from './system-user.ts'

export interface MariaDb {
  readonly port: number
  readonly pid: number
  /** Of the user `shop`, who may do everything in every database. */
  readonly url: string
  stop(): Promise<void>
}

const shop = 'shop'

/** Starts a MariaDB of our own on 127.0.0.1 with its data in `directory`, as a user that is not root. */
export async function startMariaDb(directory: string): Promise<MariaDb> {
  const programs = await ensureMariaDbPrograms()
  const user = await ensureServerUser()
  progress('starting MariaDB')
  const dataDir = join(directory, 'mariadb')
  const passwordFile = join(directory, 'mariadb-password')
  if (!existsSync(passwordFile)) await makeData(programs.installer, dataDir, passwordFile, user)
  const password = readFileSync(passwordFile, 'utf8')
  const initFile = join(dataDir, 'tandem-init.sql')
  const logFile = join(directory, 'mariadb.log')

  // Between the choice of the port and the start another process may take it.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(undefined)
    const pid = startServerProcess({
      command: programs.server,
      args: ['--no-defaults', ...settings(dataDir, initFile, port)],
      env: plainEnvironment,
      ...user,
      cwd: dataDir,
      logFile,
    })
    const url = `mysql://${shop}:${password}@127.0.0.1:${port}/${shop}`
    try {
      await waitUntilReady({ name: 'MariaDB', pid, logFile, timeoutMs: 60_000 }, () => answers(url))
      return { port, pid, url, stop: () => stopServerProcess(pid, 'SIGTERM', 30_000) }
    } catch (error) {
      const lostThePort = !isAlive(pid) && attempt < 3
      await stopServerProcess(pid, 'SIGKILL', 5_000)
      if (!lostThePort) throw error
    }
  }
}

async function makeData(installer: string, dataDir: string, passwordFile: string, user: SystemUser): Promise<void> {
  const making = `${dataDir}.making`
  for (const folder of [making, dataDir]) rmSync(folder, { recursive: true, force: true })
  mkdirSync(making, { mode: 0o700 })
  chownSync(making, user.uid, user.gid)
  const args = ['--no-defaults', `--datadir=${making}`, '--auth-root-authentication-method=normal', '--skip-test-db']
  await runCommand(installer, args, { ...user, env: plainEnvironment, cwd: making })
  const password = randomBytes(18).toString('hex')
  // Run at each start: the administrator has no password, so nobody may come in as him over the network.
  const statements = [
    'DELETE FROM mysql.global_priv WHERE User = "root"',
    'FLUSH PRIVILEGES',
    `CREATE DATABASE IF NOT EXISTS ${shop} CHARACTER SET utf8mb4`,
    `CREATE USER IF NOT EXISTS '${shop}'@'127.0.0.1' IDENTIFIED BY '${password}'`,
    `GRANT ALL PRIVILEGES ON *.* TO '${shop}'@'127.0.0.1' WITH GRANT OPTION`,
  ]
  const initFile = join(making, 'tandem-init.sql')
  writeFileSync(initFile, statements.map((statement) => `${statement};\n`).join(''), { mode: 0o600 })
  chownSync(initFile, user.uid, user.gid)
  renameSync(making, dataDir)
  writeFileSync(passwordFile, password, { mode: 0o600 })
}

function settings(dataDir: string, initFile: string, port: number): string[] {
  return [
    `--datadir=${dataDir}`,
    `--init-file=${initFile}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    `--socket=${join(dataDir, 'mariadb.sock')}`,
    `--pid-file=${join(dataDir, 'mariadb.pid')}`,
    '--innodb-buffer-pool-size=64M',
    // A test does not need to wait for the disk.
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-flush-method=nosync',
    '--innodb-log-file-size=32M',
    '--skip-sync-frm',
  ]
}

async function answers(url: string): Promise<boolean> {
  try {
    const client = await createConnection(url)
    await client.query('select 1')
    await client.end()
    return true
  } catch {
    return false
  }
}
