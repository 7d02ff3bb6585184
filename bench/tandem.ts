import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { COMPILE_CACHE } from '../src/compile-cache.ts'

export interface Counters {
  /** HTTP requests to Odoo. */
  readonly requests: number
  readonly receivedBytes: number
  /** Records of Odoo that were read in full, by id. */
  readonly recordsReadById: number
  /** Statements to PostgreSQL. */
  readonly statements: number
  readonly cpuMs: number
}

export type Order = { readonly id: number } & (
  | { readonly kind: 'open' | 'daemon'; readonly configFile: string }
  | { readonly kind: 'run' | 'look' | 'close' }
)

export interface Answer {
  /** What the order took inside of the process. */
  readonly ms: number
  /** During the order. */
  readonly counters: Counters
  /** Since the process began. */
  readonly totals: Counters
  readonly links: number
  readonly pending: number
  readonly dead: number
}

/** A Tandem in a process of its own. */
export interface Tandem {
  /** Opens the configuration and connects its one mapping. */
  open(configFile: string): Promise<Answer>
  /** One run, after `open`. */
  run(): Promise<Answer>
  /** Starts the daemon, instead of `open`. Done when the mapping runs. */
  daemon(configFile: string): Promise<Answer>
  look(): Promise<Answer>
  /** The most memory that the process ever had, in bytes. */
  peakBytes(): number
  close(): Promise<void>
}

const PROGRAM = fileURLToPath(new URL('tandem-process.ts', import.meta.url))

/** `profileFolder`: where the process leaves a CPU profile when it is closed. */
export function startTandem(profileFolder = process.env.BENCH_PROFILE): Tandem {
  const execArgv = profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] : []
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE }
  const child = fork(PROGRAM, [], { env, execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const send = sender(child)
  return {
    open: (configFile) => send({ kind: 'open', configFile }),
    run: () => send({ kind: 'run' }),
    daemon: (configFile) => send({ kind: 'daemon', configFile }),
    look: () => send({ kind: 'look' }),
    peakBytes() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
    },
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      await send({ kind: 'close' })
      await ended
    },
  }
}

type Plain<T> = T extends unknown ? Omit<T, 'id'> : never

function sender(child: ChildProcess): (order: Plain<Order>) => Promise<Answer> {
  const open = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>()
  let lastId = 0
  child.on('message', ({ id, answer, error }: { id: number; answer?: Answer; error?: string }) => {
    if (answer) open.get(id)?.resolve(answer)
    else open.get(id)?.reject(new Error(error))
    open.delete(id)
  })
  child.on('exit', (code) => {
    for (const { reject } of open.values()) reject(new Error(`Tandem ended with ${code}`))
  })
  return (order) =>
    new Promise((resolve, reject) => {
      lastId += 1
      open.set(lastId, { resolve, reject })
      child.send({ ...order, id: lastId })
    })
}
