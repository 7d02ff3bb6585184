// Makes a checkout ready to run: installs the locked packages when they are missing or the lock file has changed.
//
// Runs on any Node from 18 on, also one that is too old for Tandem itself: the package `node` brings the right one
// into node_modules/.bin, which npm puts first on the PATH of every script. The install runs no package's scripts,
// except that one: better-sqlite3 ships its binaries, and a rebuild of it would need a compiler.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const lock = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .digest('hex')
const stamp = `${root}node_modules/.tandem-setup`
const isReady = existsSync(stamp) && readFileSync(stamp, 'utf8') === lock && existsSync(`${root}node_modules/.bin/node`)

if (!isReady) {
  process.stderr.write('tandem: installing packages (once)\n')
  npm('ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error')
  npm('rebuild', 'node', '--foreground-scripts=false', '--loglevel=error')
  writeFileSync(stamp, lock)
}

function npm(...args) {
  try {
    execFileSync('npm', args, {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    })
  } catch (error) {
    process.stderr.write(
      `tandem: "npm ${args.join(' ')}" failed (exit ${error.status ?? 'unknown'}). Its message is above; mend that and start again.\n`,
    )
    process.exit(2)
  }
}
