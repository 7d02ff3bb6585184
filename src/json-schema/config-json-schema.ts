import { z } from 'zod'
import { configSchema } from '../config/config-schema.ts'
import { SETTINGS_SCHEMAS } from '../connectors/settings-schemas.ts'
import { asPart, type JsonSchema, PLACEHOLDER_DEFS, withPlaceholders } from './json-schema.ts'

/** The JSON Schema of config.yaml, each connection by its type. Own connectors take whatever keys they like. */
export async function configJsonSchema(): Promise<JsonSchema> {
  const schema = z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema
  const types = Object.keys(SETTINGS_SCHEMAS)
  const $defs: Record<string, JsonSchema> = { ...PLACEHOLDER_DEFS }
  const alternatives: JsonSchema[] = []
  for (const [type, load] of Object.entries(SETTINGS_SCHEMAS)) {
    const settings = z.toJSONSchema((await load()).settings, { io: 'input' }) as JsonSchema
    const { part, defs } = asPart(settings, type)
    Object.assign($defs, defs)
    const isType = { properties: { type: { const: type } }, required: ['type'] }
    const then = withPlaceholders({ ...part, properties: { ...part.properties, type: { const: type } } })
    // One for each type, so that an editor tells what is wrong in the one that is meant.
    alternatives.push(
      Object.fromEntries([
        ['if', isType],
        ['then', then],
      ]),
    )
  }
  const connection: JsonSchema = {
    type: 'object',
    required: ['type'],
    properties: {
      type: {
        anyOf: [{ enum: types }, { type: 'string' }],
        description: 'the kind of system, or a connector of your own',
      },
    },
    allOf: alternatives,
  }
  const whole = withPlaceholders(schema)
  const connections: JsonSchema = {
    type: 'object',
    description: 'the systems, by the name that mappings use',
    propertyNames: { pattern: '^[A-Za-z][\\w-]*$' },
    additionalProperties: connection,
  }
  return {
    ...whole,
    title: 'config.yaml of Tandem',
    properties: { ...whole.properties, connections },
    required: ['connections'],
    $defs,
  }
}
