/**
 * The Dockerfile, built by buildah. The base image is made here from Debian's packages and the Node.js of this checkout, in
 * place of the one that it names, so that no registry of images is needed; everything after FROM is the real thing.
 */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sourcesForSuite } from '../../scripts/real/apt-sources.ts'
import { cachePath } from '../../scripts/real/cache-dir.ts'
import { expectRunsConfined } from './run-confined.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SUITE = 'bookworm'
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
const SLOW_MS = 600_000
const env = { ...process.env, STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' }
const execute = promisify(execFile)
const run = async (command: string, ...args: readonly string[]): Promise<string> =>
  (await execute(command, [...args], { env, cwd: ROOT, maxBuffer: 64 * 2 ** 20 })).stdout.trim()

/** What is looked at of what buildah says about an image. */
interface Inspected {
  readonly Docker: {
    readonly config: {
      readonly User: string
      readonly Entrypoint: readonly string[]
      readonly Healthcheck: { readonly Test: readonly string[] }
    }
  }
}

let work: string
let container: string
let root: string

/** A Debian with nothing but what every Debian has. Kept for the next time. */
async function makeBase(): Promise<string> {
  const base = join(cachePath('container'), SUITE)
  if (existsSync(base)) return base
  const mirror = /(?:URIs:|^deb(?: \[[^\]]*\])?) *(\S+)/m.exec(sourcesForSuite(SUITE, SUITE)?.text ?? '')?.[1]
  if (mirror === undefined) throw new Error(`apt's sources name no mirror of ${SUITE}`)
  const building = `${base}.building`
  rmSync(building, { recursive: true, force: true })
  await run('debootstrap', '--variant=minbase', '--include=ca-certificates', SUITE, building, mirror)
  await run('mv', building, base)
  return base
}

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'tandem-container-'))
  const base = await makeBase()
  const local = join(work, 'local')
  mkdirSync(join(local, 'bin'), { recursive: true })
  cpSync(join(ROOT, 'node_modules/node/bin/node'), join(local, 'bin/node'))
  const npm = dirname(dirname(realpathSync(await run('sh', '-c', 'command -v npm'))))
  cpSync(npm, join(local, 'lib/node_modules/npm'), { recursive: true })
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'))
  cpSync(CERTIFICATES, join(work, 'certificates.crt'), { dereference: true })
  const file = join(work, 'Dockerfile')
  const lines = ['FROM scratch', 'ADD base /', 'ADD local /usr/local', `ADD certificates.crt ${CERTIFICATES}`]
  writeFileSync(file, [...lines, `ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`, ''].join('\n'))
  await run('cp', '-a', '--reflink=auto', base, join(work, 'base'))
  await run('buildah', 'bud', '-q', '-t', 'localhost/tandem-base', '-f', file, work)
  const settings = join(homedir(), '.npmrc')
  const mounts = existsSync(settings) ? ['-v', `${settings}:/root/.npmrc:ro`] : []
  const options = [
    '--format',
    'docker',
    '--network',
    'host',
    '--build-arg',
    'NODE_IMAGE=localhost/tandem-base',
    ...mounts,
  ]
  await run('buildah', 'bud', ...options, '-f', 'deploy/docker/Dockerfile', '-t', 'localhost/tandem-test', '.')
  container = await run('buildah', 'from', 'localhost/tandem-test')
  root = await run('buildah', 'mount', container)
}, SLOW_MS)

afterAll(async () => {
  if (container) await run('buildah', 'rm', container)
  rmSync(work, { recursive: true, force: true })
})

test('the image runs as a user of its own, is asked for its health, and holds nothing that only builds it', async () => {
  const { config } = (
    JSON.parse(await run('buildah', 'inspect', '--type', 'image', 'localhost/tandem-test')) as Inspected
  ).Docker
  expect(config.User).toBe('10001:10001')
  expect(config.Entrypoint).toEqual(['tandem', '--config', '/etc/tandem/config.yaml'])
  expect(config.Healthcheck.Test[0]).toBe('CMD')
  for (const name of ['src', 'node_modules/vitest', 'node_modules/node', 'node_modules/typescript']) {
    expect(existsSync(join(root, 'opt/tandem', name)), name).toBe(false)
  }
  const size = Number((await run('du', '-sm', join(root, 'opt/tandem'))).split('\t')[0])
  expect(size).toBeLessThan(120)
})

test(
  'what the image holds runs confined',
  async () => {
    await expectRunsConfined(root, '/usr/local/bin:/usr/bin:/bin', ['tandem'])
  },
  SLOW_MS,
)
