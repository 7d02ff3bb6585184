import { loadConfig } from '../../src/config/load-config.ts'
import { loadMappings } from '../../src/config/load-mappings.ts'
import type { Capabilities, FieldSchema, Schema } from '../../src/contract/connector.ts'
import type { Value } from '../../src/contract/value.ts'
import { type Compiled, compile } from '../../src/mapping/compile.ts'
import type { FieldRule, References, Side } from '../../src/mapping/mapping.ts'

export const CONFIG = 'connections:\n  erp: { type: odoo }\n  shop: { type: postgres }\n'

/** What a field is, besides what every field is. */
export type FieldTraits = Partial<FieldSchema> & Pick<FieldSchema, 'type'>

export function schemaOf(name: string, fields: Readonly<Record<string, FieldTraits>>): Schema {
  const full = Object.entries(fields).map(([field, traits]): [string, FieldSchema] => [
    field,
    {
      name: field,
      isRequired: false,
      isReadOnly: false,
      isAssigned: false,
      relation: null,
      maxLength: null,
      scale: null,
      options: null,
      ...traits,
    },
  ])
  return { name, fields: new Map(full) }
}

export interface Sides {
  readonly odoo: Readonly<Record<string, FieldTraits>>
  readonly external: Readonly<Record<string, FieldTraits>>
}

const KEYS: Sides = {
  odoo: { ref: { type: 'text' } },
  external: { id: { type: 'integer', isReadOnly: true, isAssigned: true } },
}

/** Compiles a mapping between res.partner (key ref) and customers (key id). `rest` follows the two sides. */
export function compileText(
  rest: string,
  sides: Sides,
  capabilities: Readonly<Record<Side, Capabilities>> | null = null,
  head = 'odoo: { connection: erp, model: res.partner }\nexternal: { connection: shop, collection: customers, key: id }\n',
): Compiled {
  const text = `mapping: customers\n${head}${rest}`
  const files: Readonly<Record<string, string>> = { 'config.yaml': CONFIG, 'mappings/m.yaml': text }
  const config = loadConfig({
    file: 'config.yaml',
    env: {},
    readFile: (path) => files[path] ?? '',
    listFolder: () => ['m.yaml'],
  })
  const [file] = loadMappings(config)
  if (file === undefined) throw new Error('no mapping')
  const schemas = {
    odoo: schemaOf('res.partner', { ...KEYS.odoo, ...sides.odoo }),
    external: schemaOf('customers', { ...KEYS.external, ...sides.external }),
  }
  return compile(file, schemas, capabilities)
}

/** The rule for one pair of fields `a` and `b` of these types, with further options of the pair. */
export function pairOf(odoo: FieldTraits, external: FieldTraits, optionsText = ''): FieldRule {
  const { mapping, problems } = compileText(`fields:\n  - { odoo: a, external: b${optionsText} }\n`, {
    odoo: { a: odoo },
    external: { b: external },
  })
  const rule = mapping?.fields.find((candidate) => candidate.odoo === 'a')
  if (!rule) throw new Error(problems.map((problem) => problem.message).join('\n'))
  return rule
}

export const NO_REFERENCES: References = { link: () => undefined, lookup: () => undefined }

/** The translated value, or the message of the error. */
export function translated(rule: FieldRule, from: Side, value: Value): Value | { readonly error: string } {
  const result = rule.translate(from, value, NO_REFERENCES)
  if (result.kind === 'value') return result.value
  return { error: result.kind === 'error' ? `${result.error.code}: ${result.error.message}` : 'waits' }
}
