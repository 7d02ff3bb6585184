import { spawn } from 'node:child_process'

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly uid?: number
  readonly gid?: number
}

/** What every child gets: the caller's own environment (PYTHONPATH, PGHOST, …) must not decide how a server runs. */
export const plainEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
}

/** Runs a command to its end and returns its standard output; throws with what it said when it fails. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
      env: options.env ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', (error) =>
      reject(new Error(`"${command}" could not be started: ${error.message}`, { cause: error })),
    )
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(stdout)
      const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-30).join('\n')
      reject(new Error(`"${command} ${args.join(' ')}" failed (${signal ?? `exit ${code}`}):\n${said}`))
    })
    // A command that ends without reading its input is not a failure of its own.
    child.stdin.on('error', () => {})
    child.stdin.end(options.stdin ?? '')
  })
}
