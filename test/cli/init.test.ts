import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Asker } from '../../src/cli/init/asker.ts'
import { init } from '../../src/cli/init/run-init.ts'
import type { Invocation } from '../../src/cli/invocation.ts'
import { createTerminal } from '../../src/cli/terminal.ts'
import { type SandboxOdoo, startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'
import { startApi } from '../connectors/rest-api.ts'
import { jsonLines, runProgram } from './program.ts'

let folder: string
let odoo: SandboxOdoo
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-init-'))
  odoo = await startSandboxOdoo()
  odoo.as('admin').create('res.partner', [
    { ref: 'C-1', name: 'Ada King', email: 'ada@x', phone: '1', city: 'London' },
    { ref: 'C-2', name: 'Bo Nord', email: 'bo@x', phone: '2', city: 'Oslo' },
    { ref: 'C-3', name: 'Cy Lund', email: 'cy@x', phone: '3', city: 'Lund' },
  ])
  const shop = new Database(join(folder, 'shop.db'))
  shop.exec(`create table customers (id integer primary key, code text unique, full_name text, mail_address text, town text,
    remarks2 text, loyalty_points integer, archived boolean not null default 0)`)
  const insert = shop.prepare(
    'insert into customers (code, full_name, mail_address, town, remarks2) values (?, ?, ?, ?, ?)',
  )
  insert.run('C-1', 'Ada King', 'ada@x', 'London', '1')
  insert.run('C-2', 'Bo Nord', 'bo@x', 'Oslo', '2')
  insert.run('S-9', 'Zoe Park', 'zoe@x', 'Bath', '9')
  shop.exec('create table orders (id integer primary key)')
  shop.close()
})
afterEach(async () => {
  await odoo.close()
  rmSync(folder, { recursive: true, force: true })
})

const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
const flags = () => [
  '--odoo-url',
  odoo.url,
  '--odoo-db',
  odoo.database,
  '--odoo-key-env',
  'KEY',
  '--model',
  'res.partner',
]
const shopFlags = ['--external-type', 'sqlite', '--external-file', './shop.db', '--collection', 'customers']

describe('init', () => {
  test('by options alone: files, check and a dry run; no secret is written', async () => {
    const env = { KEY: odoo.apiKey }
    const ended = await runProgram(folder, ['init', '--yes', ...flags(), ...shopFlags], env)
    expect(ended.stdout, ended.stderr).toContain('✓ customers: res.partner ↔ customers')
    expect(ended.stdout).toContain('= customers C-1')
    expect(ended.stdout).toMatch(/\+ customers S-9 \(odoo ← external 3\)/)
    expect(ended.code).toBe(0)
    expect(read('config.yaml')).toContain(['api_key: "$', '{KEY}"'].join(''))
    expect(read('config.yaml') + read('mappings/customers.yaml')).not.toContain(odoo.apiKey)
    const mapping = read('mappings/customers.yaml')
    expect(mapping).toContain('- { odoo: name, external: full_name }')
    expect(mapping).toContain('- { odoo: email, external: mail_address }')
    expect(mapping).toContain('archive: { column: archived, value: true }')
    expect(mapping).toContain('key: ref # names the same record on both sides')
    expect(mapping).toContain('  key: code')
    expect(mapping).toMatch(/# Nothing in Odoo was found for: .*loyalty_points/)
    expect(existsSync(join(folder, 'secrets'))).toBe(false)
    expect(JSON.parse(read('schema/mapping.json'))).toMatchObject({ type: 'object' })
    // What it wrote runs.
    const synced = await runProgram(folder, ['sync'], env)
    expect(synced.code, synced.stdout + synced.stderr).toBe(0)
    expect((await runProgram(folder, ['verify', 'customers'], env)).code).toBe(0)
    const again = await runProgram(folder, ['init', '--yes', ...flags(), ...shopFlags], env)
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('There is a ./config.yaml already')])
  })

  test('reads a JSON API that is described by options, and changes nothing there', async () => {
    const api = await startApi({ paging: 'none', authorization: () => 'Bearer t0ken' })
    api.insert({ code: 'C-1', name: 'Ada King', email: 'ada@x' })
    api.insert({ code: 'S-9', name: 'Zoe Park', email: 'zoe@x' })
    const there = ['--external-type', 'rest', '--external-url', api.url, '--external-key-env', 'TOKEN']
    const list = ['--external-path', '/items', '--external-items', 'data.items', '--key', 'ref=code']
    const env = { KEY: odoo.apiKey, TOKEN: 't0ken' }
    const ended = await runProgram(folder, ['init', '--yes', ...flags(), ...there, ...list], env)
    expect(ended.code, ended.stdout + ended.stderr).toBe(0)
    expect(ended.stdout).toMatch(/\+ items S-9 \(odoo ← external 2\)/)
    expect(read('mappings/items.yaml')).toContain('direction: to-odoo')
    expect(read('config.yaml')).not.toContain('t0ken')
    const synced = await runProgram(folder, ['sync'], env)
    expect(synced.code, synced.stdout + synced.stderr).toBe(0)
    expect(odoo.as('admin').search('res.partner', [['ref', '=', 'S-9']])).toHaveLength(1)
    expect(api.requests.filter((line) => !line.startsWith('GET'))).toEqual([])
    await api.close()
  })

  test('reads files of a folder, in the form of the first one', async () => {
    const file = join(folder, 'in', 'customers-1.csv')
    mkdirSync(join(folder, 'in'))
    writeFileSync(file, 'code;name;email\nC-1;Ada King;ada@x\nS-9;Zoe Park;zoe@x\n')
    const rested = new Date(Date.now() - 60_000)
    utimesSync(file, rested, rested)
    const there = ['--external-type', 'files', '--external-folder', './in', '--external-files', 'customers-*.csv']
    const env = { KEY: odoo.apiKey }
    const ended = await runProgram(folder, ['init', '--yes', ...flags(), ...there, '--key', 'ref=code'], env)
    expect(ended.code, ended.stdout + ended.stderr).toBe(0)
    expect(read('config.yaml')).toContain('{"customers":{"csv":{"delimiter":";"},"in":{"files":"customers-*.csv"}}}')
    const mapping = read('mappings/customers.yaml')
    expect(mapping).toContain('- { odoo: name, external: name }')
    const synced = await runProgram(folder, ['sync'], env)
    expect(synced.code, synced.stdout + synced.stderr).toBe(0)
    expect(odoo.as('admin').search('res.partner', [['ref', '=', 'S-9']])).toHaveLength(1)
    expect(existsSync(join(folder, 'in/done/customers-1.csv'))).toBe(true)
  })

  test('says in --json what it proposes, and without a terminal which option is missing', async () => {
    const env = { KEY: odoo.apiKey }
    const missing = await runProgram(folder, ['init', ...flags(), '--external-type', 'sqlite'], env)
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('Say it with --external-file')])
    const wrong = await runProgram(folder, ['init', ...flags(), ...shopFlags], { KEY: 'wrong' })
    expect(wrong.code).toBe(3)
    expect(existsSync(join(folder, 'config.yaml'))).toBe(false)
    const ended = await runProgram(folder, ['init', '--json', ...flags(), ...shopFlags, '--key', 'ref=code'], env)
    const [answer] = jsonLines<{ fields: { odoo: string; external: string; isSure: boolean }[] }>(ended)
    expect(answer).toMatchObject({ mapping: 'customers', key: { odoo: 'ref', external: 'code' } })
    expect(answer?.fields).toContainEqual(
      expect.objectContaining({ odoo: 'name', external: 'full_name', isSure: true }),
    )
  })

  test('by questions: a key that is typed in goes to a file that only its owner reads, and a wrong one is asked again', async () => {
    const answers: Record<string, string[]> = {
      '--odoo-url': [odoo.url, odoo.url],
      '--odoo-db': [odoo.database, odoo.database],
      '--odoo-user': ['', ''],
      '--odoo-key-env': ['not-the-key', odoo.apiKey],
      '--model': ['res.partner'],
      '--external-type': ['sqlite'],
      '--external-file': [join(folder, 'shop.db')],
      '--collection': ['customers'],
      '--direction': ['from-odoo'],
    }
    const said: string[] = []
    const next = async ({ flag, initial }: { flag: string; initial?: string }): Promise<string> =>
      answers[flag]?.shift() ?? initial ?? `no answer for ${flag}`
    const asker: Asker = {
      text: next,
      secret: next,
      choose: next,
      chooseMany: async ({ initial }) => initial.filter((pair) => !pair.startsWith('city')),
      working: async (_, work) => work(),
      say: (text) => void said.push(text),
    }
    const output: string[] = []
    const stream = { write: (text: string) => output.push(text) > 0 }
    const invocation: Invocation = {
      config: join(folder, 'config.yaml'),
      json: false,
      logLevel: null,
      env: {},
      terminal: createTerminal(stream, stream, {}),
      signal: AbortSignal.timeout(60_000),
    }
    expect(await init(invocation, { yes: false, dryRun: true }, asker)).toBe(0)
    expect(said).toHaveLength(1)
    expect(read('secrets/erp_api_key')).toBe(`${odoo.apiKey}\n`)
    expect(statSync(join(folder, 'secrets/erp_api_key')).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700)
    expect(read('secrets/.gitignore')).toBe('*\n')
    expect(read('config.yaml')).toContain('file:./secrets/erp_api_key')
    expect(read('config.yaml')).not.toContain(odoo.apiKey)
    const mapping = read('mappings/customers.yaml')
    expect(mapping).toContain('direction: from-odoo')
    expect(mapping).toContain('deletes: { from_odoo: archive }')
    expect(mapping).toMatch(/# - \{ odoo: city, external: town/)
    expect(output.join('')).toContain('customers: ')
  })
})
