import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { COMPILE_CACHE } from '../compile-cache.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const WAIT_MS = 30_000

export interface Ended {
  /** null: a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The real program as a process of its own. */
export interface Running extends AsyncDisposable {
  readonly pid: number
  /** Resolves when `pattern` appeared on stdout or stderr. Rejects when the program ends before. */
  sees(pattern: RegExp): Promise<void>
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

export function startProgram(folder: string, args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', ...COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const ended = endOf(child, output)
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => void child.kill(signal),
    async sees(pattern) {
      const deadlineMs = Date.now() + WAIT_MS
      while (!pattern.test(output.stdout + output.stderr)) {
        if (child.exitCode !== null || Date.now() > deadlineMs) {
          throw new Error(`${pattern} did not appear (exit ${child.exitCode}):\n${output.stdout}${output.stderr}`)
        }
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await ended
    },
  }
}

async function endOf(child: ChildProcess, output: { stdout: string; stderr: string }): Promise<Ended> {
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...output }
}

/** Runs a command to its end. */
export function runProgram(folder: string, args: readonly string[], env?: Record<string, string>): Promise<Ended> {
  return startProgram(folder, args, env).ended
}

/** The lines of JSON that a command printed. */
export function jsonLines<T>({ stdout }: Ended): readonly T[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}
