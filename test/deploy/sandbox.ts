import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The user and the folder of the image: see deploy/docker/Dockerfile. */
export const USER_ID = 10001
export const LEDGER_FOLDER = '/var/lib/tandem'
/** Inside, since nothing can be made below a root that is read-only. */
export const CONFIG_FOLDER = '/tmp/config'

const run = promisify(execFile)

/** Whether a program can be started here. */
export function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export interface Sandbox {
  /** The folder that is LEDGER_FOLDER inside. */
  readonly data: string
  /** The folder that is the root inside, read-only. */
  readonly root: string
  /** The folder that is CONFIG_FOLDER inside, read-only. */
  readonly config: string
  readonly path: string
}

/** The arguments of bwrap that run a command as the container does: another user, no rights, nothing to write but its data. */
function bwrapArgs({ data, root, config, path }: Sandbox, command: readonly string[]): readonly string[] {
  return [
    ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--uid', String(USER_ID), '--gid', String(USER_ID)],
    ...['--ro-bind', root, '/', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--tmpfs', '/var/lib'],
    ...['--bind', data, LEDGER_FOLDER, '--ro-bind', config, CONFIG_FOLDER],
    ...['--chdir', LEDGER_FOLDER, '--cap-drop', 'ALL', '--die-with-parent', '--clearenv', '--setenv', 'PATH', path],
    ...['--setenv', 'NODE_ENV', 'production', '--', ...command],
  ]
}

export async function runIn(sandbox: Sandbox, ...command: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run('bwrap', [...bwrapArgs(sandbox, command)], { timeout: 60_000 }).catch(
    (error: { stdout: string; stderr: string }) => error,
  )
  return stdout + stderr
}

export function startIn(sandbox: Sandbox, ...command: readonly string[]): ChildProcess {
  return spawn('bwrap', [...bwrapArgs(sandbox, command)], { stdio: ['ignore', 'pipe', 'pipe'] })
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A configuration that needs no other system: two SQLite files in the ledger's folder. */
export function writeSetup(folder: string, port: number): void {
  mkdirSync(join(folder, 'mappings'))
  const config = `ledger: { file: ${LEDGER_FOLDER}/tandem.db }
mappings: ./mappings
connections:
  one: { type: sqlite, file: ${LEDGER_FOLDER}/one.db }
  two: { type: sqlite, file: ${LEDGER_FOLDER}/two.db }
server: { listen: "127.0.0.1:${port}" }
log: { format: json }
`
  const mapping = `mapping: items
odoo: { connection: one, collection: items, key: code }
external: { connection: two, collection: items, key: code }
fields: [name]
deletes: { from_odoo: ignore, from_external: ignore }
schedule: every 200ms
`
  writeFileSync(join(folder, 'config.yaml'), config)
  writeFileSync(join(folder, 'mappings', 'items.yaml'), mapping)
}
