import { mkdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Where the download, the template database and the running servers' data live: TANDEM_CACHE, or `.cache` in the
 * checkout. The servers do not run as root, so a checkout that only root can enter (in /root, or made by `mktemp -d`)
 * uses /var/cache/odoo-tandem instead.
 */
function cacheDir(): string {
  // The servers' user must be able to read what is made from here on, whatever the caller's umask.
  process.umask(0o022)
  const named = process.env.TANDEM_CACHE
  const wanted = named !== undefined && named !== '' ? named : fileURLToPath(new URL('../../.cache', import.meta.url))
  const made = makeDir(wanted)
  if (everyoneCanEnter(made)) return made
  if (named !== undefined && named !== '') {
    throw new Error(`TANDEM_CACHE=${named}: the servers do not run as root and cannot enter it. Name another folder.`)
  }
  return makeDir('/var/cache/odoo-tandem')
}

function makeDir(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o755 })
  return realpathSync(path)
}

function everyoneCanEnter(path: string): boolean {
  if ((statSync(path).mode & 0o001) === 0) return false
  return path === '/' || everyoneCanEnter(dirname(path))
}

/** A folder in the cache, made when it is missing. */
export function cachePath(...parts: string[]): string {
  return makeDir(join(cacheDir(), ...parts))
}
