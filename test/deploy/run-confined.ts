import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'vitest'
import { CONFIG_FOLDER, freePort, LEDGER_FOLDER, runIn, type Sandbox, startIn, USER_ID, writeSetup } from './sandbox.ts'

/**
 * Runs the program of `root` as a container would and shows that it keeps two systems in step with nothing to write but
 * its data, answers its probe, and ends in order at SIGTERM.
 */
export async function expectRunsConfined(root: string, path: string, tandem: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-confined-'))
  const sandbox: Sandbox = { root, path, data: join(folder, 'data'), config: join(folder, 'config') }
  for (const each of [sandbox.data, sandbox.config]) mkdirSync(each)
  const port = await freePort()
  writeSetup(sandbox.config, port)
  const [one, two] = ['one.db', 'two.db'].map((file) => {
    const database = new Database(join(sandbox.data, file))
    database.exec('create table items (id integer primary key, code text unique, name text)')
    return database
  })
  const running = startIn(sandbox, ...tandem, '--config', `${CONFIG_FOLDER}/config.yaml`, 'run')
  let output = ''
  for (const stream of [running.stdout, running.stderr]) {
    stream?.on('data', (text) => {
      output += String(text)
    })
  }
  const ended = once(running, 'exit')
  try {
    const status = await runIn(
      sandbox,
      ...[
        'sh',
        '-c',
        `id -u; for d in / /etc /opt /usr ${CONFIG_FOLDER} ${LEDGER_FOLDER}; do touch $d/x; done; grep Cap /proc/self/status`,
      ],
    )
    expect(status).toMatch(new RegExp(`^${USER_ID}$`, 'm'))
    expect(status).toMatch(/CapEff:\s+0+$/m)
    expect(status.match(/Read-only file system/g)).toHaveLength(5)
    one?.exec("insert into items (code, name) values ('A', 'Ada')")
    await expect.poll(() => two?.prepare('select name from items').pluck().all(), { timeout: 20_000 }).toEqual(['Ada'])
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`)
    expect(answer.status).toBe(200)
    process.kill(innermost(running.pid ?? 0), 'SIGTERM')
    expect(await ended, output).toEqual([0, null])
    expect(readdirSync(sandbox.data).sort()).toContain('tandem.db')
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${output}`, { cause: error })
  } finally {
    running.kill('SIGKILL')
    one?.close()
    two?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** bwrap waits for what it started: that one gets the signal, as it does from a container's runtime. */
function innermost(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return child ? innermost(Number(child)) : pid
}
