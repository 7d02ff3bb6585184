import type { Change } from '../../contract/change.ts'
import type { Feed, Listing, Page, ReadRequest } from '../../contract/feed.ts'
import { refuseAborted } from '../sql/refuse-aborted.ts'
import { type BrokenPlace, brokenAfterSeq, brokenAsChange } from './broken-places.ts'
import { type FilesContext, refuseUnknownFields } from './context.ts'
import { takeIn, takeInAll } from './intake.ts'
import { lookAt } from './look.ts'
import { putAway } from './put-away.ts'
import { lastNumber } from './store.ts'
import { recordsAfterId, recordsAfterSeq, type StoredRecord, stateOf } from './stored-records.ts'

const MOST_ROUNDS = 20

/**
 * The changes that files brought, in the order in which they were stored. Reading takes in what has arrived; what is read
 * stays in the store, so that any page may be read again.
 */
export function filesFeed(context: FilesContext): Feed {
  const { connection, definition } = context
  const { watch } = connection.folder
  const feed: Feed = {
    readsAhead: true,
    async read(request, signal) {
      refuseAborted(signal)
      let page = pageAfter(context, request)
      let isAll = false
      // Lines that say nothing new fill no page; after some of them the caller may stop, or go on.
      for (let round = 0; round < MOST_ROUNDS && !isAll && page.changes.length < request.limit; round++) {
        isAll = await takeIn(context, request.limit - page.changes.length, signal)
        page = pageAfter(context, request)
      }
      await putAway(context, signal)
      refuseUnknownFields(context)
      return { ...page, caughtUp: isAll && page.changes.length < request.limit }
    },
    async list(after, limit, signal) {
      refuseAborted(signal)
      if (after === null) await takeInAll(context, signal)
      return listPage(context, after, limit)
    },
    async look(ids, signal) {
      refuseAborted(signal)
      await takeInAll(context, signal)
      return lookAt(context, ids)
    },
  }
  if (watch === undefined) return feed
  return { ...feed, watch: (wake, signal) => watch(definition.in?.folder ?? '.', wake, signal) }
}

/** Of one store: another one has other numbers. */
interface Position {
  readonly store: string
  readonly seq: number
}

function pageAfter(context: FilesContext, { cursor, limit }: ReadRequest): Omit<Page, 'caughtUp'> {
  const { store } = context.connection
  const database = store.handle()
  const known = cursor === null ? null : (JSON.parse(cursor) as Position)
  const isOurs = known?.store === store.identity() && known.seq <= lastNumber(database, 'seq')
  const from = isOurs ? known.seq : 0
  const records = recordsAfterSeq(database, context.id(), from, limit)
  const broken = brokenAfterSeq(database, context.id(), from, limit)
  const told = [...records.map(withSeq), ...broken.map(withSeq)].sort((a, b) => a.seq - b.seq).slice(0, limit)
  const position: Position = { store: store.identity(), seq: told.at(-1)?.seq ?? from }
  return { changes: told.map(({ item }) => changeOf(context, item)), cursor: JSON.stringify(position) }
}

function withSeq<T extends { readonly seq: number }>(item: T): { readonly seq: number; readonly item: T } {
  return { seq: item.seq, item }
}

function changeOf({ definition, fields }: FilesContext, item: StoredRecord | BrokenPlace): Change {
  if ('place' in item) return brokenAsChange(item)
  if (item.cells === null) return { kind: 'gone', id: item.id, atMs: item.changedAtMs }
  return { kind: 'state', state: stateOf(definition, item, fields) }
}

function listPage(context: FilesContext, after: string | null, limit: number): Listing {
  const found = recordsAfterId(context.connection.store.handle(), context.id(), after ?? '', limit)
  const entries = found.map(({ id, seq }) => ({ id, version: String(seq) }))
  return { entries, after: entries.length < limit ? null : (entries.at(-1)?.id ?? null) }
}
