import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { FaultSpec } from '../../src/sandbox/odoo/faults.ts'
import { COMPILE_CACHE } from '../compile-cache.ts'

const PROCESS = fileURLToPath(new URL('odoo-process.ts', import.meta.url))
const MODEL = 'res.partner'
const WRITING = ['create', 'write', 'unlink', 'web_save', 'web_save_multi', 'load']

export type Values = Readonly<Record<string, unknown>>

export interface Partner {
  readonly id: number
  readonly name: string
  /** False where it is empty, as all texts of Odoo. */
  readonly ref: string | false
  readonly email: string | false
  readonly phone: string | false
  /** What no other field and no contact of the same company changes. */
  readonly website: string | false
  readonly street: string | false
  readonly parent_id: readonly [number, string] | false
  readonly active: boolean
  readonly write_date: string
}

const READ = ['name', 'ref', 'email', 'phone', 'website', 'street', 'parent_id', 'active', 'write_date']

/** The stand-in in its process, and the people who work in it. */
export interface StandIn {
  readonly url: string
  readonly database: string
  readonly apiKey: string
  create(values: Values): Promise<number>
  write(id: number, values: Values): Promise<void>
  unlink(id: number): Promise<void>
  /** All partners with this job position, archived or not. */
  partners(mark: string): Promise<readonly Partner[]>
  /** The ids of the partners with this value, archived or not. */
  find(field: string, value: string): Promise<readonly number[]>
  read(id: number): Promise<Partner | undefined>
  fault(spec: FaultSpec): Promise<void>
  clearFaults(): Promise<void>
  /** Calls that reached it over HTTP: all, and those that write. */
  requests(): Promise<{ readonly all: number; readonly writing: number }>
  /** Kills it and starts it again on what it had stored. */
  restart(): Promise<void>
  close(): Promise<void>
}

export async function startStandIn(file?: string): Promise<StandIn> {
  const stored = file === undefined ? [] : ['--file', file]
  let office = await openOffice(stored)
  const { url } = office.address
  const control = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${url}/sandbox/${path}`, {
      method,
      body: body === undefined ? null : JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
    return response.json()
  }
  const search = async (field: string, value: string): Promise<number[]> => {
    const domain = [
      [field, '=', value],
      ['active', 'in', [true, false]],
    ]
    return (await office.call('search', MODEL, domain, { order: 'id' })) as number[]
  }
  return {
    ...office.address,
    create: async (values) => ((await office.call('create', MODEL, [values])) as number[])[0] ?? 0,
    write: async (id, values) => void (await office.call('write', MODEL, [id], values)),
    unlink: async (id) => void (await office.call('unlink', MODEL, [id])),
    find: (field, value) => search(field, value),
    read: async (id) => ((await office.call('read', MODEL, [id], READ)) as Partner[])[0],
    async partners(mark) {
      const ids = await search('function', mark)
      return (await office.call('read', MODEL, ids, READ)) as Partner[]
    },
    fault: async (spec) => void (await control('POST', 'faults', spec)),
    clearFaults: async () => void (await control('DELETE', 'faults')),
    async requests() {
      const { byMethod } = (await control('GET', 'requests')) as { byMethod: Record<string, number> }
      const sum = (names: readonly string[]): number => names.reduce((total, name) => total + (byMethod[name] ?? 0), 0)
      return { all: sum(Object.keys(byMethod)), writing: sum(WRITING.map((method) => `${MODEL}/${method}`)) }
    },
    async restart() {
      await office.kill()
      office = await openOffice([...stored, '--port', new URL(url).port])
    },
    close: () => office.kill(),
  }
}

interface Office {
  readonly address: { readonly url: string; readonly database: string; readonly apiKey: string }
  call(method: string, ...args: readonly unknown[]): Promise<unknown>
  kill(): Promise<void>
}

async function openOffice(args: readonly string[]): Promise<Office> {
  const child = fork(PROCESS, args, {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...COMPILE_CACHE },
  })
  const [address] = (await once(child, 'message')) as [Office['address']]
  const calls = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>()
  let lastId = 0
  child.on('message', ({ id, result, error }: { id: number; result: unknown; error?: string }) => {
    const call = calls.get(id)
    calls.delete(id)
    if (error === undefined) call?.resolve(result)
    else call?.reject(new Error(error))
  })
  return {
    address,
    call: (method, ...callArgs) =>
      new Promise((resolve, reject) => {
        const id = ++lastId
        calls.set(id, { resolve, reject })
        child.send({ id, method, args: callArgs }, (error) => {
          if (error) reject(error)
        })
      }),
    kill: () => killProcess(child),
  }
}

async function killProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}
