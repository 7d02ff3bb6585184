/**
 * The package as its users get it: packed, installed into an empty folder, and run by the oldest Node.js that it says it
 * runs on. Needs the npm registry.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** As `engines` in package.json has it. */
const OLDEST_NODE = '22.19.0'
const SLOW_MS = 120_000

let folder: string

const run = promisify(execFile)

/** Runs a program of the installed package, with the Node.js that is installed beside it. */
async function tandem(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { PATH: `${join(folder, 'node_modules', '.bin')}:/usr/bin:/bin`, HOME: folder }
  try {
    const { stdout, stderr } = await run('odoo-tandem', args, { cwd: folder, env, timeout: SLOW_MS })
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-package-'))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT })
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ filename: string }]
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'home', private: true, type: 'module' }))
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', ['install', ...quiet, '--ignore-scripts', `./${packed.filename}`, `node@${OLDEST_NODE}`], {
    cwd: folder,
  })
  await run('npm', ['rebuild', 'node', '--loglevel=error'], { cwd: folder })
}, SLOW_MS)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('it runs on the oldest Node.js that it names', async () => {
  const { engines, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    engines: { node: string }
    version: string
  }
  expect(engines.node).toBe(`>=${OLDEST_NODE}`)
  const { stdout } = await run(join(folder, 'node_modules', '.bin', 'node'), ['--version'])
  expect(stdout.trim()).toBe(`v${OLDEST_NODE}`)
  expect(await tandem('--version')).toMatchObject({ code: 0, stdout: `${version}\n` })
})

test(
  'npx odoo-tandem demo: the demo runs and ends in step',
  async () => {
    const { code, stdout, stderr } = await tandem('demo', '--for', '6s')
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toMatch(/contacts +in step: \d+ pairs/)
    expect(stdout).not.toContain('NOT in step')
  },
  SLOW_MS,
)

test(
  'the status page and everything that it loads are in it',
  async () => {
    const env = { PATH: `${join(folder, 'node_modules', '.bin')}:/usr/bin:/bin`, HOME: folder }
    const demo = spawn('odoo-tandem', ['demo', '--for', '20s'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const url = await new Promise<string>((resolve, reject) => {
        let seen = ''
        demo.stdout.setEncoding('utf8').on('data', (text: string) => {
          seen += text
          const found = /page +(http:\S+)/.exec(seen)?.[1]
          if (found !== undefined) resolve(found)
        })
        demo.on('close', () => reject(new Error(`It ended: ${seen}`)))
      })
      const page = await (await fetch(url)).text()
      expect(page).toContain('companies')
      const loaded = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path)
      expect(new Set(loaded.map((path) => path.split('/').at(-1)))).toEqual(
        new Set(['icon.svg', 'tandem.css', 'tandem.js', 'htmx.js', 'uplot.js', 'uplot.css']),
      )
      for (const path of loaded) expect([path, (await fetch(url + path)).status]).toEqual([path, 200])
    } finally {
      demo.kill('SIGTERM')
      await once(demo, 'close')
    }
  },
  SLOW_MS,
)

test("a user's own connector and transform need nothing but the package", async () => {
  mkdirSync(join(folder, 'connectors'))
  mkdirSync(join(folder, 'mappings'))
  mkdirSync(join(folder, 'wms', 'customers'), { recursive: true })
  copyFileSync(join(ROOT, 'docs/examples/json-folder.ts'), join(folder, 'connectors/json-folder.ts'))
  writeFileSync(
    join(folder, 'mappings/shout.ts'),
    `import { defineTransform } from 'odoo-tandem/contract'
export default defineTransform({ odoo: 'text', external: 'text', toExternal: (text) => text.toUpperCase() })
`,
  )
  writeFileSync(
    join(folder, 'config.yaml'),
    `connections:
  one: { type: ./connectors/json-folder.ts, folder: ./wms }
  two: { type: sqlite, file: ./other.db }
`,
  )
  const fields = 'fields: { code: text, name: text }'
  writeFileSync(
    join(folder, 'mappings/customers.yaml'),
    `mapping: customers
odoo: { connection: one, collection: customers, ${fields}, key: code }
external: { connection: two, collection: customers, key: code }
direction: from-odoo
fields:
  - { odoo: name, external: name, transform: { code: ./shout.ts } }
`,
  )
  writeFileSync(join(folder, 'wms/customers/C-1.json'), '{ "code": "C-1", "name": "Ada" }')
  const program = `
    const Database = (await import('better-sqlite3')).default
    const database = new Database('other.db')
    if (process.argv[1] === 'make') database.exec('create table customers (id integer primary key, code text unique, name text)')
    else console.log(JSON.stringify(database.prepare('select code, name from customers').all()))`
  const sqlite = (job: string) =>
    run(join(folder, 'node_modules/.bin/node'), ['--input-type=module', '-e', program, job], { cwd: folder })
  await sqlite('make')
  const { code, stdout, stderr } = await tandem('sync')
  expect({ code, stderr }, stdout).toMatchObject({ code: 0 })
  expect(JSON.parse((await sqlite('show')).stdout)).toEqual([{ code: 'C-1', name: 'ADA' }])
})

test('its types are there: the example is checked against them', async () => {
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--skipLibCheck']
  const typeRoots = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--types', 'node']
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  const checked = run(tsc, [...options, ...typeRoots, 'connectors/json-folder.ts', 'mappings/shout.ts'], {
    cwd: folder,
  })
  await expect(
    checked.catch((error: { stdout: string }) => Promise.reject(new Error(error.stdout))),
  ).resolves.toBeDefined()
})

test('what a user reads is in it, and nothing that is only ours', () => {
  const installed = join(folder, 'node_modules/odoo-tandem')
  const needed = ['README.md', 'LICENSE', 'config.example.yaml', 'mappings/customers.yaml', 'docs/connectors.md']
  for (const name of needed) expect(existsSync(join(installed, name)), name).toBe(true)
  for (const name of ['src', 'test', 'bench', 'scripts', '.ci'])
    expect(existsSync(join(installed, name)), name).toBe(false)
})
