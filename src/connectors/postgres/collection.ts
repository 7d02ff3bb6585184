import type { Collection, CollectionRequest, Schema } from '../../contract/connector.ts'
import type { Feed } from '../../contract/feed.ts'
import { linesField, withLinesFields } from '../sql/lines-field.ts'
import { isNumberCursor, scanOptions, scanPage } from '../sql/scan-feed.ts'
import { parseTableSpec, withKey } from '../sql/spec.ts'
import { postgresCaller } from './caller.ts'
import { checkCollection } from './check.ts'
import { type PostgresChild, readChild } from './children.ts'
import { postgresFeed } from './feed.ts'
import type { PostgresConnection, Query } from './pool.ts'
import { forgettingWhenChanged, type PostgresContext, postgresContext } from './rows.ts'
import { postgresScanSource } from './scan.ts'
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
  const children: PostgresChild[] = []
  for (const child of context.spec.children) children.push(await readChild(query, context.spec, child, undefined))
  const lines = children.map(({ field, table, parent }) => linesField(field, table, parent.field.name))
  return withLinesFields(describeTable(await context.table(query)), lines)
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
