import type { Collection, CollectionRequest, Schema } from '../../contract/connector.ts'
import type { Feed } from '../../contract/feed.ts'
import { linesField, withLinesFields } from '../sql/lines-field.ts'
import { isNumberCursor, scanOptions, scanPage } from '../sql/scan-feed.ts'
import { parseTableSpec, withKey } from '../sql/spec.ts'
import { checkCollection } from './check.ts'
import { readChild } from './children.ts'
import { mysqlFeed } from './feed.ts'
import type { MysqlConnection, Query } from './pool.ts'
import { forgettingWhenChanged, type MysqlContext, mysqlContext } from './rows.ts'
import { mysqlScanSource } from './scan.ts'
import { describeTable } from './schema.ts'
import { mysqlSink } from './sink.ts'
import { prepareCapture } from './triggers.ts'

/** Larger batches are hardly faster, and hold their locks longer. */
const MAX_BATCH = 1000
const PAGE_SIZE = 2000

export function mysqlCollection(connection: MysqlConnection, request: CollectionRequest): Collection {
  const spec = withKey(parseTableSpec(request.spec), request.key, request.keyWithin)
  const context = mysqlContext(connection, spec, request)
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
      return connection.run(context.subject, signal, (query) => describeWhole(context, query))
    },
    check: (needs, signal) => checkCollection(context, needs, signal),
    feed: spec.capture === 'cursor' ? scanningFeed(context) : mysqlFeed(context),
    sink: mysqlSink(context),
  }
  return spec.capture === 'triggers'
    ? { ...collection, prepare: (signal) => prepareCapture(context, signal) }
    : collection
}

async function describeWhole(context: MysqlContext, query: Query): Promise<Schema> {
  const table = await context.table(query)
  const lines = []
  for (const child of context.spec.children) {
    const own = await readChild(query, context.connection, table, child, undefined)
    lines.push(linesField(own.field, own.table, own.parent.field.name))
  }
  return withLinesFields(describeTable(table), lines)
}

function scanningFeed(context: MysqlContext): Feed {
  const source = mysqlScanSource(context)
  return {
    ...mysqlFeed(context),
    read: (request, signal) =>
      forgettingWhenChanged(context, async () => {
        const rows = await context.connection.run(context.subject, signal, (query) => context.rows(query))
        return scanPage(source, scanOptions(context.spec.overlapMs, isNumberCursor(rows)), request, signal)
      }),
  }
}
