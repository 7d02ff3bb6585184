import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** `tandem sync` in a process of its own, which tells its peak of memory as it ends. */
export function startSync(configFile: string): {
  readonly child: ChildProcess
  readonly ended: Promise<{ code: number | null; kilobytes: number }>
} {
  const preload = fileURLToPath(new URL('report-memory.mjs', import.meta.url))
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', preload, main, 'sync', '--config', configFile])
  let told = ''
  child.stdout.on('data', (text) => (told += String(text)))
  child.stderr.on('data', (text) => (told += String(text)))
  const ended = once(child, 'close').then(([code]) => {
    if (code === 1) console.error(told)
    return { code: code as number | null, kilobytes: Number(/peak memory (\d+) kB/.exec(told)?.[1] ?? Number.NaN) }
  })
  return { child, ended }
}
