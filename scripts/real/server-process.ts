import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** All it takes to start a server, also from another process than the one that started it first. */
export interface ServerCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly uid: number
  readonly gid: number
  readonly cwd: string
  readonly logFile: string
}

/**
 * Starts a server in a process group of its own, so that a Ctrl-C in the terminal reaches only the script, which then
 * stops its servers in the right order. Its output goes to the log file, so it also outlives the process that started it.
 */
export function startServerProcess(server: ServerCommand): number {
  const log = openSync(server.logFile, 'a')
  try {
    const child = spawn(server.command, server.args, {
      cwd: server.cwd,
      env: server.env,
      uid: server.uid,
      gid: server.gid,
      detached: true,
      stdio: ['ignore', log, log],
    })
    // What could not be started has no pid; the event itself would otherwise end this process.
    child.on('error', () => {})
    child.unref()
    if (child.pid === undefined) throw new Error(`"${server.command}" could not be started`)
    return child.pid
  } finally {
    closeSync(log)
  }
}

/** Waits until `isReady` says so; throws with the end of the log when the server ends first or takes too long. */
export async function waitUntilReady(
  server: { readonly name: string; readonly pid: number; readonly logFile: string; readonly timeoutMs: number },
  isReady: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + server.timeoutMs
  for (;;) {
    if (await isReady()) return
    const ended = !isAlive(server.pid)
    if (ended || Date.now() > deadline) {
      const what = ended ? 'ended while it started' : `was not ready after ${server.timeoutMs / 1000} s`
      throw new Error(`${server.name} ${what}. The end of its log (${server.logFile}):\n${logTail(server.logFile)}`)
    }
    await sleep(50)
  }
}

/** Sends the signal, and SIGKILL to the whole group when that has not ended it in `graceMs`. Done when it is gone. */
export async function stopServerProcess(pid: number, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  if (!isAlive(pid)) return
  sendSignal(signal === 'SIGKILL' ? -pid : pid, signal)
  const deadline = Date.now() + graceMs
  while (isAlive(pid) && Date.now() < deadline) await sleep(20)
  if (isAlive(pid)) sendSignal(-pid, 'SIGKILL')
  while (isAlive(pid)) await sleep(20)
}

export function isAlive(pid: number): boolean {
  try {
    // A zombie has ended; it only waits for a parent that may be busy.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function logTail(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').slice(-30).join('\n') : '(no log)'
}
