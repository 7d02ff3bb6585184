import { readdirSync, readFileSync, statSync } from 'node:fs'
import { stopServerProcess } from './server-process.ts'
import type { SystemUser } from './system-user.ts'

/**
 * Stops the servers whose command line names a file in `directory` and that run as the servers' user: those of a stack
 * whose script was killed, and an Odoo that a test has started again.
 */
export async function stopServersOf(directory: string, user: SystemUser): Promise<void> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && belongsTo(name, directory, user))
  // SIGINT ends both kinds cleanly: for PostgreSQL it is the fast shutdown.
  await Promise.all(pids.map((pid) => stopServerProcess(Number(pid), 'SIGINT', 10_000)))
}

function belongsTo(pid: string, directory: string, user: SystemUser): boolean {
  try {
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return statSync(`/proc/${pid}`).uid === user.uid && commandLine.includes(`${directory}/`)
  } catch {
    // It ended while we looked.
    return false
  }
}
