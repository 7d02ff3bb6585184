import { readFileSync } from 'node:fs'
import { runCommand } from './command.ts'

export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

/** The user that the servers run as: PostgreSQL refuses root, and Odoo should not be it. */
export const serverUserName = 'tandem-odoo'

export function ensureServerUser(): Promise<SystemUser> {
  return ensureSystemUser(serverUserName)
}

/** A user without a home, who cannot log in to the machine. */
export async function ensureSystemUser(name: string): Promise<SystemUser> {
  const known = findUser(name)
  if (known !== null) return known
  await runCommand('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', name])
  const made = findUser(name)
  if (made === null) throw new Error(`useradd made no user ${name} that /etc/passwd shows`)
  return made
}

function findUser(name: string): SystemUser | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) }
}
