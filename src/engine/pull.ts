import type { Change, RecordId, RecordState } from '../contract/change.ts'
import { isSameVersion } from '../contract/change.ts'
import { SyncError } from '../contract/error.ts'
import type { Page } from '../contract/feed.ts'
import type { NewChange } from '../ledger/change.ts'
import type { Side } from '../mapping/mapping.ts'
import { brokenChange, tellOfBroken } from './broken.ts'
import { capture, type Known } from './capture.ts'
import type { Context } from './context.ts'
import type { RunMemory } from './run-memory.ts'
import { isNewPage, type NewPage } from './work-page.ts'
import type { Mark } from './write-log.ts'

/** How many pages may lie staged and undecided before reading waits: it bounds memory and the ledger's size. */
const MAX_STAGED_PAGES = 3

export interface PullOptions {
  readonly depth: 'tail' | 'deep'
  /** Whether pages of new records may be handed over instead of staged. */
  readonly isDirect: boolean
  readonly memory: RunMemory
  /** Told after every stored page. */
  readonly onStaged: (changes: number) => void
  /** Resolves when there is room for another page. */
  readonly room: (limit: number) => Promise<void>
  /** Hands a page over to the worker. True: it is settled, and its cursor with it. False: nothing was done. */
  readonly direct: (page: NewPage) => Promise<boolean>
}

/** A page with the moment at which its reading began. */
interface DatedPage {
  readonly page: Page
  readonly since: Mark
}

/** A page that was handed over, with its cursor, and may not be settled yet. */
interface HandedPage {
  readonly ids: ReadonlySet<RecordId>
  readonly settled: Promise<boolean>
}

/**
 * Reads a side's feed until it has caught up. Each page is captured and stored together with the cursor that moved past
 * it; the next page is fetched meanwhile.
 */
export async function pull(context: Context, side: Side, options: PullOptions, signal: AbortSignal): Promise<void> {
  const { collection } = context.sides[side]
  const { feed } = collection
  if (!feed) return
  const { writes, isStopping } = options.memory
  const pageSize = context.mapping.pageSize ?? collection.capabilities.pageSize
  const read = async (cursor: string | null): Promise<DatedPage> => {
    const since = writes.mark()
    const nowMs = context.clock.monotonicMs()
    return { page: await feed.read({ cursor, limit: pageSize, depth: options.depth, nowMs }, signal), since }
  }

  let next = read(await context.ledger.cursor(context.mapping.name, side))
  let handed: HandedPage | null = null
  for (;;) {
    const { page, since } = await next
    signal.throwIfAborted()
    context.crashPoint('page-read')
    const ahead = feed.readsAhead === true && !page.caughtUp ? read(page.cursor) : null
    // Awaited further down; until then a failure must not count as unhandled.
    ahead?.catch(() => {})
    const stored = await stagePage(context, side, { page, since }, handed, options, signal)
    since.forget()
    // One page may be on its way while the next one is read: more would only lie in memory.
    if (stored === 'left' || !(await isSettled(context, handed))) return
    handed = stored === 'staged' ? null : stored
    if (stored === 'staged') {
      context.crashPoint('page-staged')
      options.onStaged(page.changes.length)
    }
    if (feed.readsAhead !== true) {
      if (!(await isSettled(context, handed))) return
      handed = null
    }
    if (page.caughtUp || isStopping()) break
    await options.room(pageSize * MAX_STAGED_PAGES)
    next = ahead ?? read(page.cursor)
  }
  await isSettled(context, handed)
}

/** False: nobody was there to take it. */
async function isSettled(context: Context, handed: HandedPage | null): Promise<boolean> {
  if (handed === null) return true
  if (!(await handed.settled)) return false
  context.crashPoint('page-staged')
  return true
}

/**
 * Captures a page: reads what it only hints at, drops what is known, and stores the rest with the cursor, or hands it
 * over. The page `before` is settled first unless both are new and have no record in common. `left`: nobody was there to
 * take that one, and the cursor stays.
 */
async function stagePage(
  context: Context,
  side: Side,
  { page, since }: DatedPage,
  before: HandedPage | null,
  options: PullOptions,
  signal: AbortSignal,
): Promise<'staged' | 'left' | HandedPage> {
  const { mapping, ledger } = context
  const { writes } = options.memory
  const states = new Map<RecordId, RecordState>()
  for (const change of page.changes) if (change.kind === 'state') states.set(change.state.id, change.state)
  let stale = await unknownHints(context, side, page.changes)
  let mark = since
  let open = before
  for (;;) {
    stale = [...new Set([...stale, ...writes.writtenSince(mark, side, [...states.keys()])])]
    if (stale.length > 0) {
      // Read anew: not read yet, or read before a write of ours was settled.
      await writes.settled(side, stale)
      const again = writes.mark()
      const fresh = await readRecords(context, side, stale, signal)
      for (const id of stale) {
        const state = fresh.get(id)
        if (state) states.set(id, state)
        else states.delete(id)
      }
      if (mark !== since) mark.forget()
      mark = again
    }
    const ids = [...states.keys(), ...page.changes.flatMap(idOfNoState)]
    const isOnlyStates = page.changes.every((change) => change.kind === 'state')
    if (open && (!isOnlyStates || ids.some((id) => open?.ids.has(id)))) {
      if (!(await open.settled)) return 'left'
      open = null
    }
    const known = ids.length > 0 ? await ledger.known(mapping.name, side, ids) : new Map<RecordId, Known>()
    // From here to the storing nothing may come between.
    stale = [...writes.writtenSince(mark, side, [...states.keys()])]
    if (stale.length === 0) {
      const isNew = isOnlyStates && isNewPage(context, side, [...states.values()], known)
      if (open && !isNew) {
        if (!(await open.settled)) return 'left'
        open = null
        continue
      }
      if (mark !== since) mark.forget()
      options.memory.lostMemory?.look(context, side, [...states.values()], known)
      if (options.isDirect && isNew) {
        const settled = options.direct({ side, states: [...states.values()], cursor: page.cursor })
        return { ids: new Set(states.keys()), settled }
      }
      await writes.staging(() => store(context, side, page, [...states.values()], known))
      return 'staged'
    }
  }
}

/** The id of what is told without a state that is captured. */
function idOfNoState(change: Change): readonly RecordId[] {
  return change.kind === 'gone' || change.kind === 'broken' ? [change.id] : []
}

async function store(
  context: Context,
  side: Side,
  page: Page,
  states: readonly RecordState[],
  known: ReadonlyMap<RecordId, Known>,
): Promise<void> {
  const { mapping, ledger, clock } = context
  const gone = page.changes.flatMap((change) => (change.kind === 'gone' ? goneChange(side, change, known) : []))
  const broken = page.changes.flatMap((change) => (change.kind === 'broken' ? brokenChange(side, change, known) : []))
  const captured = capture(mapping, side, states, known)
  await ledger.stage(mapping.name, {
    side,
    cursor: page.cursor,
    changes: [...captured.changes, ...gone, ...broken],
    touched: captured.touched,
    unchanged: captured.unchanged,
    nowMs: clock.nowMs(),
  })
  await tellOfBroken(context, side, broken)
}

/** The records that a page only hints at, without those that are known at that very version. */
async function unknownHints(context: Context, side: Side, changes: readonly Change[]): Promise<readonly RecordId[]> {
  const hints = changes.filter((change) => change.kind === 'hint')
  if (hints.length === 0) return []
  const known = await context.ledger.known(
    context.mapping.name,
    side,
    hints.map(({ id }) => id),
  )
  return hints.filter(({ id, version }) => !isKnownVersion(known.get(id), side, version)).map(({ id }) => id)
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
export function goneChange(
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
