import { chownSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { runCommand } from './command.ts'
import { freePort } from './free-port.ts'
import { odooRole, writeOdooConfig } from './odoo-config.ts'
import type { OdooInstall } from './odoo-install.ts'
import { type OdooAddress, odooAnswers } from './odoo-ready.ts'
import { botLogin, type OdooAccess, type OdooTemplate, templateDatabase } from './odoo-template.ts'
import { type Postgres, postgresUrl, runSql } from './postgres.ts'
import { isAlive, type ServerCommand, startServerProcess, stopServerProcess, waitUntilReady } from './server-process.ts'

export interface OdooOptions {
  readonly install: OdooInstall
  readonly template: OdooTemplate
  /** Started on a copy of the template's cluster. */
  readonly postgres: Postgres
  /** Made from the template when it does not exist. A plain SQL name. */
  readonly database: string
  /** Configuration, log and data are kept in this folder, which must exist. */
  readonly directory: string
  readonly workers: number
  readonly port?: number | undefined
}

export interface Odoo extends OdooAddress, OdooAccess {
  readonly pid: number
  readonly port: number
  /** Odoo's own database, as the role that owns it. */
  readonly postgresUrl: string
  /** To start it again on the same port after it was stopped. */
  readonly server: ServerCommand
  stop(): Promise<void>
}

export async function startOdoo(options: OdooOptions): Promise<Odoo> {
  const { install, template, postgres, database, directory } = options
  const { access } = template
  const dataDir = join(directory, 'data')
  makeOwnedDir(dataDir, install)
  await ensureDatabase(options, dataDir)
  const configFile = join(directory, 'odoo.conf')
  const server: ServerCommand = {
    command: install.command,
    args: [...install.commandArgs, '-c', configFile],
    env: { ...install.env, HOME: dataDir },
    ...install.user,
    cwd: dataDir,
    logFile: join(directory, 'odoo.log'),
  }

  // Between the choice of the port and the start another process may take it.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(attempt === 1 ? options.port : undefined)
    const ports = { postgresPort: postgres.port, httpPort: port, geventPort: await freePort() }
    const { postgresPassword } = access
    writeOdooConfig(
      configFile,
      { database, dataDir, postgresPassword, ...ports, workers: options.workers },
      install.user,
    )
    const address = { url: `http://127.0.0.1:${port}`, login: botLogin, apiKey: access.apiKey, database }
    const pid = startServerProcess(server)
    try {
      await waitForOdoo(pid, server, address)
      return {
        ...access,
        ...address,
        pid,
        port,
        postgresUrl: postgresUrl({ port: postgres.port, user: odooRole, password: postgresPassword, database }),
        server,
        stop: () => stopOdooProcess(pid, 'SIGTERM'),
      }
    } catch (error) {
      const lostThePort = !isAlive(pid) && attempt < 3
      await stopOdooProcess(pid, 'SIGKILL')
      if (!lostThePort) throw error
    }
  }
}

export async function waitForOdoo(pid: number, server: ServerCommand, address: OdooAddress): Promise<void> {
  const { logFile } = server
  await waitUntilReady({ name: 'Odoo', pid, logFile, timeoutMs: 120_000 }, () => odooAnswers(address))
}

/** SIGTERM lets running requests end; SIGKILL is the crash. */
export async function stopOdooProcess(pid: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  await stopServerProcess(pid, signal, 10_000)
}

async function ensureDatabase(options: OdooOptions, dataDir: string): Promise<void> {
  const client = new pg.Client({ connectionString: options.postgres.url })
  await client.connect()
  const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [options.database])
  await client.end()
  if (found.rowCount !== 0) return
  if (existsSync(options.template.filestoreDir)) {
    const filestore = join(dataDir, 'filestore')
    makeOwnedDir(filestore, options.install)
    await runCommand('cp', ['-a', `${options.template.filestoreDir}/.`, join(filestore, options.database)])
  }
  await runSql(options.postgres.url, [
    `CREATE DATABASE ${options.database} TEMPLATE ${templateDatabase} OWNER ${odooRole} STRATEGY FILE_COPY`,
  ])
}

function makeOwnedDir(path: string, install: OdooInstall): void {
  mkdirSync(path, { recursive: true })
  chownSync(path, install.user.uid, install.user.gid)
}
