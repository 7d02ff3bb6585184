import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { COMPILE_CACHE } from '../compile-cache.ts'

/** One file made of daemon-process.ts, where `bundle-daemon.ts` made it, or the source. */
const PROCESS = process.env.TANDEM_DAEMON_PROCESS ?? fileURLToPath(new URL('daemon-process.ts', import.meta.url))
const KEPT_OUTPUT = 400_000

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A daemon that runs as a process, and may be killed at any time. */
export interface Daemon {
  readonly pid: number
  /** What it has said so far. */
  output(): string
  isRunning(): boolean
  /** Resolves when it has ended, however it did. */
  readonly ended: Promise<Ended>
  /** Resolves when it has said this. @throws Error when it ends first. */
  said(text: string): Promise<void>
  signal(name: NodeJS.Signals): void
  /** As a power cut would. */
  kill(): Promise<Ended>
  /** As an operator would. */
  stop(): Promise<Ended>
}

export interface DaemonOptions {
  /** Where it kills itself. */
  readonly crashAt?: string | undefined
  /** The program and its arguments before the configuration file. */
  readonly command?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export function startDaemon(configFile: string, options: DaemonOptions = {}): Daemon {
  const { crashAt, command = [PROCESS], env = {} } = options
  const child = spawn(process.execPath, [...command, configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...COMPILE_CACHE,
      ...env,
      ...(crashAt === undefined ? {} : { TANDEM_CRASH_AT: crashAt }),
    },
  })
  return watch(child)
}

function watch(child: ChildProcess): Daemon {
  let output = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-KEPT_OUTPUT)
      for (const listener of listeners) listener()
    })
  }
  let hasEnded = false
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    hasEnded = true
    for (const listener of listeners) listener()
    return { code, signal }
  })
  const daemon: Daemon = {
    pid: child.pid ?? 0,
    output: () => output,
    isRunning: () => !hasEnded,
    ended,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!output.includes(text) && !hasEnded) return
          listeners.delete(look)
          if (output.includes(text)) resolve()
          else reject(new Error(`The daemon ended without saying "${text}": ${output}`))
        }
        listeners.add(look)
        look()
      }),
    signal: (name) => void child.kill(name),
    kill() {
      child.kill('SIGKILL')
      return ended
    },
    stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
  return daemon
}
