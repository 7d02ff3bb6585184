import { readFileSync } from 'node:fs'
import { runCommand } from './command.ts'

export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

/** The user that the servers run as: PostgreSQL refuses root, and Odoo should not be it. */
export const serverUserName = 'tandem-odoo'

export async function ensureServerUser(): Promise<SystemUser> {
  const known = findUser()
  if (known !== null) return known
  await runCommand('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    serverUserName,
  ])
  const made = findUser()
  if (made === null) throw new Error(`useradd made no user ${serverUserName} that /etc/passwd shows`)
  return made
}

function findUser(): SystemUser | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${serverUserName}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) }
}
