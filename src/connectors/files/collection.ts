import { z } from 'zod'
import type { Collection, CollectionRequest } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { describeIssues } from '../sql/spec.ts'
import { checkCollection } from './check.ts'
import { type FilesConnection, filesContext } from './context.ts'
import { defineCollection } from './definition.ts'
import { filesFeed } from './feed.ts'
import { probeFiles } from './probe.ts'
import { describeFiles } from './schema.ts'
import { filesSink } from './sink.ts'

/** So many lines are taken in at once: some tens of milliseconds. */
const PAGE_SIZE = 1000
const MAX_BATCH = 2000

const specSchema = z.union([z.string().min(1), z.strictObject({ collection: z.string().min(1) })])

/** @throws SyncError `config` that names what is wrong in the mapping's part. */
export function filesCollection(connection: FilesConnection, request: CollectionRequest): Collection {
  const parsed = specSchema.safeParse(request.spec)
  if (!parsed.success) {
    throw new SyncError('config', `The collection of the mapping is not readable: ${describeIssues(parsed.error)}`, {
      cause: parsed.error,
      hint: 'Write the name of one of the collections of the connection.',
    })
  }
  const name = typeof parsed.data === 'string' ? parsed.data : parsed.data.collection
  const { collections } = connection.settings
  const settings = collections[name]
  if (settings === undefined || !Object.hasOwn(collections, name)) {
    throw new SyncError('config', `connection ${connection.name} has no collection ${name}`, {
      hint: `It has ${Object.keys(collections).join(', ')}.`,
    })
  }
  const definition = defineCollection(name, settings, request.key)
  const context = filesContext(connection, definition, request)
  const tellsDeletes =
    definition.in?.content === 'everything' || (definition.in !== null && settings.operation !== undefined)
  return {
    capabilities: {
      deletes: tellsDeletes ? 'pushed' : 'none',
      maxBatch: MAX_BATCH,
      pageSize: PAGE_SIZE,
      guardedWrites: true,
      archive: settings.archive ? { field: settings.archive.field, archived: settings.archive.value } : null,
    },
    describe: (signal) => describeFiles(context, signal),
    check: (needs, signal) => checkCollection(context, needs, signal),
    probe: (signal) => probeFiles(context, signal),
    feed: definition.in === null ? null : filesFeed(context),
    sink: filesSink(context),
  }
}
