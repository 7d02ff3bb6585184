import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const STOP_LIMIT_MS = 3000

export type OdooValues = Readonly<Record<string, unknown>>

/** The stand-in Odoo as the people in the office use it: signed in as a person, not as the daemon. */
export interface OdooOffice extends AsyncDisposable {
  readonly url: string
  readonly database: string
  /** The daemon's key. */
  readonly apiKey: string
  /** Says why when the process ended by itself; pending otherwise. */
  readonly ended: Promise<Error>
  create(model: string, valuesList: readonly OdooValues[]): Promise<readonly number[]>
  write(model: string, id: number, values: OdooValues): Promise<void>
  unlink(model: string, id: number): Promise<void>
  searchRead(model: string, domain: unknown, fields: readonly string[]): Promise<readonly OdooValues[]>
}

interface Address {
  readonly url: string
  readonly database: string
  readonly apiKey: string
  readonly adminApiKey: string
}

/** Starts the stand-in. @throws Error when it does not come up. */
export async function openOdooOffice(): Promise<OdooOffice> {
  const source = fileURLToPath(new URL('./odoo-process.ts', import.meta.url))
  // Compiled, it has the ending that this file has.
  const module = source.replace(/\.ts$/, extname(fileURLToPath(import.meta.url)))
  const child = fork(module, [], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2000)
  })
  let isStopping = false
  const ended = new Promise<Error>((resolve) => {
    child.once('exit', (code, signal) => {
      if (!isStopping) resolve(new Error(`The stand-in Odoo ended (${signal ?? code}). ${complaint}`.trim()))
    })
  })
  const address = await Promise.race([
    once(child, 'message').then(([message]) => message as Address),
    ended.then((error) => {
      throw error
    }),
  ])
  return {
    ...address,
    ended,
    ...callsOf(address),
    async [Symbol.asyncDispose]() {
      isStopping = true
      await stop(child)
    },
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  if (child.connected) child.disconnect()
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
  await exit
  clearTimeout(timer)
}

function callsOf(address: Address): Pick<OdooOffice, 'create' | 'write' | 'unlink' | 'searchRead'> {
  const call = async (model: string, method: string, body: OdooValues): Promise<unknown> => {
    const response = await fetch(`${address.url}/json/2/${model}/${method}`, {
      method: 'POST',
      headers: { authorization: `bearer ${address.adminApiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer: unknown = await response.json()
    if (response.ok) return answer
    throw new Error(`${model}.${method}: ${(answer as { message?: string }).message ?? response.statusText}`)
  }
  return {
    create: async (model, valuesList) => (await call(model, 'create', { vals_list: valuesList })) as number[],
    write: async (model, id, values) => {
      await call(model, 'write', { ids: [id], vals: values })
    },
    unlink: async (model, id) => {
      await call(model, 'unlink', { ids: [id] })
    },
    searchRead: async (model, domain, fields) =>
      (await call(model, 'search_read', { domain, fields, load: '' })) as OdooValues[],
  }
}
