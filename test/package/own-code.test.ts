import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startProgram } from '../cli/program.ts'
import { openWorkspace, type Workspace } from '../cli/workspace.ts'

const EXAMPLE = fileURLToPath(new URL('../../docs/examples/json-folder.ts', import.meta.url))

const TRANSFORM = `import { defineTransform } from 'odoo-tandem/contract'

export default defineTransform({
  odoo: 'text',
  external: 'json',
  toExternal: (name) => ({ parts: name.split(' ') }),
  toOdoo(value) {
    const { parts } = value as { readonly parts?: readonly string[] }
    if (!parts) throw new Error('it has no parts')
    return parts.join(' ')
  },
})
export const loud = defineTransform({ odoo: 'text', external: 'text', toExternal: (text) => text.toUpperCase() })
export const broken = { odoo: 'text', external: 'nothing', toExternal: (text: string) => text }
export const strange = defineTransform({ odoo: 'text', external: 'text', toExternal: () => new Date() as never })
`

let workspace: Workspace

/** A configuration whose other side is code of the user's own. */
function writeConfig(type: string): void {
  const { url, database, apiKey } = workspace.odoo
  const text = `connections:
  erp: { type: odoo, url: "${url}", database: "${database}", api_key: "${apiKey}" }
  wms: { type: ${JSON.stringify(type)}, folder: ./wms }
server: { listen: off }
`
  writeFileSync(join(workspace.folder, 'config.yaml'), text)
}

function writeMapping(name: string): void {
  const text = `mapping: customers
odoo: { connection: erp, model: res.partner, domain: [["ref", "!=", false]], key: ref }
external: { connection: wms, collection: customers, key: code, fields: { code: text, name: json, email: text } }
fields:
  - ${name}
  - email
deletes: { from_odoo: ignore, from_external: ignore }
`
  writeFileSync(join(workspace.folder, 'mappings', 'customers.yaml'), text)
}

const tandem = (...args: readonly string[]) => startProgram(workspace.folder, args).ended
const stored = (key: string): unknown =>
  JSON.parse(readFileSync(join(workspace.folder, 'wms', 'customers', `${key}.json`), 'utf8'))

beforeAll(async () => {
  workspace = await openWorkspace()
  mkdirSync(join(workspace.folder, 'wms', 'customers'), { recursive: true })
  mkdirSync(join(workspace.folder, 'mappings', 'transforms'))
  writeFileSync(join(workspace.folder, 'mappings', 'transforms', 'name.ts'), TRANSFORM)
})
beforeEach(() => {
  writeConfig(EXAMPLE)
  writeMapping('{ odoo: name, external: name, transform: { code: ./transforms/name.ts } }')
})
afterAll(async () => {
  await workspace[Symbol.asyncDispose]()
})

test('a connector and a transform in files of the user keep Odoo and his folder in step', async () => {
  workspace.addPartners({ ref: 'C/1', name: 'Ada Byron', email: 'ada@example.com' })
  writeFileSync(
    join(workspace.folder, 'wms', 'customers', 'W-1.json'),
    JSON.stringify({ code: 'W-1', name: { parts: ['Grace', 'Hopper'] }, shelf: 7 }),
  )
  const first = await tandem('sync')
  expect(first.stderr).toBe('')
  expect(first.code).toBe(0)
  expect(stored('C%2F1')).toEqual({ code: 'C/1', name: { parts: ['Ada', 'Byron'] }, email: 'ada@example.com' })
  const { odoo } = workspace
  expect(odoo.as('admin').search('res.partner', [['name', '=', 'Grace Hopper']])).toHaveLength(1)
  expect((await tandem('verify', 'customers')).code).toBe(0)
  const second = await tandem('sync', '--json')
  expect(second.stdout).not.toContain('"created":1')
  // What the mapping does not know is still there.
  expect(stored('W-1')).toMatchObject({ shelf: 7 })
})

test('a value that the transform refuses stops that record alone, with the transform in the message', async () => {
  writeFileSync(join(workspace.folder, 'wms', 'customers', 'W-2.json'), JSON.stringify({ code: 'W-2', name: {} }))
  await tandem('sync')
  const { stdout } = await tandem('dead-letters', 'list')
  expect(stdout).toContain('W-2')
  expect(stdout).toContain('./transforms/name.ts cannot transform {}: it has no parts')
})

describe('what cannot be used is told with its place, all at once', () => {
  const failure = async () => {
    const { code, stdout, stderr } = await tandem('check')
    expect(code).toBe(2)
    return stdout + stderr
  }

  test('transforms', async () => {
    const wrong: readonly (readonly [transform: string, message: string])[] = [
      ['{ code: ./transforms/no.ts }', 'there is no file'],
      [
        '{ code: ./transforms/name.ts, name: nope }',
        './transforms/name.ts does not export "nope"; it exports broken, ',
      ],
      [
        '{ code: ./transforms/name.ts, name: broken }',
        'broken of ./transforms/name.ts has external: "nothing", which is none of text',
      ],
      [
        '{ code: ./transforms/name.ts, name: loud }',
        'loud of ./transforms/name.ts works from-odoo only, so the pair needs direction: from-odoo',
      ],
    ]
    writeMapping(wrong.map(([transform]) => `{ odoo: name, external: email, transform: ${transform} }`).join('\n  - '))
    const text = await failure()
    wrong.forEach(([, message], index) => {
      expect(text).toContain(`fields[${index}].transform: ${message}`)
      expect(text).toMatch(new RegExp(`customers\\.yaml:${5 + index}:\\d+`))
    })
    writeMapping('{ odoo: name, external: name, transform: { name: loud } }')
    expect(await failure()).toContain('it needs code: <file>')
  })

  test('connectors', async () => {
    const wrong: readonly (readonly [type: string, source: string | null, message: string])[] = [
      ['./absent.ts', null, 'there is no file'],
      ['tandem-absent', null, 'no package "tandem-absent" is installed'],
      ['postgrse', null, 'did you mean "postgres"?'],
      ['./a.mjs', 'export const connector = 1', "export a connector's factory as its default; it exports connector"],
      ['./b.mjs', 'export default () => null', './b.mjs gives no connector'],
      ['./c.mjs', 'export default () => ({ check() {}, collection() {} })', 'without [Symbol.asyncDispose]()'],
      ['./d.mjs', "throw new Error('no licence')", './d.mjs cannot be loaded: no licence'],
      ['./e.mjs', "import 'no-such-thing'", "./e.mjs cannot be loaded: Cannot find package 'no-such-thing'"],
    ]
    for (const [type, source] of wrong) if (source !== null) writeFileSync(join(workspace.folder, type), source)
    const lines = wrong.map(([type], index) => `  c${index}: { type: ${type} }`)
    const config = readFileSync(join(workspace.folder, 'config.yaml'), 'utf8')
    const bad = config.replace('folder:', 'foldr:').replace('server:', `${lines.join('\n')}\nserver:`)
    writeFileSync(join(workspace.folder, 'config.yaml'), bad)
    const text = await failure()
    wrong.forEach(([, , message], index) => {
      const line = text.split('\n').find((each) => each.includes(`config.yaml:${4 + index}:`))
      expect(line).toContain(`connections.c${index}`)
      expect(line).toContain(message)
    })
    expect(text).toMatch(/config\.yaml:3:\d+: connections\.wms\.folder: is missing \(found "foldr"\)/)
  })
})

test('what a transform makes is looked at', async () => {
  const transform = '{ code: ./transforms/name.ts, name: strange }'
  writeMapping(`{ odoo: name, external: name, direction: from-odoo, transform: ${transform} }`)
  await tandem('resync', 'customers', '--keys', 'C/1', '--from', 'odoo')
  expect((await tandem('dead-letters', 'list')).stdout).toMatch(/strange of .* what is no value: a Date/)
})

test('a package that is installed beside the configuration is found there', async () => {
  const folder = join(workspace.folder, 'node_modules', 'tandem-wms')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'tandem-wms', exports: { import: './index.js' }, type: 'module' }),
  )
  writeFileSync(
    join(folder, 'index.js'),
    `import { SyncError } from 'odoo-tandem/contract'
     const refuse = () => { throw new SyncError('unavailable', 'The warehouse sleeps.') }
     export default () => ({ check: async () => refuse(), collection: refuse, async [Symbol.asyncDispose]() {} })`,
  )
  writeConfig('tandem-wms')
  const { code, stdout } = await tandem('check')
  expect(stdout).toContain('The warehouse sleeps.')
  // It is our own SyncError that the package throws: told as what it is, not as a defect.
  expect(code).toBe(3)
})
