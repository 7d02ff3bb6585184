import { chownSync, writeFileSync } from 'node:fs'
import type { SystemUser } from './system-user.ts'

export interface OdooConfig {
  readonly database: string
  readonly dataDir: string
  readonly postgresPort: number
  readonly postgresPassword: string
  readonly httpPort: number
  readonly geventPort: number
  /** 0: one process with threads, which a test needs. 2: what a real deployment runs. */
  readonly workers: number
}

const noLimitS = 86_400
const noLimitBytes = 64 * 1024 ** 3

/** Writes Odoo's configuration file. Not the command line, because it holds a password. */
export function writeOdooConfig(file: string, config: OdooConfig, user: SystemUser): void {
  const options = {
    db_host: '127.0.0.1',
    db_port: config.postgresPort,
    db_user: odooRole,
    db_password: config.postgresPassword,
    db_name: config.database,
    dbfilter: `^${config.database}$`,
    list_db: false,
    data_dir: config.dataDir,
    http_interface: '127.0.0.1',
    http_port: config.httpPort,
    gevent_port: config.geventPort,
    // The same, by its name before 16.
    longpolling_port: config.geventPort,
    workers: config.workers,
    // Odoo's own jobs (clean-ups, mail) would come and go in the middle of a test.
    max_cron_threads: 0,
    // The defaults end a request after two minutes and restart a server that has grown: that would end a test.
    limit_time_cpu: noLimitS,
    limit_time_real: noLimitS,
    limit_time_real_cron: noLimitS,
    limit_memory_soft: noLimitBytes,
    limit_memory_hard: noLimitBytes,
    without_demo: 'True',
  }
  const lines = Object.entries(options).map(([name, value]) => `${name} = ${value === false ? 'False' : value}`)
  writeFileSync(file, ['[options]', ...lines, ''].join('\n'), { mode: 0o600 })
  chownSync(file, user.uid, user.gid)
}

/** Odoo's role in PostgreSQL; it owns Odoo's databases. */
export const odooRole = 'odoo'
