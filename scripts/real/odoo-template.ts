import { createHash, randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cachePath } from './cache-dir.ts'
import { runCommand } from './command.ts'
import { withLock } from './lock.ts'
import { odooRole, writeOdooConfig } from './odoo-config.ts'
import type { OdooInstall, OdooSeries } from './odoo-install.ts'
import { type Postgres, runSql, startPostgres } from './postgres.ts'
import { progress } from './progress.ts'

export interface OdooTemplate {
  /** A cluster at rest with the database `templateDatabase`; copy it before it is started. */
  readonly clusterDir: string
  readonly filestoreDir: string
  readonly access: OdooAccess
}

/** What a copy of the template lets in. All of it is random, made with the template. */
export interface OdooAccess {
  /** Of the user `tandem`: an ordinary user who maintains contacts and products, sells, buys, invoices and moves stock. */
  readonly apiKey: string
  /** Of the same user; a key does not open a web session. */
  readonly password: string
  readonly adminApiKey: string
  readonly adminPassword: string
  readonly postgresPassword: string
}

export const templateDatabase = 'tandem_template'
export const adminLogin = 'admin'
export const botLogin = 'tandem'
/** Odoo 14 needs its chart of accounts by name: there it comes with the company's country alone. */
const modules: Readonly<Record<OdooSeries, string>> = {
  '19': 'base,base_automation,contacts,sale_management,purchase,stock,account,sale_stock,crm',
  '14': 'base,base_automation,contacts,l10n_generic_coa,sale_management,purchase,stock',
}
/** What an ordinary user of these modules has; none of them administers anything. */
const botGroups = [
  'base.group_user',
  'base.group_partner_manager',
  'product.group_product_manager',
  'sales_team.group_sale_salesman_all_leads',
  'account.group_account_invoice',
  'purchase.group_purchase_user',
  'stock.group_stock_user',
]

/** Runs in `odoo shell`, which gives it `env`. */
const makeUsers = `
import json, os, odoo
admin = env.ref('base.user_admin')
admin.password = os.environ['ADMIN_PASSWORD']
# Not every version has all of them: where products have no managers of their own, those of sales maintain them.
groups = [ref.id for ref in (env.ref(name, raise_if_not_found=False) for name in '${botGroups.join(' ')}'.split()) if ref]
if not env.ref('product.group_product_manager', raise_if_not_found=False) and 'sale.order' in env:
    groups.append(env.ref('sales_team.group_sale_manager').id)
bot = env['res.users'].with_context(no_reset_password=True).create(
    {'name': 'Tandem', 'login': '${botLogin}', 'email': 'tandem@example.com', 'password': os.environ['PASSWORD'],
     ('group_ids' if 'group_ids' in env['res.users'] else 'groups_id'): [(6, 0, groups)]})
# Without an end, where keys have one (since 18).
unlimited = [None] if odoo.release.version_info[0] >= 18 else []
key = lambda user: env['res.users.apikeys'].with_user(user).sudo()._generate('rpc', 'tandem', *unlimited)
keys = {'apiKey': key(bot), 'adminApiKey': key(admin)}
env.cr.commit()
with open(os.environ['KEYS_FILE'], 'w') as file:
    json.dump(keys, file)
`

/** A database with the modules that the tests use, made once for each version of Odoo, of PostgreSQL and of this recipe. */
export async function ensureOdooTemplate(install: OdooInstall): Promise<OdooTemplate> {
  const recipe = [
    install.version,
    install.postgresBinDir,
    modules[install.series],
    makeUsers,
    JSON.stringify(install.user),
  ]
  const name = createHash('sha256').update(recipe.join('\n')).digest('hex').slice(0, 16)
  const folder = join(cachePath('templates'), name)
  if (!existsSync(folder)) {
    await withLock(join(cachePath(), 'template.lock'), async () => {
      if (!existsSync(folder)) await buildTemplate(install, folder)
    })
  }
  return {
    clusterDir: join(folder, 'cluster'),
    filestoreDir: join(folder, 'data/filestore', templateDatabase),
    access: JSON.parse(readFileSync(join(folder, 'access.json'), 'utf8')) as OdooAccess,
  }
}

async function buildTemplate(install: OdooInstall, folder: string): Promise<void> {
  progress('making the template database (once, about 60 s)')
  const building = `${folder}.building`
  rmSync(building, { recursive: true, force: true })
  makeOwnedDir(building, install)
  const postgres = await startPostgres({
    dataDir: join(building, 'cluster'),
    binDir: install.postgresBinDir,
    user: install.user,
    logFile: join(building, 'postgres.log'),
    durable: false,
  })
  try {
    const access = await fillTemplate(install, postgres, building)
    writeFileSync(join(building, 'access.json'), JSON.stringify(access), { mode: 0o600 })
  } finally {
    await postgres.stop()
  }
  renameSync(building, folder)
}

async function fillTemplate(install: OdooInstall, postgres: Postgres, building: string): Promise<OdooAccess> {
  const postgresPassword = randomBytes(18).toString('hex')
  const adminPassword = randomBytes(9).toString('hex')
  const password = randomBytes(9).toString('hex')
  await runSql(postgres.url, [`CREATE ROLE ${odooRole} LOGIN CREATEDB PASSWORD '${postgresPassword}'`])
  const dataDir = join(building, 'data')
  makeOwnedDir(dataDir, install)
  const configFile = join(building, 'odoo.conf')
  const ports = { postgresPort: postgres.port, httpPort: 0, geventPort: 0 }
  writeOdooConfig(
    configFile,
    { database: templateDatabase, dataDir, postgresPassword, ...ports, workers: 0 },
    install.user,
  )

  const keysFile = join(dataDir, 'keys.json')
  const env = { ...install.env, HOME: dataDir, KEYS_FILE: keysFile, ADMIN_PASSWORD: adminPassword, PASSWORD: password }
  const run = (args: readonly string[], stdin = '') =>
    runCommand(install.command, [...install.commandArgs, ...args], { env, cwd: dataDir, stdin, ...install.user })
  await run(['-c', configFile, '-i', modules[install.series], '--stop-after-init', '--no-http'])
  await run(['shell', '-c', configFile, '--no-http'], makeUsers)
  const keys = JSON.parse(readFileSync(keysFile, 'utf8')) as Pick<OdooAccess, 'apiKey' | 'adminApiKey'>
  rmSync(keysFile)
  return { ...keys, password, adminPassword, postgresPassword }
}

function makeOwnedDir(path: string, install: OdooInstall): void {
  mkdirSync(path, { recursive: true })
  chownSync(path, install.user.uid, install.user.gid)
}
