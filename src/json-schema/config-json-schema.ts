import { z } from 'zod'
import { configSchema } from '../config/config-schema.ts'
import { SETTINGS_SCHEMAS } from '../connectors/settings-schemas.ts'
import { asPart, type JsonSchema, PLACEHOLDER_DEFS, withDescriptions, withPlaceholders } from './json-schema.ts'

/** The JSON Schema of config.yaml, each connection by its type. Own connectors take whatever keys they like. */
export async function configJsonSchema(): Promise<JsonSchema> {
  const schema = withDescriptions(z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema, DESCRIPTIONS)
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

const DESCRIPTIONS = {
  ledger: 'what Tandem remembers: links, cursors, history',
  'ledger.file': 'one file (and its -wal and -shm), on a local disk',
  mappings: 'the folder with the mapping files; every *.yaml in it is one mapping',
  server: 'the HTTP server: systems tell of changes here',
  'server.listen': 'an address and a port, such as 127.0.0.1:8080, or off',
  'server.token': 'what a caller must show; required where others than this machine can reach the address',
  'server.hosts': 'further names under which the server is called',
  'server.public_url': 'how other systems reach this server',
  'server.hook_secret': 'the secrets in the addresses of hooks are made from it',
  'server.previous_hook_secret': 'the one before it, still accepted',
  'log.level': 'how much is logged',
  'log.format': 'auto: readable on a terminal, JSON otherwise',
  'history.values': 'false: only that a field changed, not from what to what',
  'history.keep': 'how long the history is kept: 90d',
  'limits.shutdown': 'how long running batches may take to finish when Tandem is stopped',
  'limits.in_doubt': 'how long a create whose answer was lost may still be under way',
} as const
