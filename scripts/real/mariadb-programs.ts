import { existsSync } from 'node:fs'
import { installPackages } from './apt.ts'
import { progress } from './progress.ts'

export interface MariaDbPrograms {
  readonly server: string
  readonly installer: string
}

const PROGRAMS: MariaDbPrograms = { server: '/usr/sbin/mariadbd', installer: '/usr/bin/mariadb-install-db' }

/** What the installer calls. */
const DEFAULTS = '/usr/bin/my_print_defaults'

/** MariaDB's programs, installed when there are none. The packages bring no service: that is `mariadb-server`'s. */
export async function ensureMariaDbPrograms(): Promise<MariaDbPrograms> {
  const isThere = () => [...Object.values(PROGRAMS), DEFAULTS].every((program: string) => existsSync(program))
  if (isThere()) return PROGRAMS
  progress('installing MariaDB with apt (once; no service is set up)')
  await installPackages(['mariadb-server-core', 'mariadb-client-core'])
  if (!isThere()) throw new Error(`the package mariadb-server-core is installed, but ${PROGRAMS.server} is missing`)
  return PROGRAMS
}
