import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Runs the tests of a project of vitest.config.ts, with this script's own arguments. The answer is the exit code. */
export function runVitest(
  project: string,
  environment: NodeJS.ProcessEnv,
  stopped: Promise<NodeJS.Signals>,
): Promise<number> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const programs = join(root, 'node_modules/.bin')
  const child = spawn(join(programs, 'vitest'), ['run', '--project', project, ...process.argv.slice(2)], {
    cwd: root,
    env: { ...environment, PATH: `${programs}:${environment.PATH ?? ''}` },
    stdio: 'inherit',
  })
  void stopped.then((signal) => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 130))
  })
}
