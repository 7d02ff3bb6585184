// `npm run test:shops`: the recipes against real shops that others wrote, and a real Odoo. Each shop is installed from the
// npm registry the first time. Further arguments go to vitest.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { whyHostCannotRunServers } from './real/host.ts'
import { postgresUrl, runSql } from './real/postgres.ts'
import { progress, tellFailure } from './real/progress.ts'
import { runVitest } from './real/run-vitest.ts'
import { startStack } from './real/stack.ts'
import { openRunDirectory } from './real/stack-directory.ts'
import { stackEnvironment } from './real/stack-environment.ts'
import { untilStopSignal } from './real/stop-signals.ts'
import { startMedusa } from './shops/medusa.ts'
import type { Stops } from './shops/stops.ts'
import { startStrapi } from './shops/strapi.ts'

process.exitCode = await main().catch((error: unknown) => {
  tellFailure(error)
  return 1
})

async function main(): Promise<number> {
  const reason = whyHostCannotRunServers()
  if (reason !== null) {
    progress(`cannot bring up Odoo and the shops here: ${reason}`)
    return 2
  }
  const stopped = untilStopSignal()
  const directory = await openRunDirectory()
  const stops: Stops = []
  try {
    const stack = await startStack({ directory: directory.path, database: 'tandem_test', workers: 0, durable: false })
    stops.push(stack.stop)
    await runSql(stack.postgres.url, ['CREATE DATABASE medusa'])
    const password = new URL(stack.postgres.url).password
    const database = postgresUrl({ port: stack.postgres.port, user: 'postgres', password, database: 'medusa' })
    const shops = [
      await startStrapi(folder(directory.path, 'strapi'), stops),
      await startMedusa(folder(directory.path, 'medusa'), database, stops),
    ]
    progress('Odoo and the shops are up')
    const environment = Object.assign({}, process.env, stackEnvironment(stack), ...shops) as NodeJS.ProcessEnv
    return await runVitest('shops', environment, stopped)
  } finally {
    for (const stop of stops.toReversed()) await stop()
    directory.release()
  }
}

function folder(directory: string, name: string): string {
  const path = join(directory, name)
  mkdirSync(path)
  return path
}
