#!/usr/bin/env node
/**
 * The entry point: argv, signals, and the only `process.exit`. It imports nothing but Node's own modules until the version
 * is known to be right: the SQLite binding ends the process without a word on an older one.
 */

/** undici and better-sqlite3 need it. */
const OLDEST: Version = [22, 19]
/** A checkout runs its TypeScript as it is written, which newer syntax in it makes possible from here on only. */
const OLDEST_FOR_SOURCE: Version = [24, 0]

type Version = readonly [major: number, minor: number]

function isOlder([major, minor]: Version, [neededMajor, neededMinor]: Version): boolean {
  return major < neededMajor || (major === neededMajor && minor < neededMinor)
}

/** Whether this is a checkout's TypeScript, and not what was built of it. */
const isSource = import.meta.url.endsWith('.ts')

function versionProblem(): string | null {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const needed = isSource ? OLDEST_FOR_SOURCE : OLDEST
  if (!isOlder([major, minor], needed)) return null
  const advice = isSource
    ? 'In a checkout, "npm run -s tandem -- <command>" runs the right one.'
    : 'Install Node.js 24 (https://nodejs.org) and try again.'
  return `Tandem needs Node.js ${needed.join('.')} or newer, and this is ${process.versions.node}. ${advice}`
}

/** The first signal asks for an orderly end, the second ends at once. */
function watchSignals(stop: AbortController): void {
  const numbers = { SIGINT: 2, SIGTERM: 15 } as const
  for (const [name, number] of Object.entries(numbers)) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(128 + number)
      stop.abort(name)
    })
  }
}

/** Pipes may take what was written only later. */
async function flush(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve())
  })
}

async function main(): Promise<number> {
  const problem = versionProblem()
  if (problem !== null) {
    process.stderr.write(`${problem}\n`)
    return 2
  }
  const stop = new AbortController()
  watchSignals(stop)
  // The reader of our output has seen enough: `tandem trace … | head`.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  }
  if (isSource) (await import('./compile-cache.ts')).keepCompiled()
  const { keepHeapSmall } = await import('./heap.ts')
  keepHeapSmall()
  const { runProgram } = await import('./cli/program.ts')
  return runProgram(process.argv.slice(2), {
    env: process.env,
    signal: stop.signal,
    stdout: process.stdout,
    stderr: process.stderr,
  })
}

const exitCode = await main()
await Promise.all([flush(process.stdout), flush(process.stderr)])
process.exit(exitCode)
