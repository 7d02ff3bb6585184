import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { installPostgresPrograms } from './apt.ts'
import { progress } from './progress.ts'

/** The folder of `initdb` and `postgres`, the newest where there are several; installed when there is none. */
export async function ensurePostgresPrograms(): Promise<string> {
  const found = findPrograms()
  if (found !== null) return found
  progress('installing PostgreSQL with apt (once; no service is set up)')
  await installPostgresPrograms()
  const installed = findPrograms()
  if (installed === null) throw new Error('the package postgresql is installed, but /usr/lib/postgresql has no initdb')
  return installed
}

function findPrograms(): string | null {
  const parent = '/usr/lib/postgresql'
  if (!existsSync(parent)) return null
  const versions = readdirSync(parent).filter((name) => existsSync(join(parent, name, 'bin/initdb')))
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0]
  return newest === undefined ? null : join(parent, newest, 'bin')
}
