import { z } from 'zod'
import { SETTINGS_SCHEMAS } from '../connectors/settings-schemas.ts'
import { mappingSchema } from '../mapping/mapping-schema.ts'
import { asPart, type Defs, type JsonSchema, PLACEHOLDER_DEFS, withPlaceholders } from './json-schema.ts'

/**
 * The JSON Schema of a mapping file. Of which type a connection is stands elsewhere, so a side offers the keys of every
 * connector, and refuses none.
 */
export async function mappingJsonSchema(): Promise<JsonSchema> {
  const schema = z.toJSONSchema(mappingSchema, { io: 'input' }) as JsonSchema
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
