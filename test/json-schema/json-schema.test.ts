import { globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configJsonSchema } from '../../src/json-schema/config-json-schema.ts'
import { mappingJsonSchema } from '../../src/json-schema/mapping-json-schema.ts'
import { problems } from './validate.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const schemas = { config: await configJsonSchema(), mapping: await mappingJsonSchema() }
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const example = (): Record<string, never> => parse(read('config.example.yaml'))

describe('the schemas for editors', () => {
  it.each(['config', 'mapping'] as const)('%s: the file in schema/ is current (npm run schema writes it)', (name) => {
    expect(JSON.parse(read(`schema/${name}.json`))).toEqual(schemas[name])
  })

  const mappings = globSync(['mappings/*.yaml', 'docs/recipes/*/mappings/*.yaml'], { cwd: ROOT })

  it.each(['config.example.yaml', ...mappings])('%s names its schema and fits it', (file) => {
    const named = /^# yaml-language-server: \$schema=(\S+)\n/.exec(read(file))?.[1] ?? ''
    const wanted = file.startsWith('config') ? 'config' : 'mapping'
    expect(resolve(ROOT, dirname(file), named)).toBe(resolve(ROOT, `schema/${wanted}.json`))
    expect(problems(schemas[wanted], parse(read(file)))).toEqual([])
  })

  it('refuse what the program refuses', () => {
    const config = example()
    const wrong = (changes: object) => problems(schemas.config, { ...config, ...changes })
    expect(wrong({ logs: {} })).toEqual(['/logs: not allowed'])
    expect(wrong({ log: { level: 'loud' } })).not.toEqual([])
    const erp = { type: 'odoo', url: 'https://erp.example.com', database: 'erp', api_key: 'x' }
    const of = (more: object) => problems(schemas.config, { connections: { erp: { ...erp, ...more } } })
    expect(of({})).toEqual([])
    expect(of({ databse: 'erp' })).toEqual(['/connections/erp/databse: not allowed'])
    expect(of({ limits: { concurrency: 99 } })).not.toEqual([])
    expect(of({ limits: { concurrency: ['$', '{CALLS}'].join('') } })).toEqual([])
    expect(of({ context: { deep: { list: [1, null] } } })).toEqual([])
    expect(problems(schemas.config, { connections: { own: { type: './mine.ts', anything: 1 } } })).toEqual([])
    expect(problems(schemas.config, {})).toEqual(['/: lacks connections'])

    const mapping = parse(read('mappings/customers.yaml')) as object
    const unfit = (changes: object) => problems(schemas.mapping, { ...mapping, ...changes })
    expect(unfit({ feilds: [] })).toEqual(['/feilds: not allowed'])
    expect(unfit({ fields: [{ odoo: 'name', externl: 'x' }] })).not.toEqual([])
    expect(unfit({ conflict: 'whoever' })).not.toEqual([])
    expect(unfit({ fields: ['email'] })).toEqual([])
  })

  it('say what the keys are for', () => {
    const text = JSON.stringify(schemas.mapping)
    expect(text).toContain('Who wins where both sides changed the same field')
  })
})
