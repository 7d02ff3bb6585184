import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './command.ts'
import { stopServersOf } from './leftovers.ts'
import { ensureOdoo14 } from './odoo-14-install.ts'
import { ensureOdoo19, type OdooSeries } from './odoo-install.ts'
import { type Odoo, startOdoo } from './odoo-server.ts'
import { ensureOdooTemplate, type OdooAccess, type OdooTemplate } from './odoo-template.ts'
import { type Postgres, startPostgres } from './postgres.ts'
import { ensurePostgresPrograms } from './postgres-programs.ts'
import { progress } from './progress.ts'
import { ensureShop } from './shop.ts'
import { ensureServerUser } from './system-user.ts'

export interface StackOptions {
  /** '19' if absent. */
  readonly series?: OdooSeries
  /** Everything that belongs to this stack. A folder with a stack's data is gone on with; an empty one starts clean. */
  readonly directory: string
  readonly database: string
  /** 0: one process with threads, which a test needs. 2: what a real deployment runs. */
  readonly workers: number
  /** True: PostgreSQL's own defaults. False: does not wait for the disk. */
  readonly durable: boolean
  /** Taken where they are free. */
  readonly ports?: { readonly odoo?: number; readonly postgres?: number }
}

/** A real Odoo, and the PostgreSQL that holds its database and one more, empty, for the other side: `shop`. */
export interface Stack {
  readonly series: OdooSeries
  readonly odoo: Odoo
  readonly postgres: Postgres
  readonly shopUrl: string
  /** Stops both, also an Odoo that was started again since. */
  stop(): Promise<void>
}

export async function startStack(options: StackOptions): Promise<Stack> {
  const { directory, database, workers, durable, ports } = options
  const install = await (options.series === '14' ? ensureOdoo14() : ensureOdoo19())
  const dataDir = join(directory, 'cluster')
  const template = await templateOf(await ensureOdooTemplate(install), directory, dataDir)

  progress(`starting PostgreSQL and Odoo ${install.series}`)
  const postgres = await startPostgres({
    dataDir,
    binDir: install.postgresBinDir,
    user: install.user,
    logFile: join(directory, 'postgres.log'),
    durable,
    port: ports?.postgres,
  })
  try {
    const shopUrl = await ensureShop(postgres, directory)
    const odoo = await startOdoo({ install, template, postgres, database, directory, workers, port: ports?.odoo })
    const stop = async () => {
      await odoo.stop()
      await stopServersOf(directory, install.user)
    }
    return { series: install.series, odoo, postgres, shopUrl, stop }
  } catch (error) {
    await postgres.stop()
    throw error
  }
}

/** Only the other side, for someone who brings an Odoo of their own. */
export async function startShopOnly(directory: string): Promise<{ readonly shopUrl: string; stop(): Promise<void> }> {
  const user = await ensureServerUser()
  const postgres = await startPostgres({
    dataDir: join(directory, 'cluster'),
    binDir: await ensurePostgresPrograms(),
    user,
    logFile: join(directory, 'postgres.log'),
    durable: false,
  })
  return { shopUrl: await ensureShop(postgres, directory), stop: postgres.stop }
}

/**
 * The template as this stack has it: a kept one keeps the passwords and keys that it was made with, also when the template
 * was made anew since.
 */
async function templateOf(template: OdooTemplate, directory: string, dataDir: string): Promise<OdooTemplate> {
  const accessFile = join(directory, 'access.json')
  if (!existsSync(dataDir)) {
    writeFileSync(accessFile, JSON.stringify(template.access), { mode: 0o600 })
    await copyCluster(template.clusterDir, dataDir)
  }
  if (!existsSync(accessFile))
    throw new Error(`${directory} holds no access.json, with which it was made. Begin anew: npm run odoo -- --reset`)
  return { ...template, access: JSON.parse(readFileSync(accessFile, 'utf8')) as OdooAccess }
}

async function copyCluster(from: string, to: string): Promise<void> {
  const copying = `${to}.copying`
  rmSync(copying, { recursive: true, force: true })
  await runCommand('cp', ['-a', '--reflink=auto', '-T', from, copying])
  renameSync(copying, to)
}
