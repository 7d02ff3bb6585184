// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of the configuration, not of TypeScript
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { configSchema } from '../../src/config/config-schema.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { loadMappings } from '../../src/config/load-mappings.ts'
import { settingsProblems } from '../../src/config/settings-problems.ts'
import { SyncError } from '../../src/contract/error.ts'
import { sideSpec } from '../../src/mapping/mapping-file.ts'
import { mappingSchema } from '../../src/mapping/mapping-schema.ts'
import { formatProblem } from '../../src/mapping/problem.ts'
import { CONFIG, configOf, linesOf, MAPPING, options } from './files.ts'

const EXAMPLE = 'config.example.yaml'
const EXAMPLE_ENV = {
  ODOO_URL: 'https://odoo.example.com',
  ODOO_DB: 'prod',
  ODOO_API_KEY: 'k-0123456789',
  SHOP_PG_URL: 'postgres://tandem:s3cret-pw@db/shop',
}

test('the example shows every option with its default', () => {
  const example = loadConfig({ file: EXAMPLE, env: EXAMPLE_ENV })
  const plain = configOf(CONFIG)
  expect(example.ledger).toEqual(plain.ledger)
  expect(example.mappings).toBe(plain.mappings)
  expect(example.server).toEqual(plain.server)
  expect(example.log).toEqual(plain.log)
  expect(example.history).toEqual(plain.history)
  expect(example.limits).toEqual(plain.limits)
  expect(example.connections.get('erp')).toMatchObject({
    type: 'odoo',
    settings: { url: 'https://odoo.example.com', database: 'prod', api_key: 'k-0123456789' },
  })
  const text = readFileSync(EXAMPLE, 'utf8')
  for (const [section, schema] of Object.entries(configSchema.shape)) {
    expect(text).toMatch(new RegExp(`^${section}:`, 'm'))
    const shown = z.toJSONSchema(schema, { io: 'input' }).properties ?? {}
    for (const name of Object.keys(shown)) expect(text).toMatch(new RegExp(`^ {2}(# )?${name}:`, 'm'))
  }
})

test('the mappings that are shipped load with the example', () => {
  const files = loadMappings(loadConfig({ file: EXAMPLE, env: EXAMPLE_ENV }))
  expect(files.map((file) => file.name)).toContain('customers')
})

test('defaults, and paths relative to the file', () => {
  const config = loadConfig({ ...options({ 'etc/config.yaml': CONFIG }), file: 'etc/config.yaml' })
  expect(config.ledger.file).toBe('etc/data/tandem.db')
  expect(config.mappings).toBe('etc/mappings')
  expect(config.server).toEqual({
    listen: { host: '127.0.0.1', port: 8080 },
    token: null,
    hosts: [],
    publicUrl: null,
    hookSecrets: [],
  })
  expect(config.history).toEqual({ keepsValues: true, keepMs: 90 * 86_400_000 })
  expect(config.limits).toEqual({ shutdownMs: 30_000, inDoubtMs: 10_000 })
})

test.each([
  ['8080', { host: '127.0.0.1', port: 8080 }],
  ['":9"', { host: '127.0.0.1', port: 9 }],
  ['"[::1]:80"', { host: '::1', port: 80 }],
  ['"localhost:0"', { host: 'localhost', port: 0 }],
  ['off', null],
])('listen: %s', (listen, expected) => {
  expect(configOf(`${CONFIG}server: { listen: ${listen} }\n`).server.listen).toEqual(expected)
})

test('placeholders: variables, defaults, files, and a plain ${', () => {
  const text = `connections:
  erp:
    type: odoo
    url: "http://\${HOST:-localhost}:\${PORT:-8069}/"
    password: "\${file:secret.txt}"
    login: "$\${not a placeholder}"
    note: "\${EMPTY:-}"
    nested: ["\${HOST:-a}", { deep: "\${PORT:-}" }]
`
  const files = { 'etc/config.yaml': text, 'etc/secret.txt': 'hunter2hunter2\n' }
  const config = loadConfig({ ...options(files, { PORT: '80' }), file: 'etc/config.yaml' })
  expect(config.connections.get('erp')?.settings).toEqual({
    url: 'http://localhost:80/',
    password: 'hunter2hunter2',
    login: '${not a placeholder}',
    note: '',
    nested: ['a', { deep: '80' }],
  })
})

test('what a variable holds is not looked at again', () => {
  const config = configOf('connections:\n  erp: { type: odoo, url: "${A}" }\n', { A: '${HOME}' })
  expect(config.connections.get('erp')?.settings).toEqual({ url: '${HOME}' })
})

test('a variable fills a truth value where one is expected', () => {
  const text = `${CONFIG}history: { values: "\${V}" }\n`
  const config = configOf(text, { V: 'false' })
  expect(config.history.keepsValues).toBe(false)
})

test('an anchor is written once and used twice', () => {
  const config = configOf('connections:\n  a: &base { type: odoo, url: x }\n  b: *base\n')
  expect(config.connections.get('b')?.settings).toEqual({ url: 'x' })
})

test('aliases and size are capped', () => {
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 9; i++)
    bomb.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    )
  expect(linesOf(() => configOf(`${bomb.join('\n')}\n`)).join('\n')).toMatch(/too many aliases|holds too much/)
  expect(linesOf(() => configOf(`# ${'x'.repeat(1024 * 1024)}`))).toEqual([
    'config.yaml:1:1: the file is larger than 1 MiB',
  ])
  expect(linesOf(() => configOf('['.repeat(100_000))).length).toBeGreaterThan(0)
})

test('a config that is not there', () => {
  expect(linesOf(() => loadConfig(options({})))).toEqual([
    'config.yaml:1:1: the configuration cannot be read: ENOENT: config.yaml',
  ])
})

test("a connector's complaints get places in the file", () => {
  const config = configOf('connections:\n  erp:\n    type: odoo\n    url: 17\n    databse: x\n')
  const erp = config.connections.get('erp')
  const result = z.strictObject({ url: z.string() }).safeParse(erp?.settings)
  const thrown = new SyncError('config', 'connection erp', { cause: result.error })
  expect(settingsProblems(thrown, config.locate, ['connections', 'erp'], erp?.settings).map(formatProblem)).toEqual([
    'config.yaml:4:10: connections.erp.url: expected a text, found 17: write it in quotes, "17"',
    'config.yaml:5:5: connections.erp.databse: unknown key "databse"',
  ])
  expect(settingsProblems(new Error('no'), config.locate, ['connections', 'erp'], {}).map(formatProblem)).toEqual([
    'config.yaml:3:5: connections.erp: no',
  ])
  expect(erp?.locate(['url'])).toEqual({ file: 'config.yaml', line: 4, column: 10 })
})

test('mappings come in the order of their names, hidden and other files are left alone', () => {
  const named = (name: string) => MAPPING.replace('customers', name)
  const config = loadConfig(
    options({
      'config.yaml': CONFIG,
      'mappings/b.yaml': named('bb'),
      'mappings/a.yml': named('aa'),
      'mappings/.c.yaml': 'x',
      'mappings/customers.sql': 'x',
    }),
  )
  expect(loadMappings(config).map((file) => [file.name, file.file])).toEqual([
    ['aa', 'mappings/a.yml'],
    ['bb', 'mappings/b.yaml'],
  ])
})

test("the connector's part of a side is everything but the mapping's own keys", () => {
  const text = MAPPING.replace(
    'model: res.partner',
    'model: res.partner, domain: [[a, "=", 1]], context: { lang: de_DE }',
  )
  const [file] = loadMappings(loadConfig(options({ 'config.yaml': CONFIG, 'mappings/m.yaml': text })))
  if (file === undefined) throw new Error('no mapping')
  expect(sideSpec(file, 'odoo')).toEqual({ model: 'res.partner', domain: [['a', '=', 1]], context: { lang: 'de_DE' } })
  expect(sideSpec(file, 'external')).toEqual({ collection: 'customers' })
})

test('both schemas can be written as JSON Schema', () => {
  for (const schema of [configSchema, mappingSchema]) {
    const json = z.toJSONSchema(schema, { io: 'input' })
    expect(json.type).toBe('object')
    expect(JSON.stringify(json)).toContain('"properties"')
  }
  expect(z.toJSONSchema(mappingSchema, { io: 'input' }).required).toEqual(['mapping', 'odoo', 'external', 'fields'])
})
