import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseCall } from '../../src/connectors/odoo/call-spec.ts'
import type { FieldSchema, Schema } from '../../src/contract/connector.ts'
import { compile } from '../../src/mapping/compile.ts'
import { stepFields } from '../../src/mapping/compile-steps.ts'
import type { Side } from '../../src/mapping/mapping.ts'
import { fieldsToRead, type MappingFile } from '../../src/mapping/mapping-file.ts'
import { parseMapping } from '../engine/parse-mapping.ts'

const PAGES = ['steps', 'expressions'].map((name) => [
  name,
  readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8'),
])
const EXAMPLES = PAGES.flatMap(([name = '', page = '']) =>
  [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = ''], index) => [`${name} ${index + 1}`, text] as const),
)

/** An example as a whole mapping. */
function mappingOf(example: string): MappingFile {
  const head = `
mapping: examples
odoo: { connection: erp, model: sale.order, key: name }
external: { connection: shop, collection: orders, key: number }
`
  const fields = example.startsWith('fields:') ? '' : 'fields: [note]\n'
  return parseMapping('examples.yaml', `${head}${fields}${example}`)
}

/** A side with every field that the example names, of whatever type. */
function schemaOf(file: MappingFile, side: Side): Schema {
  const names = [...fieldsToRead(file, side), ...stepFields(file, side)]
  const field = (name: string): FieldSchema => ({
    name,
    type: name === 'name' || name === 'number' ? 'text' : 'json',
    isRequired: false,
    isReadOnly: false,
    isAssigned: false,
    relation: null,
    maxLength: null,
    scale: null,
    options: null,
  })
  return { name: side, fields: new Map(names.map((name) => [name, field(name)])) }
}

describe('the mappings in the documentation', () => {
  it.each(EXAMPLES)('%s can be used', (_, example) => {
    const file = mappingOf(example)
    const { mapping, problems } = compile(file, { odoo: schemaOf(file, 'odoo'), external: schemaOf(file, 'external') })
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
    for (const step of file.definition.steps) if (step.on === 'odoo') expect(parseCall(step.call).kind).toBeDefined()
    expect(mapping?.steps).toHaveLength(file.definition.steps.length)
  })

  it('are there', () => {
    expect(EXAMPLES.length).toBeGreaterThan(6)
  })
})
