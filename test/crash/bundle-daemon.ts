import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'vite'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FOLDER = join(ROOT, 'node_modules', '.cache')
/** Loaded from where they are installed: native code, or not needed by what the tests configure. */
const LEFT_OUT = ['better-sqlite3', 'pino', 'pg', 'mysql2', 'ssh2-sftp-client', 'nodemailer', '@opentelemetry/api']

/** Every module of ours goes on to find files as from where it stands in the sources. */
const WHERE_IT_STANDS: Plugin = {
  name: 'where-it-stands',
  transform(code, id) {
    if (id.includes(`${sep}node_modules${sep}`) || !code.includes('import.meta.url')) return null
    return { code: code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)), map: null }
  },
}

/**
 * Vitest's global set-up. The crash tests start the daemon some 150 times: as one file it is there in a third of the CPU that
 * its 800 modules take. Its path is in `TANDEM_DAEMON_PROCESS`; without it (another project) the sources are started.
 */
export async function setup(): Promise<void> {
  const name = 'daemon-process.mjs'
  const making = join(FOLDER, `making-${process.pid}`)
  mkdirSync(FOLDER, { recursive: true })
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    plugins: [WHERE_IT_STANDS],
    ssr: { noExternal: true, external: LEFT_OUT },
    build: {
      ssr: join(ROOT, 'test', 'crash', 'daemon-process.ts'),
      outDir: making,
      minify: false,
      target: 'node24',
      rolldownOptions: { output: { entryFileNames: name, codeSplitting: false } },
    },
  })
  process.env.TANDEM_DAEMON_PROCESS = join(FOLDER, name)
  // Another run in this checkout may start it now.
  renameSync(join(making, name), process.env.TANDEM_DAEMON_PROCESS)
  rmSync(making, { recursive: true })
}
