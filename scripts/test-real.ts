// `npm run test:real`: the tests in test/real against a real Odoo, PostgreSQL and MariaDB, which are brought up for them
// unless the environment names others. Further arguments go to vitest.
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { whyHostCannotRunServers } from './real/host.ts'
import { startMariaDb } from './real/mariadb.ts'
import { progress, tellFailure } from './real/progress.ts'
import { runVitest } from './real/run-vitest.ts'
import { startShopOnly } from './real/stack.ts'
import { openRunDirectory } from './real/stack-directory.ts'
import { untilStopSignal } from './real/stop-signals.ts'
import { startWorkerStacks } from './real/worker-stacks.ts'

/** Test files at once, each with an Odoo of its own: half of the time they wait for its clock. */
const MOST_WORKERS = 3

const odooVariables = ['ODOO_URL', 'ODOO_DB', 'ODOO_API_KEY']
const howToPoint = `Point it at an Odoo 19 and a PostgreSQL that may be filled with test data:

  ODOO_URL=http://… ODOO_DB=… ODOO_API_KEY=… PG_URL=postgresql://user:password@host/database npm run test:real

The API key's user must be allowed to maintain contacts. With ODOO_ADMIN_API_KEY and ODOO_PG_URL (Odoo's own
database) set as well, the tests that act as another person or hold a transaction open run too; with ODOO_LOGIN,
ODOO_PASSWORD, ODOO_ADMIN_LOGIN and ODOO_ADMIN_PASSWORD those of every protocol, and with ODOO14_URL, ODOO14_DB and so on
those of an Odoo 14; with
MYSQL_URL=mysql://user:password@host/database those of a MariaDB or MySQL in which they may make databases.`

interface Servers {
  readonly environment: Readonly<Record<string, string>>
  stop(): Promise<void>
}

process.exitCode = await main().catch((error: unknown) => {
  tellFailure(error)
  return 1
})

async function main(): Promise<number> {
  const missing = odooVariables.filter((name) => !isSet(name))
  if (missing.length > 0 && missing.length < odooVariables.length) {
    progress(`${missing.join(' and ')} must be set as well, or none of ${odooVariables.join(', ')}\n\n${howToPoint}`)
    return 2
  }
  const hasOdoo = missing.length === 0
  if (hasOdoo && isSet('PG_URL')) return runVitest('real', process.env, untilStopSignal())

  const reason = whyHostCannotRunServers()
  if (reason !== null) {
    progress(`cannot bring up ${hasOdoo ? 'PostgreSQL' : 'Odoo and PostgreSQL'} here: ${reason}\n\n${howToPoint}`)
    return 2
  }
  const stopped = untilStopSignal()
  const given = isSet('PG_URL') ? { PG_URL: process.env.PG_URL } : {}
  const directory = await openRunDirectory()
  try {
    const servers = await withMariaDb(directory.path, () =>
      hasOdoo ? bringUpShop(directory.path) : bringUpOdoos(directory.path),
    )
    try {
      return await runVitest('real', { ...process.env, ...servers.environment, ...given }, stopped)
    } finally {
      await servers.stop()
    }
  } finally {
    directory.release()
  }
}

/** MariaDB, where a test needs it, beside the others. */
async function withMariaDb(directory: string, bringUpOthers: () => Promise<Servers>): Promise<Servers> {
  const isNeeded = namedTests(process.argv.slice(2)).some((file) => file.includes('mysql'))
  if (isSet('MYSQL_URL') || !isNeeded) return bringUpOthers()
  const mariaDb = await startMariaDb(directory)
  try {
    const others = await bringUpOthers()
    const stop = async () => {
      await mariaDb.stop()
      await others.stop()
    }
    return { environment: { ...others.environment, MYSQL_URL: mariaDb.url }, stop }
  } catch (error) {
    await mariaDb.stop()
    throw error
  }
}

/** Odoo 14 only where a test needs it: it takes some seconds to start. */
function bringUpOdoos(directory: string): Promise<Servers> {
  const tests = namedTests(process.argv.slice(2))
  const needsOdoo14 = !isSet('ODOO14_URL') && tests.some((file) => file.includes('odoo-14'))
  return startWorkerStacks(directory, Math.min(MOST_WORKERS, tests.length), needsOdoo14)
}

/** Vitest runs the files whose path holds one of its arguments. Those of Odoo 14 and of MariaDB say so in their names. */
function namedTests(args: readonly string[]): readonly string[] {
  const folder = fileURLToPath(new URL('../test/real', import.meta.url))
  const files = readdirSync(folder, { recursive: true }).map((file) => `test/real/${String(file)}`)
  const tests = files.filter((file) => file.endsWith('.test.ts'))
  const named = tests.filter((file) =>
    args.some((arg) => !arg.startsWith('-') && file.includes(arg.replace(/^\.\//, ''))),
  )
  return named.length === 0 ? tests : named
}

async function bringUpShop(directory: string): Promise<Servers> {
  const { shopUrl, stop } = await startShopOnly(directory)
  return { environment: { PG_URL: shopUrl }, stop }
}

function isSet(name: string): boolean {
  return (process.env[name] ?? '') !== ''
}
