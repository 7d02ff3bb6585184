import { z } from 'zod'
import type { Collection, CollectionRequest, FieldSchema } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { HttpPool } from '../../http/http-pool.ts'
import type { WebhookTarget } from './settings.ts'
import { createSink } from './sink.ts'

const specSchema = z.strictObject({
  collection: z.string().regex(/^[\w.-]+$/, 'expected a name of letters, digits, . - and _'),
})

/** Each message is a call of its own. As few as this at a time are in doubt together when an answer is lost. */
const GROUP = 50

/** @throws SyncError `config` where the connection has no such collection. */
export function createCollection(
  pool: HttpPool,
  connection: string,
  settings: WebhookTarget,
  { spec, fields, key, consumer }: CollectionRequest,
): Collection {
  const parsed = specSchema.safeParse(spec)
  if (!parsed.success) {
    throw new SyncError('config', `The ${connection} side of ${consumer} does not name a collection`, {
      cause: parsed.error,
      hint: 'Write collection: customers, as the messages are to call it.',
    })
  }
  const { collection: name } = parsed.data
  const { collections } = settings
  const known = collections === undefined || Object.hasOwn(collections, name)
  if (!known) {
    throw new SyncError('config', `The connection ${connection} has no collection "${name}"`, {
      hint: `It has ${Object.keys(collections).join(', ')}: add it in config.yaml, or correct the mapping.`,
    })
  }
  const definition = collections?.[name] ?? { fields: {} }
  const schema = new Map(
    [...new Set([...fields, ...Object.keys(definition.fields)])].map((field) => [
      field,
      fieldOf(definition.fields, field),
    ]),
  )
  return {
    capabilities: {
      deletes: 'none',
      maxBatch: GROUP,
      pageSize: GROUP,
      guardedWrites: false,
      archive: null,
      writeOnly: true,
    },
    describe: () => Promise.resolve({ name: `${connection} ${name}`, fields: schema }),
    check: () => Promise.resolve([]),
    feed: null,
    sink: createSink({ settings, pool, name, collection: definition, key: key ?? null }),
  }
}

function fieldOf(types: Readonly<Record<string, FieldSchema['type']>>, name: string): FieldSchema {
  return {
    name,
    type: Object.hasOwn(types, name) ? (types[name] ?? 'json') : 'json',
    isRequired: false,
    isReadOnly: false,
    isAssigned: false,
    relation: null,
    maxLength: null,
    scale: null,
    options: null,
  }
}
