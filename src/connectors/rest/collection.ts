import { z } from 'zod'
import type { Collection, CollectionRequest } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { checkCollection } from './check.ts'
import type { RestClient } from './client.ts'
import { createFeed } from './feed.ts'
import { pageLimit } from './paging.ts'
import { probeCollection } from './probe.ts'
import { createResource } from './resource.ts'
import type { RestSettings } from './settings.ts'
import { createSink } from './sink.ts'
import { toldRecord } from './told-record.ts'

const specSchema = z.union([z.string().min(1), z.strictObject({ collection: z.string().min(1) })])

/** Operations that are single calls are sent in groups of this size: what is read before them is still fresh then. */
const GROUP = 50

/** @throws SyncError `config` where the connection has no such collection. */
export function createCollection(
  client: RestClient,
  connection: string,
  settings: RestSettings,
  request: CollectionRequest,
): Collection {
  const parsed = specSchema.safeParse(request.spec)
  if (!parsed.success) {
    throw new SyncError('config', `The ${connection} side of ${request.consumer} does not name a collection`, {
      cause: parsed.error,
      hint: `Write collection: ${Object.keys(settings.collections).join(' | ')}.`,
    })
  }
  const name = typeof parsed.data === 'string' ? parsed.data : parsed.data.collection
  const definition = Object.hasOwn(settings.collections, name) ? settings.collections[name] : undefined
  if (definition === undefined) {
    throw new SyncError('config', `The connection ${connection} has no collection "${name}"`, {
      hint: `It has ${Object.keys(settings.collections).join(', ')}: add it to \`collections\` in config.yaml, or correct the mapping.`,
    })
  }
  const resource = createResource(
    client,
    `${connection} ${name}`,
    definition,
    [...new Set(request.fields)],
    request.key ?? null,
  )
  const { batch, archive } = definition
  const batchSizes = [batch.create, batch.update, batch.remove].flatMap((call) =>
    call === undefined ? [] : [call.max],
  )
  return {
    capabilities: {
      deletes: definition.deleted === undefined ? 'listed' : 'pushed',
      maxBatch: batchSizes.length === 0 ? GROUP : Math.min(...batchSizes),
      pageSize: pageLimit(definition.list.paging),
      guardedWrites: false,
      archive: archive === undefined ? null : { field: archive.field, archived: archive.value },
    },
    describe: (signal) => resource.schema(signal, true),
    check: (needs, signal) => checkCollection(resource, needs, signal),
    probe: (signal) => probeCollection(resource, signal),
    feed: createFeed(resource),
    sink: createSink(resource),
    told: (record) => toldRecord(resource, record),
  }
}
