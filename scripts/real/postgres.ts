import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { plainEnvironment, runCommand } from './command.ts'
import { freePort } from './free-port.ts'
import { isAlive, startServerProcess, stopServerProcess, waitUntilReady } from './server-process.ts'
import type { SystemUser } from './system-user.ts'

export interface PostgresOptions {
  /** Made with initdb when it holds no cluster yet; its parent must exist. */
  readonly dataDir: string
  readonly binDir: string
  readonly user: SystemUser
  readonly logFile: string
  readonly port?: number | undefined
  /** True: PostgreSQL's own defaults. False: does not wait for the disk, which a test does not need. */
  readonly durable: boolean
}

export interface Postgres {
  readonly port: number
  readonly pid: number
  /** The superuser's. */
  readonly url: string
  stop(): Promise<void>
}

/** Starts a PostgreSQL of our own on 127.0.0.1, with no socket in the file system. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const passwordFile = join(options.dataDir, 'superuser-password')
  if (!existsSync(join(options.dataDir, 'PG_VERSION'))) await makeCluster(options, passwordFile)
  // A server that was killed leaves it behind, and the process number in it may be another process's by now.
  rmSync(join(options.dataDir, 'postmaster.pid'), { force: true })
  const password = readFileSync(passwordFile, 'utf8')

  // Between the choice of the port and the start another process may take it.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(attempt === 1 ? options.port : undefined)
    const pid = startServerProcess({
      command: join(options.binDir, 'postgres'),
      args: ['-D', options.dataDir, ...settings(port, options.durable)],
      env: plainEnvironment,
      ...options.user,
      cwd: options.dataDir,
      logFile: options.logFile,
    })
    const url = postgresUrl({ port, user: 'postgres', password, database: 'postgres' })
    try {
      await waitUntilReady({ name: 'PostgreSQL', pid, logFile: options.logFile, timeoutMs: 60_000 }, () => answers(url))
      // A fast shutdown: ends the sessions, keeps the data.
      return { port, pid, url, stop: () => stopServerProcess(pid, 'SIGINT', 30_000) }
    } catch (error) {
      const lostThePort = !isAlive(pid) && attempt < 3
      await stopServerProcess(pid, 'SIGQUIT', 5_000)
      if (!lostThePort) throw error
    }
  }
}

export function postgresUrl(to: { port: number; user: string; password: string; database: string }): string {
  return `postgresql://${to.user}:${to.password}@127.0.0.1:${to.port}/${to.database}`
}

/** Runs statements one after the other, each in a transaction of its own (CREATE DATABASE takes no other). */
export async function runSql(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

async function makeCluster(options: PostgresOptions, passwordFile: string): Promise<void> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
  chownSync(options.dataDir, options.user.uid, options.user.gid)
  // initdb wants an empty folder, so the file moves in afterwards.
  const newPasswordFile = `${options.dataDir}.password`
  writeFileSync(newPasswordFile, randomBytes(18).toString('hex'), { mode: 0o600 })
  chownSync(newPasswordFile, options.user.uid, options.user.gid)
  const args = ['-D', options.dataDir, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${newPasswordFile}`]
  await runCommand(join(options.binDir, 'initdb'), [...args, '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'], {
    ...options.user,
    env: plainEnvironment,
    cwd: options.dataDir,
  })
  renameSync(newPasswordFile, passwordFile)
}

function settings(port: number, durable: boolean): string[] {
  const pairs = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  return Object.entries(pairs).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1000 })
  // A server that is only starting ends the connection; that is an answer too.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
