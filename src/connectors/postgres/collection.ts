import type { Collection, CollectionRequest, Schema } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Feed } from '../../contract/feed.ts'
import { scanOptions, scanPage } from '../sql/scan-feed.ts'
import { parseTableSpec, withKey } from '../sql/spec.ts'
import { postgresCaller } from './caller.ts'
import { checkCollection } from './check.ts'
import { describeChild, readChild } from './children.ts'
import { postgresFeed } from './feed.ts'
import type { PostgresConnection, Query } from './pool.ts'
import { forgettingWhenChanged, type PostgresContext, postgresContext } from './rows.ts'
import { isNumberCursor, postgresScanSource } from './scan.ts'
import { describeTable } from './schema.ts'
import { postgresSink } from './sink.ts'
import { prepareCapture } from './triggers.ts'

/** Measured: larger batches are hardly faster, and hold their locks longer. */
const MAX_BATCH = 5000
const PAGE_SIZE = 5000

export function postgresCollection(connection: PostgresConnection, request: CollectionRequest): Collection {
  const spec = withKey(parseTableSpec(request.spec), request.key, request.keyWithin)
  const context = postgresContext(connection, spec, request)
  const sink = postgresSink(context)
  const collection: Collection = {
    capabilities: {
      deletes: spec.capture === 'triggers' ? 'pushed' : 'listed',
      maxBatch: MAX_BATCH,
      pageSize: PAGE_SIZE,
      guardedWrites: true,
      archive: spec.archive,
    },
    describe(signal) {
      context.forget()
      return forgettingWhenChanged(context, () =>
        connection.run(context.subject, signal, (query) => describeWhole(context, query)),
      )
    },
    check: (needs, signal) => checkCollection(context, needs, signal),
    feed: spec.capture === 'cursor' ? scanningFeed(context) : postgresFeed(context),
    sink,
    caller: postgresCaller(context, sink),
  }
  return spec.capture === 'triggers'
    ? { ...collection, prepare: (signal) => prepareCapture(context, signal) }
    : collection
}

async function describeWhole(context: PostgresContext, query: Query): Promise<Schema> {
  const { spec } = context
  const schema = describeTable(await context.table(query))
  const fields = new Map(schema.fields)
  for (const child of spec.children) {
    const clash = schema.fields.has(child.field)
    if (clash) {
      throw new SyncError(
        'config',
        `table ${schema.name} has a column ${child.field}, so its lines need another name`,
        {
          hint: 'Rename it under children: in the mapping.',
        },
      )
    }
    fields.set(child.field, describeChild(await readChild(query, spec, child, undefined)))
  }
  return { ...schema, fields }
}

function scanningFeed(context: PostgresContext): Feed {
  const source = postgresScanSource(context)
  return {
    ...postgresFeed(context),
    async read(request, signal) {
      const rows = await context.connection.run(context.subject, signal, (query) => context.rows(query))
      return scanPage(source, scanOptions(context.spec.overlapMs, isNumberCursor(rows)), request, signal)
    },
  }
}
