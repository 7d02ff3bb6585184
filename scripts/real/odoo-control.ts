import { readFileSync, writeFileSync } from 'node:fs'
import type { OdooAddress } from './odoo-ready.ts'
import { stopOdooProcess, waitForOdoo } from './odoo-server.ts'
import { isAlive, type ServerCommand, startServerProcess } from './server-process.ts'

/** What another process needs to stop and start an Odoo. Kept in a file, because a test file is a process of its own. */
export interface OdooControl extends OdooAddress {
  readonly pid: number
  readonly server: ServerCommand
}

export function writeOdooControl(file: string, control: OdooControl): void {
  writeFileSync(file, JSON.stringify(control, null, 2), { mode: 0o600 })
}

export async function stopControlledOdoo(file: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  await stopOdooProcess(readOdooControl(file).pid, signal)
}

/** Starts it on the port it had, and waits until it answers. */
export async function startControlledOdoo(file: string): Promise<void> {
  const control = readOdooControl(file)
  if (isAlive(control.pid)) throw new Error(`Odoo (process ${control.pid}) is running: stop it first`)
  const pid = startServerProcess(control.server)
  writeOdooControl(file, { ...control, pid })
  await waitForOdoo(pid, control.server, control)
}

function readOdooControl(file: string): OdooControl {
  return JSON.parse(readFileSync(file, 'utf8')) as OdooControl
}
