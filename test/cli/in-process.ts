import { runProgram } from '../../src/cli/program.ts'
import type { Ended } from './program.ts'

/**
 * Runs a command to its end without a process of its own, which is what most tests need and costs a tenth. What the entry
 * point adds (signals, the exit, flushed pipes, the version check) has tests with real processes: main.test.ts, daemon.test.ts.
 */
export async function runInProcess(configFile: string, args: readonly string[]): Promise<Ended> {
  const written = { stdout: '', stderr: '' }
  const write = (name: 'stdout' | 'stderr') => (text: string) => {
    written[name] += text
    return true
  }
  const code = await runProgram(['--config', configFile, ...args], {
    env: { PATH: process.env.PATH },
    signal: new AbortController().signal,
    stdout: { write: write('stdout') },
    stderr: { write: write('stderr') },
  })
  return { code, ...written }
}
