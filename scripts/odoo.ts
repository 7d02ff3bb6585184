// `npm run odoo`: a real Odoo and a real PostgreSQL to work with by hand, until Ctrl-C.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { whyHostCannotRunServers } from './real/host.ts'
import { ODOO_SERIES } from './real/odoo-install.ts'
import { adminLogin, botLogin } from './real/odoo-template.ts'
import { progress, tellFailure } from './real/progress.ts'
import { isAlive } from './real/server-process.ts'
import { type Stack, startStack } from './real/stack.ts'
import { openKeptDirectory } from './real/stack-directory.ts'
import { asShellExports, stackEnvironment } from './real/stack-environment.ts'
import { untilStopSignal } from './real/stop-signals.ts'

process.exitCode = await main().catch((error: unknown) => {
  tellFailure(error)
  return 1
})

function usage(): number {
  console.log(`Usage: npm run odoo [-- --version 19|14] [--reset]

Starts a real Odoo, 19 unless it says 14, and a real PostgreSQL on 127.0.0.1 and stays until Ctrl-C. The data is
kept from one start to the next; --reset begins with a clean database. Needs Debian and root.`)
  return 0
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      reset: { type: 'boolean', default: false },
      version: { type: 'string', default: '19' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return usage()
  const series = ODOO_SERIES.find((one) => one === values.version)
  if (series === undefined) {
    progress(`--version takes ${ODOO_SERIES.join(' or ')}, not "${values.version}"`)
    return 2
  }
  const reason = whyHostCannotRunServers()
  if (reason !== null) {
    progress(
      `cannot bring up Odoo here: ${reason}. Any Odoo 14 to 19 that you can reach will do: put its address into config.yaml.`,
    )
    return 2
  }
  const stopped = untilStopSignal()
  const directory = await openKeptDirectory(series === '19' ? 'odoo' : `odoo-${series}`, { reset: values.reset })
  if (directory === null) {
    progress('another `npm run odoo` of this checkout is running; set TANDEM_CACHE to another folder for a second one')
    return 1
  }
  try {
    const ports = previousPorts(directory.path)
    const stack = await startStack({
      series,
      directory: directory.path,
      database: 'tandem',
      workers: 0,
      durable: false,
      ports,
    })
    rememberPorts(directory.path, stack)
    const exportsFile = join(directory.path, 'environment.sh')
    writeFileSync(exportsFile, asShellExports(stackEnvironment(stack)), { mode: 0o600 })
    console.log(description(stack, exportsFile))
    const ended = await firstEnd(stack, stopped)
    progress(ended === null ? 'stopping' : `${ended} has ended by itself; the logs are in ${directory.path}`)
    await stack.stop()
    return ended === null ? 0 : 1
  } finally {
    directory.release()
  }
}

/** Null at a signal to stop, else the name of the server that ended before. */
function firstEnd({ odoo, postgres }: Stack, stopped: Promise<NodeJS.Signals>): Promise<string | null> {
  return new Promise((resolve) => {
    const settle = (ended: string | null) => {
      clearInterval(timer)
      resolve(ended)
    }
    // The timer also keeps this process alive: waiting for a signal does not.
    const timer = setInterval(() => {
      if (!isAlive(postgres.pid)) settle('PostgreSQL')
      else if (!isAlive(odoo.pid)) settle('Odoo')
    }, 1000)
    void stopped.then(() => settle(null))
  })
}

interface Ports {
  readonly odoo: number
  readonly postgres: number
}

/** The same ports as the last time, so that a config.yaml stays right. */
function previousPorts(directory: string): Ports {
  const file = join(directory, 'ports.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Ports) : { odoo: 8069, postgres: 5469 }
}

function rememberPorts(directory: string, { odoo, postgres }: Stack): void {
  const ports: Ports = { odoo: odoo.port, postgres: postgres.port }
  writeFileSync(join(directory, 'ports.json'), JSON.stringify(ports))
}

function description(stack: Stack, exportsFile: string): string {
  const { odoo, shopUrl } = stack
  const variable = (name: string) => `"\${${name}}"`
  return `
Odoo ${stack.series}             ${odoo.url}
  database          ${odoo.database}
  administrator     ${adminLogin} / ${odoo.adminPassword}
  Tandem's user     ${botLogin} / ${odoo.password}
  his API key       ${odoo.apiKey}
  its PostgreSQL    psql ${odoo.postgresUrl}
The other side, an empty database
  PostgreSQL        psql ${shopUrl}

All of it as variables:   . ${exportsFile}
With these, a config.yaml needs no secrets:

connections:
  erp:  { type: odoo, url: ${variable('ODOO_URL')}, database: ${variable('ODOO_DB')}, user: ${variable('ODOO_LOGIN')}, api_key: ${variable('ODOO_API_KEY')} }
  shop: { type: postgres, url: ${variable('PG_URL')} }

Ctrl-C stops both. The data is kept; \`npm run odoo -- --reset\` begins with a clean database.`
}
