import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
/** Keeps the address of every module that the process loads, a line each. */
const HOOK = `import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
registerHooks({ load(url, context, next) { appendFileSync(process.env.LOADED, url + '\\n'); return next(url, context) } })`

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-loaded-'))
  mkdirSync(join(folder, 'mappings'))
  for (const [name, key] of [
    ['erp', 'ref'],
    ['shop', 'code'],
  ]) {
    const db = new Database(join(folder, `${name}.db`))
    db.exec(`create table customers (id integer primary key, ${key} text unique, name text)`)
    if (name === 'shop') db.exec(`insert into customers (code, name) values ('C1', 'Ada')`)
    db.close()
  }
  writeFileSync(
    join(folder, 'config.yaml'),
    'connections: { erp: { type: sqlite, file: ./erp.db }, shop: { type: sqlite, file: ./shop.db } }\n',
  )
  writeFileSync(
    join(folder, 'mappings', 'customers.yaml'),
    `mapping: customers
odoo: { connection: erp, collection: { table: customers }, key: ref }
external: { connection: shop, collection: { table: customers }, key: code }
fields: [name]
deletes: { from_odoo: ignore, from_external: ignore }
`,
  )
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a command loads, inside the project's sources and of packages. */
function loadedBy(...args: readonly string[]): readonly string[] {
  const list = join(folder, `${args[0]}.txt`)
  const hook = `data:text/javascript,${encodeURIComponent(HOOK)}`
  const run = spawnSync(process.execPath, ['--import', hook, MAIN, ...args], {
    cwd: folder,
    env: { ...process.env, LOADED: list },
    encoding: 'utf8',
  })
  expect(run.stderr + run.stdout).not.toContain('rror')
  expect(run.status).toBe(0)
  const urls = readFileSync(list, 'utf8').split('\n')
  return urls.map((url) => /\/(src\/[^?]*|node_modules\/.*)$/.exec(url)?.[1] ?? '').filter((path) => path !== '')
}

// Each costs memory for as long as the process lives, 30 MB of the server and the Odoo connector alone.
describe('a sync between two SQLite files', () => {
  it('loads no other connector, no server, and nothing that only other commands need', () => {
    const loaded = loadedBy('sync')
    expect(loaded).toContain('src/connectors/sqlite/index.ts')
    expect(loaded).toContain('src/engine/execute.ts')
    const others = ['memory', 'odoo', 'files', 'rest', 'postgres', 'mysql', 'webhook']
    const folders = [
      ...others.map((type) => `connectors/${type}`),
      ...['alerts', 'daemon', 'json-schema', 'metrics', 'propose', 'sandbox', 'server', 'testing', 'tracing'],
    ].map((name) => `src/${name}/`)
    const packages = [
      ...['@clack', '@hono', '@opentelemetry', 'csv-parse', 'fast-xml-parser', 'hono', 'mysql2', 'nodemailer', 'pg'],
      ...['prom-client', 'ssh2', 'ssh2-sftp-client', 'standardwebhooks', 'undici'],
    ].map((name) => `node_modules/${name}/`)
    const idle = [...folders, ...packages, 'src/daemon.ts']
    const needless = loaded.filter((path) => idle.some((start) => path.startsWith(start)))
    // Where a hook of a mapping is sent to is made from the configuration alone.
    expect(needless).toEqual(['src/server/hook-address.ts'])
  })
})
