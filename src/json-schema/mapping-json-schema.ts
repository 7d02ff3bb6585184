import { z } from 'zod'
import { SETTINGS_SCHEMAS } from '../connectors/settings-schemas.ts'
import { mappingSchema } from '../mapping/mapping-schema.ts'
import {
  asPart,
  type Defs,
  type JsonSchema,
  PLACEHOLDER_DEFS,
  withDescriptions,
  withPlaceholders,
} from './json-schema.ts'

/**
 * The JSON Schema of a mapping file. Of which type a connection is stands elsewhere, so a side offers the keys of every
 * connector, and refuses none.
 */
export async function mappingJsonSchema(): Promise<JsonSchema> {
  const schema = withDescriptions(z.toJSONSchema(mappingSchema, { io: 'input' }) as JsonSchema, DESCRIPTIONS)
  const $defs: Record<string, JsonSchema> = { ...(schema.$defs as Defs | undefined) }
  const own: Record<string, JsonSchema> = {}
  const collections: JsonSchema[] = []
  for (const [type, load] of Object.entries(SETTINGS_SCHEMAS)) {
    const { spec, collection } = await load()
    for (const each of [spec, collection]) {
      if (!each) continue
      const { part, defs } = asPart(z.toJSONSchema(each, { io: 'input' }) as JsonSchema, type)
      Object.assign($defs, defs)
      if (each === spec) Object.assign(own, part.properties)
      else collections.push({ ...part, additionalProperties: true })
    }
  }
  const named: JsonSchema = {
    description: 'a table, a resource or a folder: its name, or an object with more options',
    anyOf: [{ type: 'string' }, ...uniqueOf(collections)],
  }
  const side = (name: 'odoo' | 'external'): JsonSchema => {
    const of = schema.properties?.[name] ?? {}
    return { ...of, properties: { ...own, collection: named, ...of.properties } }
  }
  const properties = { ...schema.properties, odoo: side('odoo'), external: side('external') }
  const whole = withPlaceholders({ ...schema, properties, $defs })
  const defs = { ...(whole.$defs as Defs), ...PLACEHOLDER_DEFS }
  return { ...whole, $defs: defs, title: 'a mapping of Tandem' }
}

/** Connectors may share one. */
function uniqueOf(schemas: readonly JsonSchema[]): readonly JsonSchema[] {
  return [...new Map(schemas.map((each) => [JSON.stringify(each), each])).values()]
}

const DESCRIPTIONS = {
  mapping: 'the name of this mapping: letters, digits, - and _',
  odoo: 'the Odoo side: connection, model, domain, key',
  'odoo.connection': 'a connection of config.yaml',
  'odoo.key': 'the field with the business key; ref unless given',
  'odoo.defaults': 'values that a record created here gets besides the mapped ones',
  external: 'the other side: connection, collection, key',
  'external.connection': 'a connection of config.yaml',
  'external.key': 'the field with the business key',
  'external.defaults': 'values that a record created here gets besides the mapped ones',
  key: 'more about the key',
  'key.generate': 'how a record without a key gets one: a template with {id}',
  'key.within': 'the Odoo field within whose value the key names a record',
  match: 'how records whose key is not found are looked for, where both sides have records already',
  direction: 'both, to-odoo or from-odoo',
  fields: 'the pairs of fields; a name alone stands for the same name on both sides',
  'fields[].odoo': 'the field in Odoo',
  'fields[].external': 'the field on the other side',
  'fields[].value': 'an expression instead of one of the two fields (docs/expressions.md)',
  'fields[].direction': 'where changes of this field flow',
  'fields[].owner': 'the side whose value always counts, and is put back when the other side changes it',
  'fields[].conflict': 'who wins where both sides changed this field',
  'fields[].transform': 'how a value is changed on its way to the other side',
  'fields[].map': 'which value of Odoo stands for which of the other side',
  'fields[].lookup': 'a record that is named by a natural key on the other side',
  'fields[].link': 'a record that another mapping brings over',
  when: 'which records without a partner are brought to the other side',
  steps: 'business methods that are called when they are due (docs/steps.md)',
  lines: "records' own lines (docs/lines.md)",
  conflict: 'who wins where both sides changed the same field: odoo, external, newest or manual',
  deletes: 'what a delete does on the other side, and the guard against many',
  'deletes.from_odoo': 'ignore, archive or delete',
  'deletes.from_external': 'ignore, archive or delete',
  on_exit: 'what happens to the other side when a record leaves the filter but still exists',
  changes_guard: 'a run that would change more linked records than both waits for a person',
  schedule: 'how often changes are looked for: every 5s, or a cron expression',
  deep: 'how often the last minutes are read once more',
  sweep: 'how often both listings are compared with the ledger: finds deletes; never',
  compare_within: 'in how long each linked record is compared in full once; never',
  wait_limit: 'how long a change may wait for another record before it becomes a dead letter',
  max_attempts: 'how often a change is tried before it becomes a dead letter',
  page_size: 'records a page; what the connector likes best unless given',
} as const
