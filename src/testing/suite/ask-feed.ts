import { expect } from 'vitest'
import type { Change, RecordId, RecordState } from '../../contract/change.ts'
import type { Cursor, Feed } from '../../contract/feed.ts'
import { type Bench, signal } from './bench.ts'

const MAX_PAGES = 500

interface Drained {
  readonly changes: readonly Change[]
  readonly cursor: Cursor
}

/** Reads until the feed has caught up. */
export async function drain(
  feed: Feed,
  cursor: Cursor | null,
  limit = 100,
  depth: (page: number) => 'tail' | 'deep' = () => 'tail',
): Promise<Drained> {
  const changes: Change[] = []
  let at = cursor
  for (let pages = 1; pages <= MAX_PAGES; pages++) {
    const page = await feed.read({ cursor: at, limit, depth: depth(pages), nowMs: performance.now() }, signal)
    expect(page.changes.length, 'changes in a page').toBeLessThanOrEqual(limit)
    changes.push(...page.changes)
    at = page.cursor
    if (page.caughtUp) return { changes, cursor: at }
  }
  throw new Error(`The feed did not catch up in ${MAX_PAGES} pages.`)
}

/** Reads until caught up, and once more: a scan need not go back to what changed behind it, the next one must. */
export async function drainTwice(feed: Feed, cursor: Cursor | null, limit = 100): Promise<Drained> {
  const first = await drain(feed, cursor, limit)
  const second = await drain(feed, first.cursor, limit)
  return { changes: [...first.changes, ...second.changes], cursor: second.cursor }
}

function idOf(change: Change): RecordId {
  return change.kind === 'state' ? change.state.id : change.id
}

export function idsOf(changes: readonly Change[]): RecordId[] {
  return changes.map(idOf)
}

/** What `changes` tell last about each record, hints followed by a read; null: gone. */
export async function lookAt(bench: Bench, changes: readonly Change[]): Promise<Map<RecordId, RecordState | null>> {
  const last = new Map(changes.map((change) => [idOf(change), change]))
  const hints = [...last.values()].filter((change) => change.kind === 'hint').map(idOf)
  const read = hints.length === 0 ? new Map<RecordId, RecordState>() : await bench.sink.read(hints, signal)
  return new Map([...last].map(([id, change]) => [id, change.kind === 'state' ? change.state : (read.get(id) ?? null)]))
}

export async function listAll(bench: Bench, limit: number, between: () => unknown = () => null) {
  const { feed } = bench
  if (feed.list === undefined) return bench.skip('the system cannot list its records')
  const entries: { id: RecordId; version: string | null }[] = []
  let after: string | null = null
  for (let pages = 1; pages <= MAX_PAGES; pages++) {
    const listing = await feed.list(after, limit, signal)
    expect(listing.entries.length, 'entries in a page').toBeLessThanOrEqual(limit)
    entries.push(...listing.entries)
    after = listing.after
    if (after === null) return entries
    await between()
  }
  throw new Error(`The listing did not end in ${MAX_PAGES} pages.`)
}
