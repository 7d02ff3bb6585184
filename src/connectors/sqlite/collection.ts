import type { Collection, CollectionRequest, Schema } from '../../contract/connector.ts'
import type { Feed } from '../../contract/feed.ts'
import { linesField, withLinesFields } from '../sql/lines-field.ts'
import { isNumberCursor, scanOptions, scanPage } from '../sql/scan-feed.ts'
import { parseTableSpec, type TableSpec, withKey } from '../sql/spec.ts'
import { checkCollection } from './check.ts'
import { openChild } from './children.ts'
import type { SqliteConnection } from './database.ts'
import { sqliteFeed } from './feed.ts'
import { type SqliteContext, sqliteContext } from './rows.ts'
import { sqliteScanSource } from './scan.ts'
import { describeTable, readTable } from './schema.ts'
import { sqliteSink } from './sink.ts'
import { prepareCapture } from './triggers.ts'

/** Small enough that a batch holds up the rest of the daemon for some tens of milliseconds at most. */
const MAX_BATCH = 1000
const PAGE_SIZE = 2000

export function sqliteCollection(connection: SqliteConnection, request: CollectionRequest): Collection {
  const spec = withKey(parseTableSpec(request.spec), request.key, request.keyWithin)
  const context = sqliteContext(connection, spec, request.fields, request.consumer, request.lines)
  const collection: Collection = {
    capabilities: {
      deletes: spec.capture === 'triggers' ? 'pushed' : 'listed',
      maxBatch: MAX_BATCH,
      pageSize: PAGE_SIZE,
      guardedWrites: true,
      archive: spec.archive,
    },
    describe: async () => describeWhole(connection, spec),
    check: async (needs) => checkCollection(context, needs),
    feed: spec.capture === 'cursor' ? scanningFeed(context) : sqliteFeed(context),
    sink: sqliteSink(context),
  }
  return spec.capture === 'triggers' ? { ...collection, prepare: async () => prepareCapture(context) } : collection
}

function describeWhole(connection: SqliteConnection, spec: TableSpec): Schema {
  const database = connection.handle()
  const lines = spec.children.map((child) => {
    const { field, table, parent } = openChild(database, spec, child, undefined)
    return linesField(field, table, parent.field.name)
  })
  return withLinesFields(describeTable(readTable(database, spec)), lines)
}

function scanningFeed(context: SqliteContext): Feed {
  const source = sqliteScanSource(context)
  return {
    ...sqliteFeed(context),
    read: async (request, signal) =>
      scanPage(source, scanOptions(context.spec.overlapMs, isNumberCursor(context.rows())), request, signal),
  }
}
