// `npm run test:real`: the tests in test/real against a real Odoo and a real PostgreSQL, which are brought up for them
// unless the environment names others. Further arguments go to vitest.
import { join } from 'node:path'
import { whyHostCannotRunServers } from './real/host.ts'
import { writeOdooControl } from './real/odoo-control.ts'
import { progress, tellFailure } from './real/progress.ts'
import { runVitest } from './real/run-vitest.ts'
import { startShopOnly, startStack } from './real/stack.ts'
import { openRunDirectory } from './real/stack-directory.ts'
import { stackEnvironment } from './real/stack-environment.ts'
import { untilStopSignal } from './real/stop-signals.ts'

const odooVariables = ['ODOO_URL', 'ODOO_DB', 'ODOO_API_KEY']
const howToPoint = `Point it at an Odoo 19 and a PostgreSQL that may be filled with test data:

  ODOO_URL=http://… ODOO_DB=… ODOO_API_KEY=… PG_URL=postgresql://user:password@host/database npm run test:real

The API key's user must be allowed to maintain contacts. With ODOO_ADMIN_API_KEY and ODOO_PG_URL (Odoo's own
database) set as well, the tests that act as another person or hold a transaction open run too.`

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
  const directory = await openRunDirectory()
  try {
    const servers = hasOdoo ? await bringUpShop(directory.path) : await bringUpBoth(directory.path)
    try {
      return await runVitest('real', { ...process.env, ...servers.environment }, stopped)
    } finally {
      await servers.stop()
    }
  } finally {
    directory.release()
  }
}

async function bringUpBoth(directory: string): Promise<Servers> {
  const startedAt = performance.now()
  const stack = await startStack({ directory, database: 'tandem_test', workers: 0, durable: false })
  const { pid, server, url, login, database, apiKey } = stack.odoo
  const controlFile = join(directory, 'odoo-control.json')
  writeOdooControl(controlFile, { pid, server, url, login, database, apiKey })
  progress(`Odoo and PostgreSQL are up after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  const own = { ...stackEnvironment(stack), TANDEM_REAL: controlFile }
  const given = process.env.PG_URL
  return { environment: given === undefined || given === '' ? own : { ...own, PG_URL: given }, stop: stack.stop }
}

async function bringUpShop(directory: string): Promise<Servers> {
  const { shopUrl, stop } = await startShopOnly(directory)
  return { environment: { PG_URL: shopUrl }, stop }
}

function isSet(name: string): boolean {
  return (process.env[name] ?? '') !== ''
}
