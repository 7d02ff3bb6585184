import type { Change, RecordId } from '../../contract/change.ts'
import type { Feed, Listing } from '../../contract/feed.ts'
import type { Session } from './call.ts'
import { perform } from './call.ts'
import { rowsAfter, type View } from './database.ts'
import type { Method } from './faults.ts'
import { readLog } from './feed-log.ts'
import { readWindow } from './feed-window.ts'
import type { Definition } from './options.ts'
import { recordState, versionOf } from './record-state.ts'

/** The feed of a collection; `view` finds its table anew at each call, because it may be dropped. */
export function createFeed(session: Session, name: string, definition: Definition, view: () => View): Feed {
  const { store } = session
  const call = (method: Method) => ({ method, collection: name, operations: [] })
  const feed: Feed = {
    readsAhead: true,
    read: (request, signal) =>
      perform(session, call('feed.read'), signal, () => {
        const read = definition.feed?.kind === 'window' ? readWindow : readLog
        return read(view(), request, store.nowMs())
      }),
    look: (ids, signal) => perform(session, call('look'), signal, () => lookAt(view(), ids, store.nowMs())),
    watch: (wake, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve()
        const stop = store.onWrite((write) => {
          if (write.collection === name && !write.isSilent) queueMicrotask(wake)
        })
        signal.addEventListener('abort', () => resolve(void stop()), { once: true })
      }),
  }
  if (!definition.canList) return feed
  return {
    ...feed,
    list: (after, limit, signal) =>
      perform(session, call('list'), signal, (fault): Listing => {
        if (fault.answers === 'empty') return { entries: [], after: null }
        const { table, isMember } = view()
        const rows = rowsAfter(table, after, limit + 1, isMember)
        const isHalf = fault.answers === 'half'
        const told = rows.slice(0, isHalf ? Math.floor(Math.min(rows.length, limit) / 2) : limit)
        const nowMs = store.nowMs()
        const entries = told.map((row) => ({ id: row.id, version: versionOf(table, row, nowMs) }))
        const isLast = isHalf || rows.length <= limit
        return { entries, after: isLast ? null : (told.at(-1)?.id ?? null) }
      }),
  }
}

function lookAt({ table, isMember, fields }: View, ids: readonly RecordId[], nowMs: number): readonly Change[] {
  return ids.flatMap((id): Change[] => {
    const row = table.rows.get(id)
    if (row === undefined) return [{ kind: 'gone', id, atMs: null }]
    return isMember(row) ? [{ kind: 'state', state: recordState(table, row, fields, nowMs) }] : []
  })
}
