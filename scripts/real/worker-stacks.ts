import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeOdooControl } from './odoo-control.ts'
import { progress } from './progress.ts'
import { type Stack, startStack } from './stack.ts'
import { odoo14Environment, stackEnvironment } from './stack-environment.ts'

/** Odoo's own worker processes: 0 is one process with threads, 2 what a real deployment runs. */
const ODOO_WORKERS = Number(process.env.TANDEM_ODOO_WORKERS ?? 0)

export interface WorkerStacks {
  /** What the tests find their systems by: the first worker's by their plain names, the n-th worker's with `__n`. */
  readonly environment: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/**
 * Systems for each of vitest's workers: an Odoo 19 with its PostgreSQL, and an Odoo 14 where a test needs it. So a test file
 * has them to itself, may stop them and change what is the whole database's, and another file runs beside it.
 */
export async function startWorkerStacks(
  directory: string,
  workers: number,
  needsOdoo14: boolean,
): Promise<WorkerStacks> {
  const startedAt = performance.now()
  const started: Stack[] = []
  const start = async (series: '14' | '19', worker: number): Promise<Stack> => {
    const own = join(directory, `odoo-${series}-${worker}`)
    mkdirSync(own)
    // The older one cannot be started with worker processes here (see odoo-14-install.ts).
    const processes = series === '19' ? ODOO_WORKERS : 0
    const stack = await startStack({
      series,
      directory: own,
      database: 'tandem_test',
      workers: processes,
      durable: false,
    })
    started.push(stack)
    return stack
  }
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((stack) => stack.stop()))
  }
  const writeControl = ({ series, odoo }: Stack, worker: number): string => {
    const { pid, server, url, login, database, apiKey } = odoo
    const file = join(directory, `odoo-control-${series}-${worker}.json`)
    writeOdooControl(file, { pid, server, url, login, database, apiKey })
    return file
  }
  const startWorker = async (worker: number): Promise<Record<string, string>> => {
    const stack = await start('19', worker)
    const old = needsOdoo14 ? await start('14', worker) : null
    const environment = {
      ...stackEnvironment(stack),
      TANDEM_REAL: writeControl(stack, worker),
      ...(old === null ? {} : { ...odoo14Environment(old), TANDEM_REAL_14: writeControl(old, worker) }),
    }
    return numbered(environment, worker)
  }
  try {
    // The first one alone: everything may have to be downloaded and made first.
    const first = await startWorker(1)
    const others = await Promise.allSettled(Array.from({ length: workers - 1 }, (_, index) => startWorker(index + 2)))
    const environments = others.map((other) => {
      if (other.status === 'rejected') throw other.reason
      return other.value
    })
    progress(`Odoo and PostgreSQL are up after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
    return { environment: Object.assign(first, ...environments, { TANDEM_REAL_WORKERS: String(workers) }), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function numbered(environment: Readonly<Record<string, string>>, worker: number): Record<string, string> {
  if (worker === 1) return { ...environment }
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [`${name}__${worker}`, value]))
}
