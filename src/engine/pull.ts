import type { Change, RecordState } from '../contract/change.ts'
import { isSameVersion } from '../contract/change.ts'
import { SyncError } from '../contract/error.ts'
import type { Page } from '../contract/feed.ts'
import type { NewChange } from '../ledger/ledger.ts'
import type { Side } from '../mapping/mapping.ts'
import { capture, type Known } from './capture.ts'
import type { Context } from './context.ts'

/** How many pages may lie staged and undecided before reading waits: it bounds memory and the ledger's size. */
const MAX_STAGED_PAGES = 3

export interface PullOptions {
  readonly depth: 'tail' | 'deep'
  /** Told after every stored page. */
  readonly onStaged: (changes: number) => void
  /** Resolves when there is room for another page. */
  readonly room: (limit: number) => Promise<void>
}

/**
 * Reads a side's feed until it has caught up. Each page is captured and stored together with the cursor that moved past
 * it; the next page is fetched meanwhile.
 */
export async function pull(context: Context, side: Side, options: PullOptions, signal: AbortSignal): Promise<void> {
  const { collection } = context.sides[side]
  const { feed } = collection
  if (!feed) return
  const pageSize = context.mapping.pageSize ?? collection.capabilities.pageSize
  const read = (cursor: string | null): Promise<Page> =>
    feed.read({ cursor, limit: pageSize, depth: options.depth, nowMs: context.clock.monotonicMs() }, signal)

  let next = read(await context.ledger.cursor(context.mapping.name, side))
  for (;;) {
    const page = await next
    signal.throwIfAborted()
    context.crashPoint('page-read')
    await stagePage(context, side, page, signal)
    context.crashPoint('page-staged')
    options.onStaged(page.changes.length)
    if (page.caughtUp) return
    await options.room(pageSize * MAX_STAGED_PAGES)
    next = read(page.cursor)
  }
}

/** Captures a page: reads what it only hints at, drops what is known, and stores the rest with the cursor. */
async function stagePage(context: Context, side: Side, page: Page, signal: AbortSignal): Promise<void> {
  const { mapping, ledger, clock } = context
  const ids = [...new Set(page.changes.map((change) => (change.kind === 'state' ? change.state.id : change.id)))]
  const known = ids.length > 0 ? await ledger.known(mapping.name, side, ids) : new Map<string, Known>()
  const gone: NewChange[] = page.changes.flatMap((change) =>
    change.kind === 'gone' ? goneChange(side, change, known) : [],
  )
  const states = await statesOf(context, side, page.changes, known, signal)
  const captured = capture(mapping, side, states, known)
  await ledger.stage(mapping.name, {
    side,
    cursor: page.cursor,
    changes: [...captured.changes, ...gone],
    touched: captured.touched,
    unchanged: captured.unchanged,
    nowMs: clock.nowMs(),
  })
}

/** The states in a page, and those that its hints lead to. Hints at versions that are known lead nowhere. */
async function statesOf(
  context: Context,
  side: Side,
  changes: readonly Change[],
  known: ReadonlyMap<string, Known>,
  signal: AbortSignal,
): Promise<readonly RecordState[]> {
  const states: RecordState[] = []
  const hinted: string[] = []
  for (const change of changes) {
    if (change.kind === 'state') states.push(change.state)
    else if (change.kind === 'hint' && !isKnownVersion(known.get(change.id), side, change.version))
      hinted.push(change.id)
  }
  if (hinted.length === 0) return states
  return [...states, ...(await readRecords(context, side, hinted, signal)).values()]
}

export async function readRecords(
  context: Context,
  side: Side,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RecordState>> {
  const { collection, schema } = context.sides[side]
  if (!collection.sink) throw new SyncError('config', `${schema.name} cannot be read by id.`)
  return collection.sink.read(ids, signal)
}

function isKnownVersion(known: Known | undefined, side: Side, version: string | null): boolean {
  if (!known) return false
  if (known.change) return isSameVersion(known.change.version, version)
  return known.link !== null && isSameVersion(known.link.version[side], version)
}

/** A delete that is told of a record which was never linked and is not waiting to be is nothing to us. */
function goneChange(
  side: Side,
  change: Extract<Change, { kind: 'gone' }>,
  known: ReadonlyMap<string, Known>,
): readonly NewChange[] {
  const { link = null, change: stored = null } = known.get(change.id) ?? {}
  const isKnown = stored !== null ? stored.kind === 'state' : link !== null && link.state !== `${side}-gone`
  if (!isKnown) return []
  const { id, atMs } = change
  return [{ side, id, kind: 'gone', version: null, changedAtMs: atMs, byUs: null, fields: {} }]
}
